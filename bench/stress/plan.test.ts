import { describe, expect, it } from 'vitest';
import { BodyCheck, bodyPart, drawPlan, endings, pattern, planOf, planPath } from './plan.ts';

describe('a plan', () => {
  it('arrives as it was drawn, and every ending is drawn', () => {
    const plans = Array.from({ length: 2000 }, () => drawPlan(Math.random, 0.5));
    for (const plan of plans) expect(planOf(planPath(plan))).toEqual(plan);
    expect(new Set(plans.map(({ ending }) => ending))).toEqual(new Set(endings));
    expect(plans.some(({ ending, responseBytes }) => ending === 'upstream-in-response' && responseBytes === 0)).toBe(
      false,
    );
    expect(drawPlan(Math.random, 0).ending).toBe('whole');
  });
});

describe('BodyCheck', () => {
  const length = pattern.length * 2 + 7;
  const body = bodyPart(99, 0, length);
  const checked = (bytes: Buffer, cuts: readonly number[]) => {
    const check = new BodyCheck(99);
    let from = 0;
    for (const cut of [...cuts, bytes.length]) {
      check.take(bytes.subarray(from, cut));
      from = cut;
    }
    return check;
  };

  it('knows a body in any pieces', () => {
    expect(checked(body, [1, 2, 70_000])).toMatchObject({ isRight: true, bytes: length });
  });

  it('notices a byte that is lost, doubled or changed', () => {
    expect(checked(Buffer.concat([body.subarray(0, 500), body.subarray(501)]), []).isRight).toBe(false);
    expect(checked(Buffer.concat([body.subarray(0, 500), body.subarray(499)]), [70_000]).isRight).toBe(false);
    const changed = Buffer.from(body);
    changed[length - 1] = (changed[length - 1] ?? 0) ^ 1;
    expect(checked(changed, []).isRight).toBe(false);
  });
});

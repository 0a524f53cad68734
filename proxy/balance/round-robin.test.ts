import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { candidatesOf, describeBalancer, seededRandom } from './balancer.contract.ts';
import { buildRoundRobin } from './round-robin.ts';

describeBalancer('round robin', buildRoundRobin);

describe('buildRoundRobin', () => {
  it('takes equal candidates in turn, beginning where the random number says', () => {
    const picker = buildRoundRobin(candidatesOf([2, 2, 2]), () => 0.5);
    expect(Array.from({ length: 5 }, () => picker.pick(null, null)?.name)).toEqual(['1', '2', '0', '1', '2']);
  });

  it('goes on with the next one when the turn is at the excluded one', () => {
    const candidates = candidatesOf([1, 1, 1]);
    const picker = buildRoundRobin(candidates, () => 0);
    expect(picker.pick(candidates[0] ?? null, null)?.name).toBe('1');
    expect(picker.pick(null, null)?.name).toBe('2');
  });

  it('gives unequal candidates exactly their share of every full cycle, wherever it begins', () => {
    const weights = fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 2, maxLength: 6 });
    fc.assert(
      fc.property(weights, fc.integer(), fc.nat({ max: 50 }), (values, seed, offset) => {
        const picker = buildRoundRobin(candidatesOf(values), seededRandom(seed));
        for (let i = 0; i < offset; i++) picker.pick(null, null);
        const cycle = values.reduce((sum, weight) => sum + weight, 0);
        const picks = values.map(() => 0);
        for (let i = 0; i < cycle; i++) {
          const index = Number(picker.pick(null, null)?.name);
          picks[index] = (picks[index] ?? 0) + 1;
        }
        expect(picks).toEqual(values);
      }),
    );
  });

  it('gives one that starts slowly its share of its weight', () => {
    const candidates = candidatesOf([2, 2]);
    Object.assign(candidates[1] as object, { warmth: 0.25 });
    const picker = buildRoundRobin(candidates, seededRandom(4));
    const names = Array.from({ length: 50 }, () => picker.pick(null, null)?.name);
    expect(names.filter((name) => name === '1')).toHaveLength(10);
  });

  it('gives many unequal candidates their share of a cycle, within one turn', () => {
    const values = Array.from({ length: 200 }, (_, index) => 1 + (index % 7));
    const picker = buildRoundRobin(candidatesOf(values), seededRandom(4));
    const cycle = values.reduce((sum, weight) => sum + weight, 0);
    const picks = values.map(() => 0);
    for (let i = 0; i < 10 * cycle; i++) {
      const index = Number(picker.pick(null, null)?.name);
      picks[index] = (picks[index] ?? 0) + 1;
    }
    for (const [index, count] of picks.entries()) {
      expect(Math.abs(count - 10 * (values[index] as number))).toBeLessThanOrEqual(1);
    }
  });
});

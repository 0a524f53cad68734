import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { seededRandom } from './balancer.contract.ts';
import { SmoothWeights } from './smooth-weights.ts';

function take(weights: SmoothWeights, count: number): number[] {
  return Array.from({ length: count }, () => weights.next(-1));
}

describe('SmoothWeights', () => {
  it('spreads the heavy entry over the cycle', () => {
    expect(take(new SmoothWeights([5, 1, 1], () => 0), 7)).toEqual([0, 0, 1, 0, 2, 0, 0]);
  });

  it('begins at a random point of the same cycle', () => {
    const cycle = take(new SmoothWeights([5, 1, 1], () => 0), 14);
    for (let step = 0; step < 7; step++) {
      const started = new SmoothWeights([5, 1, 1], () => (step + 0.5) / 7);
      expect(take(started, 7)).toEqual(cycle.slice(step, step + 7));
    }
  });

  it('reduces weights, so that 90 and 10 are exact in every ten choices', () => {
    const weights = new SmoothWeights([90, 10], seededRandom(5));
    for (let i = 0; i < 20; i++) expect(take(weights, 10).filter((index) => index === 1)).toHaveLength(1);
  });

  it('never chooses an entry of weight 0', () => {
    expect(new Set(take(new SmoothWeights([0, 3, 0, 1], () => 0.3), 40))).toEqual(new Set([1, 3]));
  });

  it('has nothing to choose when every weight is 0, there is none, or the only one is skipped', () => {
    expect(new SmoothWeights([0, 0], () => 0).next(-1)).toBe(-1);
    expect(new SmoothWeights([], () => 0).next(-1)).toBe(-1);
    expect(new SmoothWeights([4], () => 0).next(0)).toBe(-1);
  });

  it('never lets an entry get a whole choice ahead of its share, and is exact after a cycle', () => {
    const weights = fc.array(fc.integer({ min: 1, max: 50 }), { minLength: 1, maxLength: 8 });
    fc.assert(
      fc.property(weights, (values) => {
        const smooth = new SmoothWeights(values, () => 0);
        const total = values.reduce((sum, weight) => sum + weight, 0);
        const picks = values.map(() => 0);
        for (let turn = 1; turn <= total; turn++) {
          const index = smooth.next(-1);
          picks[index] = (picks[index] ?? 0) + 1;
          expect((picks[index] ?? 0) - ((values[index] ?? 0) * turn) / total).toBeLessThan(1);
        }
        expect(picks).toEqual(values);
      }),
    );
  });

  it('keeps the others at their proportion while one is skipped, and owes the skipped one nothing', () => {
    const smooth = new SmoothWeights([10, 2, 1], () => 0);
    const skipped = Array.from({ length: 300 }, () => smooth.next(0));
    expect(skipped.filter((index) => index === 1)).toHaveLength(200);
    const after = take(smooth, 13);
    expect(after.filter((index) => index === 0)).toHaveLength(10);
  });

  it('starts in bounded time however long the cycle is', () => {
    const weights = Array.from({ length: 16 }, (_, index) => 1_000_000 - index);
    expect(() => take(new SmoothWeights(weights, () => 0.999), 3)).not.toThrow();
  });
});

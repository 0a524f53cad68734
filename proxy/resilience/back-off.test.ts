import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { backOffMs, defaultBackOffBaseMs } from './back-off.ts';

describe('backOffMs', () => {
  it.each([
    [1, 25],
    [2, 75],
    [3, 175],
    [4, 250],
    [5, 250],
    [2000, 250],
  ])('waits at most, before retry %i, %i ms', (retry, bound) => {
    expect(backOffMs(retry, defaultBackOffBaseMs, 10 * defaultBackOffBaseMs, () => 0)).toBe(0);
    const longest = backOffMs(retry, defaultBackOffBaseMs, 10 * defaultBackOffBaseMs, () => 1 - Number.EPSILON);
    expect(longest).toBeLessThan(bound);
    expect(longest).toBeCloseTo(bound);
  });

  it('is never negative and stays under its cap', () => {
    const unit = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 5000 }),
        fc.nat(10_000),
        fc.nat(100_000),
        unit,
        (retry, base, max, point) => {
          const wait = backOffMs(retry, base, max, () => point);
          expect(wait).toBeGreaterThanOrEqual(0);
          expect(wait).toBeLessThanOrEqual(max);
        },
      ),
    );
  });
});

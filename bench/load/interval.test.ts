import { describe, expect, it } from 'vitest';
import { pairedInterval } from './interval.ts';

describe('pairedInterval', () => {
  it('gives the ratio and the interval of Student, worked out by hand', () => {
    // Ratios e^0.1, e^0.2, e^0.3: mean 0.2, standard deviation 0.1, t(2) = 4.303, half = 4.303 × 0.1 / √3.
    const ours = [0.1, 0.2, 0.3].map(Math.exp);
    const found = pairedInterval([ours], [[1, 1, 1]]);
    expect(found?.ratio).toBeCloseTo(Math.exp(0.2), 10);
    expect(found?.low).toBeCloseTo(Math.exp(0.2 - 0.24843), 4);
    expect(found?.high).toBeCloseTo(Math.exp(0.2 + 0.24843), 4);
    expect(found).toMatchObject({ pairs: 3, starts: 1 });
  });

  it('does not see noise that met both of each pair', () => {
    const noise = [1, 5, 2, 9, 3, 1, 7, 2, 4];
    const found = pairedInterval([noise.map((value) => value * 1.03)], [noise]);
    expect(found?.low).toBeCloseTo(1.03, 9);
    expect(found?.high).toBeCloseTo(1.03, 9);
  });

  it('becomes narrower with more pairs', () => {
    const width = (pairs: number) => {
      const ours = Array.from({ length: pairs }, (_, index) => (index % 2 === 0 ? 1 : 1.1));
      const found = pairedInterval([ours], [Array(pairs).fill(1)]);
      return (found?.high ?? 0) - (found?.low ?? 0);
    };
    expect(width(9)).toBeLessThan(width(5));
    expect(width(60)).toBeLessThan(width(30));
  });

  it('leaves out pairs without a value, and says nothing about fewer than three', () => {
    expect(pairedInterval([[1, Number.NaN, 1, 1]], [[1, 1, 1, 0]])).toBeNull();
    expect(pairedInterval([[2, Number.NaN, 2, 2]], [[1, 1, 1, 1]])?.pairs).toBe(3);
    expect(pairedInterval([[2, 2, 2, 2]], [[1, 1, 1]])?.pairs).toBe(3);
    expect(pairedInterval([], [])).toBeNull();
  });

  it('has one mean for each start from three on, worked out by hand', () => {
    // Means 0.1, 0.2 and 0.3 again, each of pairs that lie far apart or are not as many as the others.
    const logs = [[0, 0.2], [0.2], [0.1, 0.3, 0.5]];
    const found = pairedInterval(
      logs.map((start) => start.map(Math.exp)),
      logs.map((start) => start.map(() => 1)),
    );
    expect(found?.ratio).toBeCloseTo(Math.exp(0.2), 10);
    expect(found?.low).toBeCloseTo(Math.exp(0.2 - 0.24843), 4);
    expect(found?.high).toBeCloseTo(Math.exp(0.2 + 0.24843), 4);
    expect(found).toMatchObject({ pairs: 6, starts: 3 });
  });

  it('does not become narrower by more rounds of processes that differ', () => {
    const width = (rounds: number) => {
      const found = pairedInterval(
        [1, 1.02, 1.04].map((value) => Array(rounds).fill(value)),
        Array(3).fill(Array(rounds).fill(1)),
      );
      return (found?.high ?? 0) - (found?.low ?? 0);
    };
    expect(width(100)).toBeCloseTo(width(3), 12);
  });

  it('goes by the pairs of one start or two', () => {
    const [ours, theirs] = [
      [1.1, 1.2, 1.3],
      [1, 1, 1],
    ];
    const one = pairedInterval([[...ours, ...ours]], [[...theirs, ...theirs]]);
    expect(pairedInterval([ours, ours], [theirs, theirs])).toEqual({ ...one, starts: 2 });
  });

  it('counts no start without a pair', () => {
    const found = pairedInterval([[2, 2], [Number.NaN], [2]], [[1, 1], [1], [1]]);
    expect(found).toMatchObject({ pairs: 3, starts: 2 });
  });
});

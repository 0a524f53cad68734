import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { priorityLoad } from './priority-load.ts';

const level = (endpoints: number, healthy: number, degraded = 0) => ({ endpoints, healthy, degraded });
const healthyLoad = (levels: ReturnType<typeof level>[], threshold = 50) =>
  priorityLoad(levels, threshold).map(({ healthy }) => healthy);

describe('priorityLoad', () => {
  // Envoy's documentation, "Priority levels": healthy endpoints of each level in percent, and the requests it gets
  it.each<[healthy: number[], load: number[]]>([
    [
      [100, 100],
      [100, 0],
    ],
    [
      [72, 100],
      [100, 0],
    ],
    [
      [71, 100],
      [99, 1],
    ],
    [
      [50, 100],
      [70, 30],
    ],
    [
      [25, 100],
      [35, 65],
    ],
    [
      [0, 100],
      [0, 100],
    ],
    [
      [25, 25],
      [50, 50],
    ],
    [
      [5, 0],
      [100, 0],
    ],
  ])('with %j healthy gives %j, as Envoy does', (healthy, load) => {
    expect(
      healthyLoad(
        healthy.map((percent) => level(100, percent)),
        0,
      ),
    ).toEqual(load);
  });

  it('never panics where the levels together are healthy enough', () => {
    expect(priorityLoad([level(100, 30), level(100, 60)], 50).map(({ isPanicking }) => isPanicking)).toEqual([
      false,
      false,
    ]);
  });

  it('panics at the level that is below the threshold, when the levels together are not healthy enough', () => {
    // Envoy's documentation, "Panic threshold": 5 and 60 percent
    expect(priorityLoad([level(100, 5), level(100, 60)], 61).map(({ isPanicking }) => isPanicking)).toEqual([
      true,
      true,
    ]);
    expect(priorityLoad([level(100, 5), level(100, 60)], 50).map(({ isPanicking }) => isPanicking)).toEqual([
      true,
      false,
    ]);
  });

  it('divides by the number of endpoints when all levels panic', () => {
    expect(healthyLoad([level(30, 0), level(10, 0)])).toEqual([75, 25]);
  });

  it('always adds up to 100', () => {
    const levels = fc.array(
      fc
        .tuple(fc.nat(50), fc.nat(50), fc.nat(50))
        .map(([ill, healthy, degraded]) => level(ill + healthy + degraded, healthy, degraded)),
      { minLength: 1, maxLength: 6 },
    );
    fc.assert(
      fc.property(levels, fc.nat(100), (drawn, threshold) => {
        fc.pre(drawn.some(({ endpoints }) => endpoints > 0));
        const load = priorityLoad(drawn, threshold);
        expect(load.reduce((sum, { healthy, degraded }) => sum + healthy + degraded, 0)).toBe(100);
        for (const { healthy, degraded } of load) expect(Math.min(healthy, degraded)).toBeGreaterThanOrEqual(0);
      }),
    );
  });
});

import { describe, expect, it } from 'vitest';
import type { Pickable } from './healthy-set.ts';
import { choosePickable } from './healthy-set.ts';

const healthy: Pickable = { health: 'healthy', isEjected: false, priority: 0 };
const degraded: Pickable = { health: 'degraded', isEjected: false, priority: 0 };
const ejected: Pickable = { health: 'healthy', isEjected: true, priority: 0 };
const unhealthy: Pickable = { health: 'unhealthy', isEjected: false, priority: 0 };
const draining: Pickable = { health: 'draining', isEjected: false, priority: 0 };
const reserve: Pickable = { health: 'healthy', isEjected: false, priority: 1 };

const sharesOf = (endpoints: Pickable[], threshold = 50) =>
  choosePickable(endpoints, threshold).shares.map(({ endpoints: chosen, percent }) => [percent, chosen]);

describe('choosePickable', () => {
  it.each<[string, Pickable[], number, Pickable[], boolean]>([
    ['all when all are healthy', [healthy, healthy], 50, [healthy, healthy], false],
    ['the healthy ones at the threshold', [healthy, ejected], 50, [healthy], false],
    ['the healthy ones above it', [healthy, healthy, unhealthy], 50, [healthy, healthy], false],
    ['all below the threshold', [healthy, ejected, unhealthy], 50, [healthy, ejected, unhealthy], true],
    ['all when none is healthy', [ejected], 50, [ejected], true],
    ['none when none is healthy and the threshold is 0', [ejected, unhealthy], 0, [], false],
    ['the healthy one of many when the threshold is 0', [healthy, ejected, ejected], 0, [healthy], false],
    ['none that is leaving', [healthy, draining], 50, [healthy], false],
    ['none that is leaving, even in panic', [ejected, draining], 50, [ejected], true],
    ['the leaving ones when there is nobody else', [draining, draining], 50, [draining, draining], false],
    ['none of none', [], 50, [], false],
    [
      'no degraded one while the healthy are enough',
      [healthy, healthy, healthy, degraded],
      50,
      [healthy, healthy, healthy],
      false,
    ],
    ['the degraded when nobody is healthy', [degraded, degraded], 50, [degraded, degraded], false],
  ])('takes %s', (_, endpoints, threshold, expected, isPanicking) => {
    const chosen = choosePickable(endpoints, threshold);
    expect(chosen.shares.flatMap((share) => share.endpoints)).toEqual(expected);
    expect(chosen.isPanicking).toBe(isPanicking);
  });

  it('does not let leaving endpoints count towards the threshold', () => {
    expect(choosePickable([healthy, draining, draining, draining], 50).isPanicking).toBe(false);
  });

  it('adds the degraded ones as far as the healthy are not enough', () => {
    expect(sharesOf([healthy, degraded])).toEqual([
      [70, [healthy]],
      [30, [degraded]],
    ]);
  });

  it('keeps the second level in reserve until less than 72 % of the first are healthy', () => {
    const first = Array.from({ length: 25 }, () => healthy);
    const at = (count: number) => [
      ...first.slice(0, count),
      ...Array.from({ length: 25 - count }, () => ejected),
      reserve,
    ];
    expect(sharesOf(at(25))).toEqual([[100, first]]);
    expect(sharesOf(at(18))).toEqual([[100, first.slice(0, 18)]]);
    expect(sharesOf(at(17))).toEqual([
      [95, first.slice(0, 17)],
      [5, [reserve]],
    ]);
    expect(sharesOf(at(0))).toEqual([[100, [reserve]]]);
  });

  it('does not panic at a level while another has room for its requests', () => {
    expect(choosePickable([healthy, ejected, ejected, reserve], 50).isPanicking).toBe(false);
  });
});

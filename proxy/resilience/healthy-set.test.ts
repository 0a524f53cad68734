import { describe, expect, it } from 'vitest';
import type { Pickable } from './healthy-set.ts';
import { choosePickable } from './healthy-set.ts';

const healthy: Pickable = { health: 'healthy', isEjected: false };
const ejected: Pickable = { health: 'healthy', isEjected: true };
const unhealthy: Pickable = { health: 'unhealthy', isEjected: false };
const draining: Pickable = { health: 'draining', isEjected: false };

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
  ])('takes %s', (_, endpoints, threshold, expected, isPanicking) => {
    expect(choosePickable(endpoints, threshold)).toEqual({ endpoints: expected, isPanicking });
  });

  it('does not let leaving endpoints count towards the threshold', () => {
    expect(choosePickable([healthy, draining, draining, draining], 50).isPanicking).toBe(false);
  });
});

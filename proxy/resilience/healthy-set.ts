import type { LevelHealth } from './priority-load.ts';
import { defaultOverprovisioningPercent, priorityLoad } from './priority-load.ts';

/** What the choice of usable endpoints looks at. */
export interface Pickable {
  /**
   * `degraded`: it answers, and should only when the healthy ones are not enough. `draining`: it is leaving and should get
   * nothing new. `unhealthy`: the control plane or a health check says that it cannot serve.
   */
  readonly health: 'healthy' | 'degraded' | 'draining' | 'unhealthy';
  /** Taken out by outlier detection. */
  readonly isEjected: boolean;
  /** Level, from 0, which is used first; without gaps. */
  readonly priority: number;
}

/** Endpoints that take a part of the requests together. */
export interface PickableShare<E> {
  readonly endpoints: readonly E[];
  readonly percent: number;
  readonly priority: number;
  /** Health was ignored. */
  readonly isPanicking: boolean;
  /** All that stay at that level, for comparison: how many of them are not in `endpoints` is how ill it is. */
  readonly staying: readonly E[];
}

/** The endpoints that pickers are built over. */
export interface PickableSet<E> {
  /** Percentages add up to 100, also where there is nobody to pick. */
  readonly shares: readonly PickableShare<E>[];
  /** Too few were healthy at a level that takes requests, so health is ignored there. */
  readonly isPanicking: boolean;
}

/** Envoy `CommonLbConfig.healthy_panic_threshold`. */
export const defaultPanicThresholdPercent = 50;

/**
 * The endpoints that may take requests, level by level: those of priority 0 while they are enough, then more and more those
 * of the next (`priorityLoad`). At a level the healthy ones that are not ejected, then the degraded ones.
 *
 * When the levels together are short of healthy endpoints, a level that has less than `panicThresholdPercent` of them ignores
 * health: when most endpoints look ill, the judgement is more likely wrong than the endpoints, and the few that remain would
 * break under the load of all. 0 turns that off.
 *
 * Endpoints that leave are not part of this: they take requests only when there is nobody else at all, for they still
 * answer until they are gone.
 *
 * Source: Envoy, "Priority levels", "Degraded endpoints", "Panic threshold".
 */
export function choosePickable<E extends Pickable>(
  endpoints: readonly E[],
  panicThresholdPercent: number,
  overprovisioningPercent: number = defaultOverprovisioningPercent,
): PickableSet<E> {
  const staying = endpoints.filter((endpoint) => endpoint.health !== 'draining');
  if (staying.length === 0) {
    const all = { endpoints, percent: 100, priority: 0, isPanicking: false, staying: endpoints };
    return { shares: [all], isPanicking: false };
  }
  const levels = divide(staying);
  const load = priorityLoad(levels.map(healthOf), panicThresholdPercent, overprovisioningPercent);
  const shares: PickableShare<E>[] = [];
  let isPanicking = false;
  for (const [priority, level] of levels.entries()) {
    const { healthy, degraded, isPanicking: panics } = load[priority] as (typeof load)[number]; // one for each level
    const { staying } = level;
    const add = (chosen: readonly E[], percent: number, isPanic: boolean) => {
      if (percent > 0) shares.push({ endpoints: chosen, percent, priority, isPanicking: isPanic, staying });
    };
    if (panics) {
      isPanicking ||= healthy + degraded > 0;
      add(staying, healthy + degraded, true);
    } else {
      add(level.healthy, healthy, false);
      add(level.degraded, degraded, false);
    }
  }
  return { shares, isPanicking };
}

interface Level<E> {
  readonly staying: E[];
  readonly healthy: E[];
  readonly degraded: E[];
}

function divide<E extends Pickable>(endpoints: readonly E[]): readonly Level<E>[] {
  const levels: Level<E>[] = [];
  for (const endpoint of endpoints) {
    while (levels.length <= endpoint.priority) levels.push({ staying: [], healthy: [], degraded: [] });
    const level = levels[endpoint.priority] as Level<E>; // made just now
    level.staying.push(endpoint);
    if (endpoint.isEjected) continue;
    if (endpoint.health === 'healthy') level.healthy.push(endpoint);
    else if (endpoint.health === 'degraded') level.degraded.push(endpoint);
  }
  return levels;
}

function healthOf({ staying, healthy, degraded }: Level<unknown>): LevelHealth {
  return { endpoints: staying.length, healthy: healthy.length, degraded: degraded.length };
}

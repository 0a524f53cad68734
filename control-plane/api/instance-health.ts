import type { EventKind, MeshEvent } from '../telemetry/mesh-event.ts';

/** A caller that sends an instance nothing now, by what its sidecar told last. */
export interface InstanceOut {
  readonly instance: string;
  /** `namespace/name` of the caller's sidecar. */
  readonly caller: string;
  /** `ejected 30 s: 5 × 5xx in a row …` */
  readonly message: string;
  /** RFC 3339. */
  readonly since: string;
}

/** Which event begins what another one ends: an instance may be ejected and fail its checks at one time. */
const beginnings: Readonly<Partial<Record<EventKind, 'outlier' | 'check'>>> = {
  EJECT: 'outlier',
  EJECT_UNHEALTHY: 'check',
};
const ends: Readonly<Partial<Record<EventKind, 'outlier' | 'check'>>> = { UNEJECT: 'outlier', ADD_HEALTHY: 'check' };

/** Ejections end at a look of the sidecar, once in an interval; the end is told with the next report. */
const slackMs = 60_000;

/**
 * The instances of a service that callers leave out, as their sidecars say, in the order in which they said so. What a sidecar
 * said before its present connection no longer counts, for it may have begun anew; an ejection counts as long as it was meant
 * to last.
 */
export function instancesOut(
  events: readonly MeshEvent[],
  connectedSinceMs: ReadonlyMap<string, number>,
  nowMs: number,
): readonly InstanceOut[] {
  const out = new Map<string, InstanceOut>();
  for (const event of events) {
    const { kind, reporter, workload, message, lastTime } = event;
    const family = beginnings[kind] ?? ends[kind];
    if (family === undefined || workload === '') continue;
    const caller = `${reporter.namespace}/${reporter.workload}`;
    const key = JSON.stringify([caller, workload, family]);
    const atMs = Date.parse(lastTime);
    const isOver = family === 'outlier' && atMs + event.durationMs + slackMs < nowMs;
    const isOfThisRun = (connectedSinceMs.get(caller) ?? Number.POSITIVE_INFINITY) <= atMs;
    out.delete(key);
    if (beginnings[kind] !== undefined && isOfThisRun && !isOver) {
      out.set(key, { instance: workload, caller, message, since: lastTime });
    }
  }
  return [...out.values()];
}

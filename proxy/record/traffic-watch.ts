import type { Cluster } from '../cluster/cluster.ts';
import type { Activities, Activity, ActivityKind } from '../telemetry/activity.ts';
import type { ClusterCondition } from '../telemetry/cluster-condition.ts';
import type { EventLog } from '../telemetry/event-log.ts';
import { quietMs } from '../telemetry/spell.ts';
import type { EventKind } from '../telemetry/traffic-event.ts';
import { trafficEvent } from '../telemetry/traffic-event.ts';
import { ClusterWatch } from './cluster-watch.ts';

/** Faults may be drawn for few of few requests: a pause of this length is no end of them. */
const faultQuietMs = 60_000;

const kindsOf: Readonly<Record<ActivityKind, readonly [begins: EventKind, ends: EventKind]>> = {
  fault: ['FAULT_BEGAN', 'FAULT_ENDED'],
  concurrency: ['CONCURRENCY_LIMIT_REACHED', 'CONCURRENCY_LIMIT_LEFT'],
  admission: ['ADMISSION_DENIED', 'ADMISSION_RESTORED'],
};

/**
 * Looks once a second at what all clusters and filters have counted, and makes events of what has begun and what is over.
 * Nobody on the way of a request knows of it.
 */
export class TrafficWatch {
  readonly #events: EventLog;
  readonly #activities: Activities;
  readonly #now: () => number;
  #clusters = new Map<Cluster, ClusterWatch>();
  /** Held until they are over, so that the end is told also when no route has them any more. */
  readonly #going = new Set<Activity>();

  /** `now`: milliseconds since 1970. */
  constructor(events: EventLog, activities: Activities, now: () => number = Date.now) {
    this.#events = events;
    this.#activities = activities;
    this.#now = now;
  }

  look(clusters: Iterable<Cluster>): void {
    const nowMs = this.#now();
    const watches = new Map<Cluster, ClusterWatch>();
    for (const cluster of clusters) {
      const watch = this.#clusters.get(cluster) ?? new ClusterWatch(cluster, this.#events);
      watches.set(cluster, watch);
      watch.look(nowMs);
    }
    this.#clusters = watches;
    const activities = new Set(this.#going);
    for (const reference of this.#activities.values()) {
      const activity = reference.deref();
      if (activity !== undefined) activities.add(activity);
    }
    for (const activity of activities) this.#lookAt(activity, nowMs);
  }

  /** Destinations that are not simply well. */
  conditions(): ClusterCondition[] {
    return [...this.#clusters.values()].flatMap((watch) => watch.condition() ?? []);
  }

  #lookAt(activity: Activity, nowMs: number): void {
    const { kind, spell, cluster, rule, untilMs } = activity;
    const isFault = kind === 'fault';
    const isOver = nowMs >= untilMs;
    const change = spell.look(activity.count, nowMs, isOver ? 0 : isFault ? faultQuietMs : quietMs);
    if (change === null) return;
    const [begins, ends] = kindsOf[kind];
    const { count: requests, sinceMs } = spell;
    if (change === 'begins') {
      this.#going.add(activity);
      const durationMs = Number.isFinite(untilMs) ? Math.max(0, untilMs - nowMs) : 0;
      this.#events.record(trafficEvent(begins, nowMs, { cluster, rule, requests, durationMs }));
    } else {
      this.#going.delete(activity);
      const cause = isFault ? (isOver ? 'expired' : 'quiet') : '';
      this.#events.record(trafficEvent(ends, nowMs, { cluster, rule, requests, cause, durationMs: nowMs - sinceMs }));
    }
  }
}

import type { ClusterStatus } from '../admin/clusters-page.ts';
import type { CarrierCounters } from '../carrier.ts';
import type { ClusterCondition } from '../telemetry/cluster-condition.ts';
import type { ProcessUsage } from '../telemetry/process-metrics.ts';
import { AddedConnections } from '../telemetry/tcp-delta.ts';
import type { ClusterStats, DownstreamRequests, ListenerStats } from '../telemetry/traffic-stats.ts';
import {
  addUp,
  clusterKey,
  countersOf,
  directionKey,
  listenerKey,
  mergeRows,
  noCounters,
  noUsage,
} from './merge-status.ts';
import type { WorkerReport } from './messages.ts';

/** What a worker has said of itself, as of its last report; or the sum of what those said that are gone. */
export class WorkerCounts {
  readonly clusters = new Map<string, ClusterStats>();
  listeners: readonly ListenerStats[] = [];
  downstream: readonly DownstreamRequests[] = [];
  counters: CarrierCounters = noCounters;
  usage: ProcessUsage = noUsage;
  destinations: readonly ClusterStatus[] = [];
  conditions: readonly ClusterCondition[] = [];
  readonly openConnections = new AddedConnections();

  take(report: WorkerReport): void {
    const { clusters, listeners, downstream, counters, usage, answers, destinations } = report;
    this.conditions = report.conditions;
    if (answers > 0) this.clusters.clear();
    for (const cluster of clusters) this.clusters.set(cluster.name, cluster);
    this.listeners = listeners;
    this.downstream = downstream;
    this.counters = counters;
    this.usage = usage;
    if (destinations !== null) this.destinations = destinations;
  }

  /** Keeps what a worker that has ended had counted, so that no counter ever goes back. */
  addDeparted(gone: WorkerCounts): void {
    gone.openConnections.end();
    for (const cluster of gone.clusters.values()) {
      const before = this.clusters.get(cluster.name);
      const counted = countersOf(cluster);
      this.clusters.set(cluster.name, before === undefined ? counted : addUp(before, counted));
    }
    this.listeners = [
      ...mergeRows([...this.listeners, ...gone.listeners.map((row) => countersOf(row))], listenerKey).values(),
    ];
    this.downstream = [...mergeRows([...this.downstream, ...gone.downstream], directionKey).values()];
    this.counters = addUp(this.counters, countersOf(gone.counters));
    this.usage = addUp(this.usage, countersOf(gone.usage));
  }

  /** The cluster is no more; if there is one of this name again it begins at zero. */
  forget(cluster: string): void {
    this.clusters.delete(cluster);
  }
}

/** Counts of several workers as if there were one. */
export class MergedCounts {
  readonly #all: readonly WorkerCounts[];

  constructor(all: readonly WorkerCounts[]) {
    this.#all = all;
  }

  clusters(): Iterable<ClusterStats> {
    const rows = this.#all.flatMap(({ clusters }) => [...clusters.values()]);
    return mergeRows(rows, clusterKey).values();
  }

  listeners(): Iterable<ListenerStats> {
    const rows = this.#all.flatMap(({ listeners }) => listeners);
    return mergeRows(rows, listenerKey).values();
  }

  downstream(): DownstreamRequests[] {
    const rows = this.#all.flatMap(({ downstream }) => downstream);
    return [...mergeRows(rows, directionKey).values()];
  }

  counters(): CarrierCounters {
    return this.#all.map(({ counters }) => counters).reduce(addUp, noCounters);
  }

  usage(): ProcessUsage {
    return this.#all.map(({ usage }) => usage).reduce(addUp, noUsage);
  }
}

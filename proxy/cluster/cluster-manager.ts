import type { ClusterEnvironment } from './cluster.ts';
import { Cluster } from './cluster.ts';
import type { ClusterConfig } from './cluster-config.ts';

/** All clusters by name. The object of a name stays the same from its first configuration until it is removed. */
export class ClusterManager {
  readonly #environment: ClusterEnvironment;
  readonly #clusters = new Map<string, Cluster>();

  constructor(environment: ClusterEnvironment) {
    this.#environment = environment;
  }

  get(name: string): Cluster | null {
    return this.#clusters.get(name) ?? null;
  }

  all(): Iterable<Cluster> {
    return this.#clusters.values();
  }

  /** Creates the cluster, or gives the existing one a new configuration. */
  apply(config: ClusterConfig): Cluster {
    const known = this.#clusters.get(config.name);
    if (known !== undefined && known.config.discovery === config.discovery) {
      known.update(config);
      return known;
    }
    known?.close();
    const cluster = new Cluster(config, this.#environment);
    this.#clusters.set(config.name, cluster);
    return cluster;
  }

  /** No route names it any more. Requests in flight are answered, connections close as they fall idle. */
  remove(name: string): void {
    this.#clusters.get(name)?.close();
    this.#clusters.delete(name);
  }

  /** About once a second. */
  sweep(nowMs: number): void {
    for (const cluster of this.#clusters.values()) cluster.sweep(nowMs);
  }
}

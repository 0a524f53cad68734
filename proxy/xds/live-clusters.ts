import type { ClusterEnvironment } from '../cluster/cluster.ts';
import { Cluster } from '../cluster/cluster.ts';
import type { ClusterConfig, EndpointConfig } from '../cluster/cluster-config.ts';
import { defaultClusterConfig } from '../cluster/cluster-config.ts';
import { DnsEndpoints } from '../cluster/dns-endpoints.ts';

/**
 * The clusters that exist as objects, by name. A name has one object for as long as anything needs it: routes hold on to
 * it, and configuration and endpoints change inside it. A cluster that does not exist is an object without endpoints, so
 * that a route that names it can be in force and its requests are answered.
 */
export class LiveClusters {
  readonly #environment: ClusterEnvironment;
  readonly #clusters = new Map<string, Cluster>();
  readonly #names = new Map<string, DnsEndpoints>();
  readonly #endpoints = new Map<string, readonly EndpointConfig[]>();

  constructor(environment: ClusterEnvironment) {
    this.#environment = environment;
  }

  /** The object of a name; made without endpoints where there is none yet. */
  get(name: string): Cluster {
    let cluster = this.#clusters.get(name);
    if (cluster === undefined) {
      cluster = new Cluster(defaultClusterConfig(name), this.#environment);
      this.#clusters.set(name, cluster);
    }
    return cluster;
  }

  all(): Iterable<Cluster> {
    return this.#clusters.values();
  }

  put(config: ClusterConfig): void {
    const cluster = this.get(config.name);
    cluster.update(config);
    this.#followNames(cluster);
    if (config.discovery === 'eds') cluster.setEndpoints(this.#endpoints.get(config.edsName) ?? []);
  }

  /** Endpoints under the name that EDS knows them by; several clusters may share them. */
  putEndpoints(edsName: string, endpoints: readonly EndpointConfig[]): void {
    this.#endpoints.set(edsName, endpoints);
    this.#refresh(edsName);
  }

  /** EDS has nothing under this name. */
  removeEndpoints(edsName: string): void {
    this.#endpoints.delete(edsName);
    this.#refresh(edsName);
  }

  /** The cluster does not exist, or no longer; requests in flight are answered. */
  absent(name: string): void {
    const cluster = this.get(name);
    cluster.update(defaultClusterConfig(name));
    this.#followNames(cluster);
  }

  /** Nothing needs the cluster any more. */
  forget(name: string): void {
    this.#names.get(name)?.close();
    this.#names.delete(name);
    this.#clusters.get(name)?.close();
    this.#clusters.delete(name);
  }

  /** All look-ups end; what was found stays. */
  close(): void {
    for (const names of this.#names.values()) names.close();
    for (const cluster of this.#clusters.values()) cluster.close();
  }

  #followNames(cluster: Cluster): void {
    const { names: environment } = this.#environment;
    const known = this.#names.get(cluster.name) ?? null;
    if (cluster.config.dns === null || environment === undefined) {
      known?.close();
      this.#names.delete(cluster.name);
      cluster.names = null;
      return;
    }
    const names = known ?? new DnsEndpoints(cluster, environment);
    this.#names.set(cluster.name, names);
    cluster.names = names;
    names.follow(cluster.config);
  }

  #refresh(edsName: string): void {
    for (const cluster of this.#clusters.values()) {
      const { discovery, edsName: wanted } = cluster.config;
      if (discovery === 'eds' && wanted === edsName) cluster.setEndpoints(this.#endpoints.get(edsName) ?? []);
    }
  }
}

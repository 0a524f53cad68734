import type { Candidate } from '../balance/balancer.ts';
import type { PeakEwma } from '../balance/peak-ewma.ts';
import type { ConcurrencyLimit } from '../resilience/concurrency-limit.ts';
import type { HealthRecord } from '../resilience/health-check/health-record.ts';
import type { Pickable } from '../resilience/healthy-set.ts';
import type { OutlierRecord } from '../resilience/outlier/outlier-record.ts';
import type { RequestSeries } from '../telemetry/request-series.ts';
import type { PoolCounters, UpstreamPool } from '../upstream/upstream-pool.ts';
import type { EndpointConfig } from './cluster-config.ts';

/** A version of HTTP towards an upstream. */
export type UpstreamProtocol = 'http1' | 'http2';

export type MakePool = (protocol: UpstreamProtocol, isHighPriority: boolean) => UpstreamPool;

/**
 * One instance behind a cluster, with the connections to it and what is known of its health. It lives as long as its
 * address stays in the endpoint list; updates change its configuration in place, so that counts and connections last.
 */
export class Endpoint implements Candidate, Pickable {
  readonly key: string;
  /** What outlier detection remembers of it; null where there is none. */
  outlier: OutlierRecord | null;
  /** What active health checks know of it; null where there are none. */
  check: HealthRecord | null = null;
  config: EndpointConfig;
  /** When it began to take requests, by the coarse clock: slow start counts from here. */
  warmFromMs: number;
  /** Requests being answered; what least-request balancing compares. Changed by `beginRequest` and `endRequest` alone. */
  activeRequests = 0;
  /** Below 1 while it starts slowly; the cluster sets it. */
  warmth = 1;
  /** By the coarse clock: it has asked not to be called before. */
  restsUntilMs = 0;
  /** Null where the cluster does not balance by answer times. */
  latency: PeakEwma | null = null;
  /** Counters since the endpoint appeared; names as in Envoy's `/clusters`. */
  requestsTotal = 0;
  requestsSuccess = 0;
  requestsError = 0;
  requestsTimeout = 0;
  /** Where requests to it are counted, by route; filled by the recorder on first use. */
  readonly series = new Map<object, RequestSeries>();
  /** The same for gRPC calls. */
  readonly grpcSeries = new Map<object, RequestSeries>();
  /** Connections whose bytes are only carried; they are never pooled. */
  readonly tcp = { open: 0, total: 0, connectFailures: 0 };
  /** All that are open to it. */
  readonly connections: ConcurrencyLimit;
  readonly #load: { active: number };
  readonly #makePool: MakePool;
  #http1: UpstreamPool | null = null;
  #http2: UpstreamPool | null = null;
  /** For requests of priority HIGH, by protocol; those wait for no others. Null until there is one. */
  #high: Map<UpstreamProtocol, UpstreamPool> | null = null;
  #isClosed = false;

  /** `load` counts for the whole cluster. */
  constructor(
    config: EndpointConfig,
    makePool: MakePool,
    connections: ConcurrencyLimit,
    outlier: OutlierRecord | null,
    warmFromMs: number,
    load: { active: number },
  ) {
    this.#load = load;
    this.warmFromMs = warmFromMs;
    this.key = config.key;
    this.config = config;
    this.#makePool = makePool;
    this.connections = connections;
    this.outlier = outlier;
  }

  /** A request is tried here, or a connection is carried. */
  beginRequest(): void {
    this.activeRequests++;
    this.#load.active++;
  }

  /** It is over; once for each `beginRequest`. */
  endRequest(): void {
    this.activeRequests--;
    this.#load.active--;
  }

  /** The connections that speak this version; made on first use. */
  poolFor(protocol: UpstreamProtocol, isHighPriority = false): UpstreamPool {
    if (isHighPriority) return this.#high?.get(protocol) ?? this.#addHighPool(protocol);
    const pool = protocol === 'http1' ? this.#http1 : this.#http2;
    return pool ?? this.#addPool(protocol);
  }

  #addPool(protocol: UpstreamProtocol): UpstreamPool {
    const pool = this.#makePool(protocol, false);
    if (protocol === 'http1') this.#http1 = pool;
    else this.#http2 = pool;
    if (this.#isClosed) pool.close();
    return pool;
  }

  #addHighPool(protocol: UpstreamProtocol): UpstreamPool {
    const pool = this.#makePool(protocol, true);
    this.#high ??= new Map();
    this.#high.set(protocol, pool);
    if (this.#isClosed) pool.close();
    return pool;
  }

  get #pools(): readonly UpstreamPool[] {
    return [this.#http1, this.#http2, ...(this.#high?.values() ?? [])].filter((pool) => pool !== null);
  }

  get openConnections(): number {
    return this.#pools.reduce((open, pool) => open + pool.openConnections, this.tcp.open);
  }

  /** Of all connections, whatever they speak. */
  get poolCounters(): PoolCounters {
    const counters = {
      connectionsTotal: this.tcp.total,
      connectFailures: this.tcp.connectFailures,
      requestsWaited: 0,
    };
    for (const pool of this.#pools) {
      counters.connectionsTotal += pool.counters.connectionsTotal;
      counters.connectFailures += pool.counters.connectFailures;
      counters.requestsWaited += pool.counters.requestsWaited;
    }
    return counters;
  }

  /** Closes connections that have been idle for too long. */
  sweep(idleTimeoutMs: number, maxDurationMs: number): void {
    for (const pool of this.#pools) pool.sweep(idleTimeoutMs, maxDurationMs);
  }

  /** The endpoint is gone: idle connections close now, busy ones when their requests are answered. */
  close(): void {
    this.#isClosed = true;
    for (const pool of this.#pools) pool.close();
  }

  /** Takes new labels, weight or health. Requests are counted anew under the new labels. */
  reconfigure(config: EndpointConfig): void {
    this.config = config;
    this.series.clear();
    this.grpcSeries.clear();
  }

  get weight(): number {
    return this.config.weight;
  }

  /** What the control plane says, unless the sidecar has found out worse by itself. */
  get health(): EndpointConfig['health'] {
    const { health } = this.config;
    return this.check?.isFailed === true && health !== 'draining' ? 'unhealthy' : health;
  }

  get priority(): number {
    return this.config.place.priority;
  }

  get isEjected(): boolean {
    return this.outlier?.isEjected === true;
  }
}

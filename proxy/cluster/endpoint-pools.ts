import { defaultHeadLimits, withRoomForSidecar } from '../http1/head-limits.ts';
import type { Http2ClientConnectionOptions } from '../http2/client-connection.ts';
import type { Http2Limits } from '../http2/http2-limits.ts';
import { defaultHttp2Limits } from '../http2/http2-limits.ts';
import type { Http2KeepAlive } from '../http2/peer-liveness.ts';
import { defaultKeepAlive } from '../http2/peer-liveness.ts';
import type { CircuitBreaker } from '../resilience/circuit-breaker.ts';
import type { ConcurrencyLimit } from '../resilience/concurrency-limit.ts';
import type { DialResult } from '../upstream/dial.ts';
import { Http1Pool } from '../upstream/http1-pool.ts';
import { Http2Pool } from '../upstream/http2-pool.ts';
import type { UpstreamPool } from '../upstream/upstream-pool.ts';
import type { ClusterConfig, EndpointConfig } from './cluster-config.ts';
import type { ClusterCounters } from './cluster-counters.ts';
import { ConnectionGate } from './connection-gate.ts';
import type { UpstreamProtocol } from './endpoint.ts';

/** The cluster whose endpoints are called. */
export interface PooledCluster {
  /** The one of now. */
  readonly config: ClusterConfig;
  readonly breaker: CircuitBreaker;
  readonly highBreaker: CircuitBreaker;
  readonly counters: ClusterCounters;
}

export interface PoolEnvironment {
  dial(config: ClusterConfig, endpoint: EndpointConfig, protocol: UpstreamProtocol, result: DialResult): void;
  /** Monotonic milliseconds, at most a second old. */
  coarseNow(): number;
}

/** Makes the pools of a cluster's endpoints. Connections that they open later go by the configuration of then. */
export class EndpointPools {
  readonly #cluster: PooledCluster;
  readonly #environment: PoolEnvironment;
  readonly #time: CoarseTime;

  constructor(cluster: PooledCluster, environment: PoolEnvironment) {
    this.#cluster = cluster;
    this.#environment = environment;
    this.#time = new CoarseTime(environment);
  }

  /** `ofEndpoint` is the limit that all pools of one endpoint share. */
  make(
    endpoint: EndpointConfig,
    ofEndpoint: ConcurrencyLimit,
    protocol: UpstreamProtocol,
    isHighPriority: boolean,
  ): UpstreamPool {
    const cluster = this.#cluster;
    const { connections, pendingRequests } = isHighPriority ? cluster.highBreaker : cluster.breaker;
    const limits = { connections: new ConnectionGate(ofEndpoint, connections, cluster.counters), pendingRequests };
    const dial = (result: DialResult) => this.#environment.dial(cluster.config, endpoint, protocol, result);
    const maxRequests = () => cluster.config.maxRequestsPerConnection;
    if (protocol === 'http2') {
      return new Http2Pool(dial, limits, maxRequests, new Http2Options(cluster, this.#time, endpoint.isMeshed));
    }
    return new Http1Pool(dial, limits, () => this.#environment.coarseNow(), maxRequests, endpoint.isMeshed);
  }
}

/** The coarse clock, as connections read it: a class, so that those of all clusters have one shape. */
class CoarseTime {
  readonly #environment: Pick<PoolEnvironment, 'coarseNow'>;

  constructor(environment: Pick<PoolEnvironment, 'coarseNow'>) {
    this.#environment = environment;
  }

  get nowMs(): number {
    return this.#environment.coarseNow();
  }
}

/** Another sidecar has applied the limits to the application's answer, and HTTP/2 counts more for each header. */
class Http2Options implements Http2ClientConnectionOptions {
  readonly clock: CoarseTime;
  readonly fieldLimits = defaultHeadLimits;
  readonly isSidecar: boolean;
  readonly #cluster: PooledCluster;

  constructor(cluster: PooledCluster, clock: CoarseTime, isMeshed: boolean) {
    this.clock = clock;
    this.isSidecar = isMeshed;
    this.#cluster = cluster;
    if (isMeshed) this.fieldLimits = withRoomForSidecar(defaultHeadLimits);
  }

  get limits(): Http2Limits {
    return this.#cluster.config.http2Limits ?? defaultHttp2Limits;
  }

  get keepAlive(): Http2KeepAlive | null {
    return this.#cluster.config.http2KeepAlive ?? (this.isSidecar ? defaultKeepAlive : null);
  }
}

import { HashKey } from '../balance/hash-key.ts';
import { xxh64 } from '../balance/xxh64.ts';
import type { Cluster } from '../cluster/cluster.ts';
import { ConnectionGate } from '../cluster/connection-gate.ts';
import type { Endpoint } from '../cluster/endpoint.ts';
import { whyNoEndpoint } from '../cluster/no-endpoint.ts';
import type { PassthroughFailure } from '../cluster/passthrough.ts';
import type { Failure } from '../failure.ts';
import { localOrigin } from '../resilience/outlier/outcome.ts';
import type { TcpRoute } from '../route/tcp-route.ts';
import type { OpenedTransport } from '../transport/open-transport.ts';

/** How the search for an upstream connection ended; one of the two is called, once, unless `leave` came before. */
export interface TcpUpstreamWaiter {
  /** Reading begins when the receiver, its handler set, calls `startReading`. */
  onUpstream(transport: OpenedTransport): void;
  /** No byte was sent. */
  onUpstreamFailure(failure: Failure, detail: string): void;
}

/** Resolves the endpoint of a passthrough cluster from an authority. */
export type ResolvePassthrough = (cluster: Cluster, authority: string) => Promise<Endpoint | PassthroughFailure>;

/**
 * The upstream connection of one downstream connection: cluster, endpoint, and another endpoint when that does not
 * accept. It counts as one of its endpoint's active requests, and among the cluster's connections, until `leave`.
 *
 * Connections of TCP are never pooled: what the application said on one belongs to that one.
 */
export class TcpUpstream {
  cluster: Cluster | null = null;
  endpoint: Endpoint | null = null;
  attempts = 0;
  readonly #waiter: TcpUpstreamWaiter;
  readonly #resolvePassthrough: ResolvePassthrough;
  #maxAttempts = 1;
  #authority = '';
  #key: HashKey | null = null;
  #held: HeldConnection | null = null;
  #isLeft = false;

  constructor(waiter: TcpUpstreamWaiter, resolvePassthrough: ResolvePassthrough) {
    this.#waiter = waiter;
    this.#resolvePassthrough = resolvePassthrough;
  }

  /** Begins. `authority` names the host where the cluster has no endpoints of its own, `source` whose connection it is. */
  connect(route: TcpRoute<Cluster>, authority: string, source: string): void {
    this.cluster = route.pick();
    this.#maxAttempts = route.maxConnectAttempts;
    this.#authority = authority;
    if (route.isBySource) {
      this.#key = new HashKey();
      xxh64(source, this.#key);
    }
    this.#attempt(this.cluster);
  }

  /** The connection is over, or not wanted any more: gives back what was counted. */
  leave(): void {
    this.#isLeft = true;
    if (this.#held?.isOpen === true) this.#held.release();
    this.#held = null;
  }

  #attempt(cluster: Cluster): void {
    if (cluster.config.discovery === 'passthrough') {
      void this.#resolvePassthrough(cluster, this.#authority).then((resolved) => {
        if (this.#isLeft) return;
        if ('failure' in resolved) this.#waiter.onUpstreamFailure(resolved.failure, resolved.detail);
        else this.#dial(cluster, resolved);
      });
      return;
    }
    const pending = cluster.names?.pending ?? null;
    if (pending !== null) {
      void pending.then(() => {
        if (!this.#isLeft) this.#attempt(cluster);
      });
      return;
    }
    const endpoint = cluster.pick(this.endpoint, this.#key);
    if (endpoint === null) {
      cluster.counters.noneHealthy++;
      const { failure, detail } = whyNoEndpoint(cluster);
      this.#waiter.onUpstreamFailure(failure, detail);
      return;
    }
    this.#dial(cluster, endpoint);
  }

  #dial(cluster: Cluster, endpoint: Endpoint): void {
    const gate = new ConnectionGate(endpoint.connections, cluster.breaker.connections, cluster.counters);
    if (!gate.tryAcquire()) {
      cluster.counters.carriedRefused++;
      this.#waiter.onUpstreamFailure('upstreamOverflow', gate.refusal);
      return;
    }
    this.endpoint = endpoint;
    this.attempts++;
    const held = new HeldConnection(gate, endpoint);
    this.#held = held;
    cluster.dialTcp(endpoint, {
      onConnected: (transport) => {
        held.isOpen = true;
        if (endpoint.outlier !== null) cluster.detector?.report(endpoint.outlier, localOrigin.carried);
        if (!this.#isLeft) {
          this.#waiter.onUpstream(transport);
          return;
        }
        held.release();
        transport.destroy();
      },
      onDialFailed: (failure, detail) => {
        held.release();
        endpoint.tcp.connectFailures++;
        cluster.counters.connectFailures++;
        const outcome = failure === 'connectTimeout' ? localOrigin.timedOut : localOrigin.failed;
        if (endpoint.outlier !== null) cluster.detector?.report(endpoint.outlier, outcome);
        if (this.#isLeft) return;
        this.#held = null;
        if (this.attempts < this.#maxAttempts && failure !== 'protocolNotAllowed') this.#attempt(cluster);
        else this.#waiter.onUpstreamFailure(failure, detail);
      },
    });
  }
}

/** What one connection takes of its cluster and endpoint, from the first SYN on. */
class HeldConnection {
  isOpen = false;
  readonly #gate: ConnectionGate;
  readonly #endpoint: Endpoint;

  constructor(gate: ConnectionGate, endpoint: Endpoint) {
    this.#gate = gate;
    this.#endpoint = endpoint;
    endpoint.beginRequest();
    endpoint.tcp.open++;
    endpoint.tcp.total++;
  }

  release(): void {
    this.#gate.release();
    this.#endpoint.endRequest();
    this.#endpoint.tcp.open--;
  }
}

import type { ConcurrencyLimit } from '../resilience/concurrency-limit.ts';
import type { ConcurrencyGate } from '../upstream/upstream-pool.ts';

/** Where refusals are counted; outlives endpoints. */
interface RefusalCounter {
  connectionsRefusedByEndpoint: number;
}

/**
 * One more connection to an endpoint, within the endpoint's own limit and within that of its cluster. A pool without any
 * connection has one whatever the limits say (`Http1Pool`).
 *
 * Source: Envoy `CircuitBreakers.per_host_thresholds`.
 */
export class ConnectionGate implements ConcurrencyGate {
  readonly #ofEndpoint: ConcurrencyLimit;
  readonly #ofCluster: ConcurrencyLimit;
  readonly #counters: RefusalCounter;

  constructor(ofEndpoint: ConcurrencyLimit, ofCluster: ConcurrencyLimit, counters: RefusalCounter) {
    this.#ofEndpoint = ofEndpoint;
    this.#ofCluster = ofCluster;
    this.#counters = counters;
  }

  tryAcquire(): boolean {
    if (!this.#ofEndpoint.tryAcquire()) {
      this.#counters.connectionsRefusedByEndpoint++;
      return false;
    }
    if (this.#ofCluster.tryAcquire()) return true;
    this.#ofEndpoint.release();
    return false;
  }

  /** That of the endpoint's limit, which is asked first, or of the cluster's. */
  get refusal(): string {
    return (this.#ofEndpoint.remaining === 0 ? this.#ofEndpoint : this.#ofCluster).refusal;
  }

  release(): void {
    this.#ofEndpoint.release();
    this.#ofCluster.release();
  }
}

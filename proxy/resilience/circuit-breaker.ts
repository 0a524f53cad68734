import { ConcurrencyLimit } from './concurrency-limit.ts';
import { RetryBudget } from './retry-budget.ts';

/** Envoy `CircuitBreakers.Thresholds` of one priority. All limits are per sidecar and cluster. */
export interface CircuitBreakerLimits {
  /** Default 1024. */
  readonly maxConnections: number;
  /** Requests that wait for a connection. Default 1024. */
  readonly maxPendingRequests: number;
  /** Requests that are not answered yet, those that wait for a connection or for another try included. Default 1024. */
  readonly maxRequests: number;
  /** Retries in flight; used only where `retryBudgetPercent` is 0. Default 3. */
  readonly maxRetries: number;
  /** Retries in flight as a share of active and pending requests; 0 means no budget. Default 20 where there is one. */
  readonly retryBudgetPercent: number;
  /** Retries that the budget always allows. Default 3. */
  readonly minRetryConcurrency: number;
}

/** Of a cluster that says nothing: no retry budget either (Envoy). */
export const defaultLimits: CircuitBreakerLimits = {
  maxConnections: 1_024,
  maxPendingRequests: 1_024,
  maxRequests: 1_024,
  maxRetries: 3,
  retryBudgetPercent: 0,
  minRetryConcurrency: 3,
};

/**
 * Fails fast instead of queueing without bound: what would exceed a limit is refused at once, and the caller answers
 * 503 with flag `UO`. Nothing here trips and recovers; the limits hold at every moment.
 */
export class CircuitBreaker {
  readonly connections: ConcurrencyLimit;
  /** Each of them is one of `requests` as well. */
  readonly pendingRequests: ConcurrencyLimit;
  readonly requests: ConcurrencyLimit;
  /** Take retries with `tryAcquireRetry`, which brings its `max` up to date with the budget. */
  readonly retries: ConcurrencyLimit;
  #budget: RetryBudget | null;

  /** `section` is where users find the limits below `circuitBreaker`. */
  constructor(limits: CircuitBreakerLimits, section: '' | 'highPriority.' = '') {
    this.connections = new ConcurrencyLimit(limits.maxConnections, `${section}maxConnections`);
    this.pendingRequests = new ConcurrencyLimit(limits.maxPendingRequests, `${section}maxPendingRequests`);
    this.requests = new ConcurrencyLimit(limits.maxRequests, `${section}maxParallelRequests`);
    this.retries = new ConcurrencyLimit(limits.maxRetries, `${section}maxParallelRetries`);
    this.#budget = budgetOf(limits);
  }

  /** Takes new limits; what is in use stays in use. */
  update(limits: CircuitBreakerLimits): void {
    this.connections.max = limits.maxConnections;
    this.pendingRequests.max = limits.maxPendingRequests;
    this.requests.max = limits.maxRequests;
    this.retries.max = limits.maxRetries;
    this.#budget = budgetOf(limits);
  }

  /** Asks for one more retry in flight; give it back with `retries.release()`. */
  tryAcquireRetry(): boolean {
    this.#applyBudget();
    return this.retries.tryAcquire();
  }

  /** Retries that would be granted now. */
  get remainingRetries(): number {
    this.#applyBudget();
    return this.retries.remaining;
  }

  #applyBudget(): void {
    if (this.#budget === null) return;
    this.retries.max = this.#budget.limit(this.requests.active);
  }
}

function budgetOf(limits: CircuitBreakerLimits): RetryBudget | null {
  return limits.retryBudgetPercent > 0 ? new RetryBudget(limits.retryBudgetPercent, limits.minRetryConcurrency) : null;
}

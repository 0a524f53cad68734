import type { Failure } from '../failure.ts';
import type { UpstreamStream } from '../message-head.ts';

/** Somebody who needs an upstream stream for one request. One of the two is called, unless `cancel` comes first. */
export interface PoolWaiter {
  onStream(stream: UpstreamStream): void;
  /** No byte of the request was sent. */
  onPoolFailure(failure: Failure, detail: string): void;
}

/** Connections to one endpoint that speak one version of HTTP. */
export interface UpstreamPool {
  readonly counters: PoolCounters;
  readonly openConnections: number;
  /** Requests that wait for a connection. */
  readonly waiting: number;
  /** Hands out a stream at once, or makes the request wait for one. */
  acquire(waiter: PoolWaiter): void;
  /** The waiter no longer needs a stream; a connection that is being opened stays for the next request. */
  cancel(waiter: PoolWaiter): void;
  /**
   * Closes what has been idle for longer than `idleTimeoutMs`, and what has been open for longer than `maxDurationMs`, by
   * default without bound, as soon as its requests are answered. About once a second.
   */
  sweep(idleTimeoutMs: number, maxDurationMs?: number): void;
  /** The endpoint is gone: idle connections close now, busy ones when their requests are answered. */
  close(): void;
}

/** Counts connections and waiting requests for the whole cluster; see `resilience/circuit-breaker.ts`. */
export interface PoolLimits {
  readonly connections: ConcurrencyGate;
  readonly pendingRequests: ConcurrencyGate;
}

export interface ConcurrencyGate {
  /** After a refusal: why, for those who are refused. */
  readonly refusal: string;
  tryAcquire(): boolean;
  release(): void;
}

/** Counters of one pool, read by metrics and the admin server. */
export interface PoolCounters {
  connectionsTotal: number;
  connectFailures: number;
  requestsWaited: number;
}

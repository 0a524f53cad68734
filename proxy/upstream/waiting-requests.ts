import type { Failure } from '../failure.ts';
import type { ConcurrencyGate, PoolWaiter } from './upstream-pool.ts';

/** Requests that wait for a stream, in order; each is counted among the cluster's pending requests. */
export class WaitingRequests {
  readonly #gate: ConcurrencyGate;
  readonly #waiters: PoolWaiter[] = [];
  /** Those that are being told that there will be no stream. */
  readonly #failing: PoolWaiter[] = [];

  constructor(gate: ConcurrencyGate) {
    this.#gate = gate;
  }

  get length(): number {
    return this.#waiters.length;
  }

  /** False where as many wait as may, which the waiter is told. */
  add(waiter: PoolWaiter): boolean {
    if (!this.#gate.tryAcquire()) {
      waiter.onPoolFailure('upstreamOverflow', 'too many requests wait for a connection');
      return false;
    }
    this.#waiters.push(waiter);
    return true;
  }

  /** The first one, which waits no longer; undefined when there is none. */
  shift(): PoolWaiter | undefined {
    const waiter = this.#waiters.shift();
    if (waiter !== undefined) this.#gate.release();
    return waiter;
  }

  /** Does nothing for one that does not wait. */
  cancel(waiter: PoolWaiter): void {
    if (remove(this.#waiters, waiter) || remove(this.#failing, waiter)) this.#gate.release();
  }

  /**
   * Tells the first `count` that there will be no stream; those that begin to wait meanwhile are not told. One that is told may
   * be the end of others: of those that came over the same connection.
   */
  fail(failure: Failure, detail: string, count: number = this.#waiters.length): void {
    this.#failing.push(...this.#waiters.splice(0, count));
    for (let waiter = this.#failing.shift(); waiter !== undefined; waiter = this.#failing.shift()) {
      this.#gate.release();
      waiter.onPoolFailure(failure, detail);
    }
  }
}

function remove(waiters: PoolWaiter[], waiter: PoolWaiter): boolean {
  const at = waiters.indexOf(waiter);
  if (at >= 0) waiters.splice(at, 1);
  return at >= 0;
}

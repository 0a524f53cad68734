import type { Failure } from '../failure.ts';
import type { ConcurrencyGate, PoolWaiter } from './upstream-pool.ts';

/** Requests that wait for a stream, in order; each is counted among the cluster's pending requests. */
export class WaitingRequests {
  readonly #gate: ConcurrencyGate;
  readonly #waiters: PoolWaiter[] = [];
  /** Those that are being told that there will be no stream. */
  readonly #failing = new Set<PoolWaiter>();

  constructor(gate: ConcurrencyGate) {
    this.#gate = gate;
  }

  get length(): number {
    return this.#waiters.length;
  }

  /** False where as many wait as may, which the waiter is told. */
  add(waiter: PoolWaiter): boolean {
    if (!this.#gate.tryAcquire()) {
      waiter.onPoolFailure('upstreamOverflow', this.#gate.refusal);
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
    const at = this.#waiters.indexOf(waiter);
    if (at >= 0) this.#waiters.splice(at, 1);
    else if (!this.#failing.delete(waiter)) return;
    this.#gate.release();
  }

  /**
   * Tells the first `count` that there will be no stream; those that begin to wait meanwhile are not told. One that is told may
   * be the end of others: of those that came over the same connection.
   */
  fail(failure: Failure, detail: string, count: number = this.#waiters.length): void {
    for (const waiter of this.#waiters.splice(0, count)) this.#failing.add(waiter);
    for (const waiter of this.#failing) {
      this.#failing.delete(waiter);
      this.#gate.release();
      waiter.onPoolFailure(failure, detail);
    }
  }
}

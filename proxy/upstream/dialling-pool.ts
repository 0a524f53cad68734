import type { Failure } from '../failure.ts';
import type { OpenedTransport } from '../transport/open-transport.ts';
import type { Dial } from './dial.ts';
import type { Dialler } from './pending-dial.ts';
import { PendingDial } from './pending-dial.ts';
import type { PoolCounters, PoolLimits, PoolWaiter } from './upstream-pool.ts';
import { WaitingRequests } from './waiting-requests.ts';

/** What pools of either version have in common: requests that wait in order, and connections that are opened for them. */
export abstract class DiallingPool implements Dialler {
  readonly counters: PoolCounters = { connectionsTotal: 0, connectFailures: 0, requestsWaited: 0 };
  protected readonly limits: PoolLimits;
  protected readonly waiters: WaitingRequests;
  /** Connections that are being opened; over HTTP/2 until the server's settings have come. */
  protected opening = 0;
  protected isClosed = false;
  readonly #dial: Dial;

  constructor(dial: Dial, limits: PoolLimits) {
    this.#dial = dial;
    this.limits = limits;
    this.waiters = new WaitingRequests(limits.pendingRequests);
  }

  abstract get openConnections(): number;

  /** Whether those that are being opened are too few for the requests that wait. */
  protected abstract get needsAnother(): boolean;

  /** `isCounted`: it has a place among the cluster's connections, which is to be given back. */
  abstract adopt(transport: OpenedTransport, isCounted: boolean): void;
  abstract giveUp(failure: Failure, detail: string, isCounted: boolean): void;

  get waiting(): number {
    return this.waiters.length;
  }

  cancel(waiter: PoolWaiter): void {
    this.waiters.cancel(waiter);
  }

  /** For a request for which no connection has room. */
  protected enqueue(waiter: PoolWaiter): void {
    if (this.isClosed) {
      waiter.onPoolFailure('connectFailure', 'the endpoint was removed');
    } else if (this.waiters.add(waiter)) {
      this.counters.requestsWaited++;
      this.openWhereNeeded();
    }
  }

  protected openWhereNeeded(): void {
    while (this.needsAnother && !this.isClosed) {
      // a pool without any connection may always have one, or its waiters would wait for ever
      const isFirst = this.openConnections + this.opening === 0;
      const isGranted = this.limits.connections.tryAcquire();
      if (!isGranted && !isFirst) return;
      this.opening++;
      this.counters.connectionsTotal++;
      this.#dial(new PendingDial(this, isGranted));
    }
  }
}

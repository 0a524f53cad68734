import type { Failure } from '../failure.ts';
import type { ClientConnectionOwner } from '../http1/client-connection.ts';
import { ClientConnection } from '../http1/client-connection.ts';
import { defaultHeadLimits } from '../http1/head-limits.ts';
import type { OpenedTransport } from '../transport/open-transport.ts';
import type { Dial } from './dial.ts';
import type { Dialler } from './pending-dial.ts';
import { PendingDial } from './pending-dial.ts';
import type { PoolCounters, PoolLimits, PoolWaiter, UpstreamPool } from './upstream-pool.ts';
import { WaitingRequests } from './waiting-requests.ts';

/**
 * Connections that are being opened at a time. A client that asks for a thousand things and gives them up at once costs as
 * many handshakes as this, and not a thousand.
 */
const MAX_DIALS = 64;

/**
 * Hot loop: bench/load (scenarios http1-plain and http1-mtls).
 *
 * HTTP/1.1 connections to one endpoint, one request at a time on each. The most recently used idle connection goes
 * first, so that in quiet times the others age and are closed. Requests beyond the connections wait in order.
 */
export class Http1Pool implements UpstreamPool, Dialler, ClientConnectionOwner {
  readonly counters: PoolCounters = { connectionsTotal: 0, connectFailures: 0, requestsWaited: 0 };
  readonly #dial: Dial;
  readonly #limits: PoolLimits;
  readonly #now: () => number;
  readonly #maxRequests: () => number;
  readonly #isSidecar: boolean;
  readonly #idle: ClientConnection[] = [];
  readonly #open = new Set<ClientConnection>();
  /** Connections that a pool without any was allowed although the cluster was at its limit. */
  readonly #beyondLimit = new Set<ClientConnection>();
  readonly #waiting: WaitingRequests;
  #connecting = 0;
  #isClosed = false;

  /**
   * `now` is a coarse monotonic clock; idle times are counted in it. A connection that has carried `maxRequests` requests
   * is closed; 0 is no bound. `isSidecar`: the endpoint is dialled with mutual TLS, as another sidecar.
   */
  constructor(
    dial: Dial,
    limits: PoolLimits,
    now: () => number,
    maxRequests: () => number = () => 0,
    isSidecar = false,
  ) {
    this.#dial = dial;
    this.#limits = limits;
    this.#waiting = new WaitingRequests(limits.pendingRequests);
    this.#now = now;
    this.#maxRequests = maxRequests;
    this.#isSidecar = isSidecar;
  }

  get openConnections(): number {
    return this.#open.size;
  }

  get waiting(): number {
    return this.#waiting.length;
  }

  acquire(waiter: PoolWaiter): void {
    let connection = this.#idle.pop();
    while (connection !== undefined && this.#isExpired(connection)) {
      connection.abort();
      connection = this.#idle.pop();
    }
    if (connection !== undefined) {
      waiter.onStream(connection);
      return;
    }
    if (this.#isClosed) {
      waiter.onPoolFailure('connectFailure', 'the endpoint was removed');
    } else if (this.#waiting.add(waiter)) {
      this.counters.requestsWaited++;
      this.#openWhereNeeded();
    }
  }

  cancel(waiter: PoolWaiter): void {
    this.#waiting.cancel(waiter);
  }

  onConnectionReleased(connection: ClientConnection): void {
    if (!connection.isReusable) return; // it has closed itself, and `onConnectionClosed` has seen to it
    connection.isReused = true;
    connection.requests++;
    const maxRequests = this.#maxRequests();
    if (connection.idleLimitMs < 0 || (maxRequests > 0 && connection.requests >= maxRequests)) {
      connection.abort(); // whoever waits gets a new one
      return;
    }
    connection.transport.resume(); // a slow client may have stopped it with its last bytes; nobody else would undo that
    this.#hand(connection);
  }

  #hand(connection: ClientConnection): void {
    const waiter = this.#waiting.shift();
    if (waiter !== undefined) {
      waiter.onStream(connection);
    } else if (this.#isClosed) {
      connection.abort();
    } else {
      connection.idleSinceMs = this.#now();
      this.#idle.push(connection);
    }
  }

  onConnectionClosed(connection: ClientConnection): void {
    if (!this.#open.delete(connection)) return;
    if (!this.#beyondLimit.delete(connection)) this.#limits.connections.release();
    const at = this.#idle.lastIndexOf(connection);
    if (at >= 0) this.#idle.splice(at, 1);
    this.#openWhereNeeded();
  }

  sweep(idleTimeoutMs: number, maxDurationMs = 0): void {
    const now = this.#now();
    if (maxDurationMs > 0) {
      for (const connection of this.#open) {
        if (now - connection.openedAtMs > maxDurationMs) connection.idleLimitMs = -1; // its request is the last one
      }
    }
    const before = now - idleTimeoutMs;
    const expired = this.#idle.filter((each) => each.idleSinceMs < before || this.#isExpired(each));
    for (const connection of expired) connection.abort();
  }

  /** The upstream has said that it will close it about now: whatever is sent could meet its end. */
  #isExpired(connection: ClientConnection): boolean {
    return this.#now() - connection.idleSinceMs > connection.idleLimitMs;
  }

  close(): void {
    this.#isClosed = true;
    for (const connection of [...this.#idle]) connection.abort();
    this.#waiting.fail('connectFailure', 'the endpoint was removed');
  }

  #openWhereNeeded(): void {
    while (this.#waiting.length > this.#connecting && this.#connecting < MAX_DIALS && !this.#isClosed) {
      // a pool without any connection may always have one, or its waiters would wait for ever
      const isFirst = this.#open.size + this.#connecting === 0;
      const isGranted = this.#limits.connections.tryAcquire();
      if (!isGranted && !isFirst) return;
      this.#connecting++;
      this.counters.connectionsTotal++;
      this.#dial(new PendingDial(this, isGranted));
    }
  }

  adopt(transport: OpenedTransport, isCounted: boolean): void {
    this.#connecting--;
    const connection = new ClientConnection(transport, this, defaultHeadLimits, this.#isSidecar);
    connection.openedAtMs = this.#now();
    transport.startReading();
    this.#open.add(connection);
    if (!isCounted) this.#beyondLimit.add(connection);
    this.#hand(connection);
    this.#openWhereNeeded();
  }

  giveUp(failure: Failure, detail: string, isCounted: boolean): void {
    this.#connecting--;
    this.counters.connectFailures++;
    if (isCounted) this.#limits.connections.release();
    // those beyond the dials in progress share their fate: nobody waits for more than one that fails
    this.#waiting.fail(failure, detail, Math.ceil(this.#waiting.length / (this.#connecting + 1)));
    if (this.#connecting === 0) this.#openWhereNeeded();
  }
}

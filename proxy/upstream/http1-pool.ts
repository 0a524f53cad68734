import type { Failure } from '../failure.ts';
import type { ClientConnectionOwner } from '../http1/client-connection.ts';
import { ClientConnection } from '../http1/client-connection.ts';
import { defaultHeadLimits } from '../http1/head-limits.ts';
import type { OpenedTransport } from '../transport/open-transport.ts';
import type { Dial } from './dial.ts';
import { DiallingPool } from './dialling-pool.ts';
import type { PoolLimits, PoolWaiter, UpstreamPool } from './upstream-pool.ts';

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
export class Http1Pool extends DiallingPool implements UpstreamPool, ClientConnectionOwner {
  readonly #now: () => number;
  readonly #maxRequests: () => number;
  readonly #isSidecar: boolean;
  readonly #idle: ClientConnection[] = [];
  readonly #open = new Set<ClientConnection>();
  /** Connections that a pool without any was allowed although the cluster was at its limit. */
  readonly #beyondLimit = new Set<ClientConnection>();

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
    super(dial, limits);
    this.#now = now;
    this.#maxRequests = maxRequests;
    this.#isSidecar = isSidecar;
  }

  get openConnections(): number {
    return this.#open.size;
  }

  acquire(waiter: PoolWaiter): void {
    let connection = this.#idle.pop();
    while (connection !== undefined && this.#isExpired(connection)) {
      connection.abort();
      connection = this.#idle.pop();
    }
    if (connection !== undefined) waiter.onStream(connection);
    else this.enqueue(waiter);
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
    const waiter = this.waiters.shift();
    if (waiter !== undefined) {
      waiter.onStream(connection);
    } else if (this.isClosed) {
      connection.abort();
    } else {
      connection.idleSinceMs = this.#now();
      this.#idle.push(connection);
    }
  }

  onConnectionClosed(connection: ClientConnection): void {
    if (!this.#open.delete(connection)) return;
    if (!this.#beyondLimit.delete(connection)) this.limits.connections.release();
    const at = this.#idle.lastIndexOf(connection);
    if (at >= 0) this.#idle.splice(at, 1);
    this.openWhereNeeded();
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
    this.isClosed = true;
    for (const connection of [...this.#idle]) connection.abort();
    this.waiters.fail('connectFailure', 'the endpoint was removed');
  }

  protected get needsAnother(): boolean {
    return this.waiters.length > this.opening && this.opening < MAX_DIALS;
  }

  adopt(transport: OpenedTransport, isCounted: boolean): void {
    this.opening--;
    const connection = new ClientConnection(transport, this, defaultHeadLimits, this.#isSidecar);
    connection.openedAtMs = this.#now();
    transport.startReading();
    this.#open.add(connection);
    if (!isCounted) this.#beyondLimit.add(connection);
    this.#hand(connection);
    this.openWhereNeeded();
  }

  giveUp(failure: Failure, detail: string, isCounted: boolean): void {
    this.opening--;
    this.counters.connectFailures++;
    if (isCounted) this.limits.connections.release();
    // those beyond the dials in progress share their fate: nobody waits for more than one that fails
    this.waiters.fail(failure, detail, Math.ceil(this.waiters.length / (this.opening + 1)));
    if (this.opening === 0) this.openWhereNeeded();
  }
}

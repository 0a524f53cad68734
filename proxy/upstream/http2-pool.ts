import type { Failure } from '../failure.ts';
import type { Http2ClientConnectionOptions, Http2ClientConnectionOwner } from '../http2/client-connection.ts';
import { Http2ClientConnection } from '../http2/client-connection.ts';
import type { OpenedTransport } from '../transport/open-transport.ts';
import type { Dial } from './dial.ts';
import { DiallingPool } from './dialling-pool.ts';
import type { PoolLimits, PoolWaiter, UpstreamPool } from './upstream-pool.ts';

/** Requests that wait before one more connection is opened beside one that is just being opened. */
const STREAMS_PER_DIAL = 100;

/**
 * Hot loop: bench/load (scenarios with HTTP/2).
 *
 * HTTP/2 connections to one endpoint: one as long as it has room for all streams, more when the server allows fewer
 * streams than there are requests and the cluster's limit on connections permits. Requests beyond that wait in order.
 *
 * A connection that the server is closing (GOAWAY), or that has carried as many requests as it may, takes no new ones and
 * closes with its last stream.
 */
export class Http2Pool extends DiallingPool implements UpstreamPool, Http2ClientConnectionOwner {
  readonly #maxRequests: () => number;
  readonly #options: Http2ClientConnectionOptions;
  /** Connections that streams are taken from, in the order in which they became ready: the first ones fill up first. */
  readonly #ready: Http2ClientConnection[] = [];
  /** All connections, those included whose server has not said anything yet and those that only finish. */
  readonly #open = new Map<Http2ClientConnection, Opened>();

  /** A connection that has carried `maxRequests` requests is closed when they are answered; 0 is no bound. */
  constructor(dial: Dial, limits: PoolLimits, maxRequests: () => number, options: Http2ClientConnectionOptions) {
    super(dial, limits);
    this.#maxRequests = maxRequests;
    this.#options = options;
  }

  get openConnections(): number {
    return this.#open.size;
  }

  acquire(waiter: PoolWaiter): void {
    const connection = this.#withRoom();
    if (connection !== null) this.#lend(connection, waiter);
    else this.enqueue(waiter);
  }

  #withRoom(): Http2ClientConnection | null {
    for (const connection of this.#ready) {
      if (connection.hasRoom) return connection;
    }
    return null;
  }

  #lend(connection: Http2ClientConnection, waiter: PoolWaiter): void {
    const stream = connection.lend();
    const maxRequests = this.#maxRequests();
    if (maxRequests > 0 && connection.lentStreams >= maxRequests) {
      connection.retire();
      this.#forget(connection);
    }
    waiter.onStream(stream);
  }

  onConnectionReady(connection: Http2ClientConnection): void {
    const opened = this.#open.get(connection);
    if (opened === undefined || opened.isReady) return;
    opened.isReady = true;
    this.opening--;
    if (this.isClosed) connection.retire();
    else if (connection.hasRoom) this.#ready.push(connection);
    else {
      // SETTINGS_MAX_CONCURRENT_STREAMS 0: another connection would have as little, and the next, up to the cluster's limit
      this.#failWaiters('connectFailure', 'the instance takes no requests on a new connection of HTTP/2');
      connection.retire();
    }
    this.onStreamsFreed(connection);
  }

  onStreamsFreed(connection: Http2ClientConnection): void {
    while (this.waiters.length > 0 && connection.hasRoom) {
      this.#lend(connection, this.waiters.shift() as PoolWaiter); // there is one
    }
    if (this.waiters.length > 0) this.openWhereNeeded();
  }

  onConnectionClosed(connection: Http2ClientConnection): void {
    const opened = this.#open.get(connection);
    if (opened === undefined) return;
    this.#open.delete(connection);
    this.#forget(connection);
    if (opened.isCounted) this.limits.connections.release();
    if (!opened.isReady) {
      this.opening--;
      this.#failWaiters(
        'connectFailure',
        'the instance does not speak HTTP/2; a port that is declared http takes either version',
      );
    }
    this.openWhereNeeded();
  }

  #forget(connection: Http2ClientConnection): void {
    const at = this.#ready.indexOf(connection);
    if (at >= 0) this.#ready.splice(at, 1);
  }

  sweep(idleTimeoutMs: number, maxDurationMs = 0): void {
    const { nowMs } = this.#options.clock;
    for (const [connection, { openedAtMs }] of [...this.#open]) {
      connection.sweep(nowMs);
      if (maxDurationMs > 0 && nowMs - openedAtMs > maxDurationMs) {
        connection.retire();
        this.#forget(connection);
      }
      if (connection.isUnused && nowMs - connection.idleSinceMs > idleTimeoutMs) connection.shut();
    }
    // a connection that had to rest may have room again, and nothing else would tell
    if (this.waiters.length > 0) for (const connection of [...this.#ready]) this.onStreamsFreed(connection);
  }

  close(): void {
    this.isClosed = true;
    this.#ready.length = 0;
    for (const connection of [...this.#open.keys()]) connection.retire();
    this.#failWaiters('connectFailure', 'the endpoint was removed');
  }

  #failWaiters(failure: Failure, detail: string): void {
    if (this.waiters.length === 0) return;
    this.counters.connectFailures++;
    this.waiters.fail(failure, detail);
  }

  protected get needsAnother(): boolean {
    return this.waiters.length > this.opening * STREAMS_PER_DIAL;
  }

  adopt(transport: OpenedTransport, isCounted: boolean): void {
    const connection = new Http2ClientConnection(transport, this, this.#options);
    this.#open.set(connection, { isCounted, isReady: false, openedAtMs: this.#options.clock.nowMs });
    if (this.isClosed) connection.retire();
    transport.startReading();
  }

  /** One dial serves all who wait, and so does its failure. */
  giveUp(failure: Failure, detail: string, isCounted: boolean): void {
    this.opening--;
    if (isCounted) this.limits.connections.release();
    if (this.waiters.length === 0) this.counters.connectFailures++;
    this.#failWaiters(failure, detail);
    this.openWhereNeeded();
  }
}

interface Opened {
  /** Takes a place among the cluster's connections; a first connection may be one too many. */
  readonly isCounted: boolean;
  isReady: boolean;
  readonly openedAtMs: number;
}

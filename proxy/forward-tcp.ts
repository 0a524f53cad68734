import type { Buffer } from 'node:buffer';
import type { Cluster } from './cluster/cluster.ts';
import type { Endpoint } from './cluster/endpoint.ts';
import type { Failure } from './failure.ts';
import type { DownstreamPeer, ForwardEnvironment } from './forward/forward-environment.ts';
import { TcpUpstream } from './forward/forward-tcp-upstream.ts';
import { sourceOf } from './message/source-address.ts';
import type { TcpRoute } from './route/tcp-route.ts';
import type { OpenedTransport } from './transport/open-transport.ts';
import type { Transport, TransportHandler } from './transport/transport.ts';

/** What a listener gives to every TCP connection. */
export interface TcpEnvironment
  extends Pick<ForwardEnvironment, 'direction' | 'clock' | 'now' | 'resolvePassthrough' | 'ownPeerMetadata'> {
  readonly tcpRecorder: TcpRecorder;
}

/** Hears of connections that were taken: of each `opened` once or never, then `progress` now and then, and `closed` once. */
export interface TcpRecorder {
  /** The upstream has accepted. */
  opened(connection: ForwardedConnection): void;
  /** Bytes may have moved since the last call; about once a second. */
  progress(connection: ForwardedConnection): void;
  closed(connection: ForwardedConnection): void;
}

/** A connection as it is recorded. */
export interface ForwardedConnection {
  readonly environment: Pick<TcpEnvironment, 'direction' | 'now'>;
  readonly peer: DownstreamPeer;
  /** From the ClientHello that is carried, or the host that CONNECT named; empty when there was none. */
  readonly serverName: string;
  readonly route: TcpRoute<Cluster> | null;
  readonly cluster: Cluster | null;
  readonly endpoint: Endpoint | null;
  readonly failure: Failure | null;
  readonly detail: string;
  readonly attempts: number;
  /** By the environment's `now`; `connectedAtMs` is 0 until the upstream has accepted. */
  readonly startedAtMs: number;
  readonly connectedAtMs: number;
  /** From the client, and to it. */
  readonly receivedBytes: number;
  readonly sentBytes: number;
}

/** Who began a connection before it was clear that the client wants it. Nothing is called once it was taken. */
export interface UpstreamWatcher {
  onConnected(): void;
  /** The upstream is the first to speak: the connection must be taken, or cancelled, within this call. */
  onSpoken(): void;
  /** The upstream cannot be had, or is gone; the connection is cancelled. */
  onLost(failure: Failure, detail: string): void;
}

/**
 * One connection whose bytes are only carried. Each read of one side is one write to the other; a side whose peer does
 * not keep up is not read, so that what is held is bounded by the transports' high-water mark. Each direction ends by
 * itself; a side that breaks off breaks off the other.
 *
 * ```
 *   client ──▶ #down ── writeBytes ──▶ upstream     pause #down until upstream drains
 *   client ◀── writeBytes ── #up ◀── upstream       pause #up until the client drains
 * ```
 *
 * It is usable in two steps, since what the client speaks may not be known yet: `connect` finds an upstream, `take` gives
 * it the client's side.
 */
export class TcpConnection implements ForwardedConnection {
  readonly environment: TcpEnvironment;
  readonly peer: DownstreamPeer;
  serverName: string;
  route: TcpRoute<Cluster> | null = null;
  failure: Failure | null = null;
  detail = '';
  readonly startedAtMs: number;
  connectedAtMs = 0;
  readonly #upstream: TcpUpstream;
  readonly #down = new End(this);
  readonly #up = new End(this);
  readonly #onClosed: (connection: TcpConnection) => void;
  #watcher: UpstreamWatcher | null = null;
  #state: State = 'new';
  /** What the client sent before there was an upstream, and whether it has ended since. */
  #first: Buffer | null = null;
  #touchedAtMs: number;

  /** `onClosed` is called once for a connection that was taken. */
  constructor(
    environment: TcpEnvironment,
    peer: DownstreamPeer,
    serverName: string,
    onClosed: (connection: TcpConnection) => void,
  ) {
    this.environment = environment;
    this.peer = peer;
    this.serverName = serverName;
    this.#onClosed = onClosed;
    this.startedAtMs = environment.now();
    this.#touchedAtMs = environment.clock.nowMs;
    this.#upstream = new TcpUpstream(this, environment.resolvePassthrough);
    this.#down.other = this.#up;
    this.#up.other = this.#down;
  }

  get cluster(): Cluster | null {
    return this.#upstream.cluster;
  }

  get endpoint(): Endpoint | null {
    return this.#upstream.endpoint;
  }

  get attempts(): number {
    return this.#upstream.attempts;
  }

  get receivedBytes(): number {
    return this.#down.bytes;
  }

  get sentBytes(): number {
    return this.#up.bytes;
  }

  /** Finds an upstream. `authority` names the host where the cluster has no endpoints of its own. */
  connect(route: TcpRoute<Cluster>, authority: string, watcher: UpstreamWatcher | null): void {
    this.route = route;
    this.#watcher = watcher;
    this.#state = 'connecting';
    this.#upstream.connect(route, authority, sourceOf(this.peer.address, this.environment.ownPeerMetadata));
  }

  /**
   * The client's side, which must be reading, belongs to this connection from now on. `first` was read from it already;
   * `hasEnded` says that nothing more will come.
   */
  take(downstream: Transport, first: Buffer | null, hasEnded: boolean): void {
    this.#watcher = null;
    this.#first = first;
    this.#down.hasEnded = hasEnded;
    this.#down.transport = downstream;
    downstream.allowHalfOpen(true);
    downstream.setHandler(this.#down);
    if (this.#state === 'connected') this.#splice();
    else if (this.#state === 'connecting') downstream.pause();
    else this.#refuse();
  }

  /** As `take`, where it is known already that there is nothing for this client. */
  refuse(downstream: Transport, failure: Failure, detail: string): void {
    this.failure = failure;
    this.detail = detail;
    this.take(downstream, null, false);
  }

  /** The client speaks something else, or is gone: for a connection that was never taken. */
  cancel(): void {
    if (this.#state === 'closed') return;
    this.#watcher = null;
    this.#state = 'closed';
    this.#up.transport?.destroy();
    this.#upstream.leave();
  }

  onUpstream(transport: OpenedTransport): void {
    this.#state = 'connected';
    this.connectedAtMs = this.environment.now();
    this.#up.transport = transport;
    transport.allowHalfOpen(true);
    transport.setHandler(this.#up);
    if (this.#watcher === null) this.#splice();
    else this.#watcher.onConnected();
    if (!this.#up.isClosed) transport.startReading();
  }

  onUpstreamFailure(failure: Failure, detail: string): void {
    this.failure = failure;
    this.detail = detail;
    this.#state = 'failed';
    const watcher = this.#watcher;
    if (watcher === null) {
      this.#refuse();
      return;
    }
    this.cancel();
    watcher.onLost(failure, detail);
  }

  #splice(): void {
    const [down, up] = [this.#down.transport, this.#up.transport];
    if (down === null || up === null) return;
    this.#state = 'open';
    this.touch();
    this.environment.tcpRecorder.opened(this);
    const first = this.#first;
    this.#first = null;
    let isFlowing = true;
    if (first !== null && first.length > 0) {
      this.#down.bytes += first.length;
      isFlowing = up.writeBytes(first, 0, first.length, true);
    }
    if (this.#down.hasEnded) up.finish();
    if (isFlowing) down.resume();
    else down.pause();
  }

  /** Nothing was exchanged with the client, and it is told so by a reset. */
  #refuse(): void {
    this.#down.transport?.reset();
  }

  touch(): void {
    this.#touchedAtMs = this.environment.clock.nowMs;
  }

  /** The upstream speaks, and nobody has decided yet. False when the bytes are of no use. */
  onEarlyBytes(): boolean {
    this.#watcher?.onSpoken();
    return this.#state === 'open';
  }

  /** An end without another to pass it on to: the upstream's before anybody has decided makes it useless. */
  onEarlyEnd(end: End): void {
    if (end === this.#down) return;
    const watcher = this.#watcher;
    this.cancel();
    watcher?.onLost('upstreamReset', 'it closed the connection before anything was said');
  }

  onEndClosed(end: End, error: Error | null): void {
    if (this.#state === 'closed') return;
    if (end === this.#up && this.#down.transport === null) {
      this.onEarlyEnd(end);
      return;
    }
    const { other } = end;
    const isOrderly = error === null && end.hasEnded && other.hasEnded;
    // the other side closes by itself once it has been told the rest
    if (isOrderly && !other.isClosed && other.transport !== null) return;
    if (this.failure === null && (error !== null || !isOrderly)) {
      this.failure = end === this.#down ? 'downstreamReset' : 'upstreamReset';
      this.detail = error?.message ?? '';
    }
    this.#close();
  }

  /** Looks for what takes too long; called about once a second. */
  sweep(nowMs: number): void {
    if (this.#state !== 'open') return;
    this.environment.tcpRecorder.progress(this);
    if (nowMs - this.#touchedAtMs <= (this.route?.idleTimeoutMs ?? 0)) return;
    this.failure = 'streamIdleTimeout';
    this.#close();
  }

  /** Nothing tells the client to move on but the end, which would break its protocol off: it has the time that is left. */
  drain(): void {}

  #close(): void {
    this.#state = 'closed';
    for (const { transport, isClosed } of [this.#down, this.#up]) {
      if (transport === null || isClosed) continue;
      if (this.failure === 'streamIdleTimeout') transport.destroy();
      else transport.reset();
    }
    this.#upstream.leave();
    this.environment.tcpRecorder.closed(this);
    this.#onClosed(this);
  }
}

/** `failed`: the client's side is not there yet, or is being reset. */
type State = 'new' | 'connecting' | 'connected' | 'failed' | 'open' | 'closed';

/** One side of a connection. */
class End implements TransportHandler {
  transport: Transport | null = null;
  other!: End;
  bytes = 0;
  /** It sends no more. */
  hasEnded = false;
  isClosed = false;
  readonly #connection: TcpConnection;

  constructor(connection: TcpConnection) {
    this.#connection = connection;
  }

  onBytes(buffer: Buffer, length: number, owned: boolean): void {
    if (this.other.transport === null && !this.#connection.onEarlyBytes()) return;
    this.bytes += length;
    this.#connection.touch();
    if (this.other.transport?.writeBytes(buffer, 0, length, owned) === false) this.transport?.pause();
  }

  onEnd(): void {
    this.hasEnded = true;
    if (this.other.transport === null) this.#connection.onEarlyEnd(this);
    else this.other.transport.finish();
  }

  onDrain(): void {
    this.#connection.touch();
    this.other.transport?.resume();
  }

  onClose(error: Error | null): void {
    this.isClosed = true;
    this.#connection.onEndClosed(this, error);
  }
}

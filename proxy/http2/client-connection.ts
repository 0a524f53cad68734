import { Buffer } from 'node:buffer';
import type { Failure } from '../failure.ts';
import type { OutgoingRequest, UpstreamStream } from '../message-head.ts';
import { ResponseHead } from '../message-head.ts';
import { TokenBucket } from '../token-bucket.ts';
import type { Transport } from '../transport/transport.ts';
import type { ClientStreamHost } from './client-stream.ts';
import { ClientStream } from './client-stream.ts';
import { isBlame, NO_ERROR, PROTOCOL_ERROR, SETTINGS_TIMEOUT, STREAM_CLOSED } from './error-codes.ts';
import type { CoarseTime } from './frame-rules.ts';
import {
  CONNECTION_PREFACE,
  DATA,
  END_STREAM,
  FRAME_HEADER_BYTES,
  MAX_FRAME_BYTES,
  MAX_UINT31,
  uint31At,
} from './frames.ts';
import type { FieldLimits, FieldList } from './hpack/field-list.ts';
import { defaultFieldLimits } from './hpack/field-list.ts';
import { Http2Connection } from './http2-connection.ts';
import type { Http2Limits } from './http2-limits.ts';
import { defaultHttp2Limits } from './http2-limits.ts';
import type { Http2KeepAlive } from './peer-liveness.ts';
import { PeerLiveness } from './peer-liveness.ts';
import { maxRequestSize, writeRequestFields } from './request-fields.ts';
import { readResponseFields } from './response-fields.ts';
import { ENABLE_PUSH, INITIAL_WINDOW_SIZE, MAX_HEADER_LIST_SIZE } from './settings.ts';
import { readTrailerFields } from './trailer-fields.ts';

/** Whom a client connection belongs to. */
export interface Http2ClientConnectionOwner {
  /** The server's settings have come: streams may be opened. Called once, unless the connection is closed first. */
  onConnectionReady(connection: Http2ClientConnection): void;
  /** A stream is over, or more may be open than before. */
  onStreamsFreed(connection: Http2ClientConnection): void;
  /** The connection is gone and must not be used again. Called once. */
  onConnectionClosed(connection: Http2ClientConnection): void;
}

export interface Http2ClientConnectionOptions {
  readonly clock: CoarseTime;
  readonly limits?: Http2Limits;
  readonly fieldLimits?: FieldLimits;
  /** Null, the default: the server is asked for a sign of life only when a request was given up. */
  readonly keepAlive?: Http2KeepAlive | null;
  /** Another sidecar is at the other end, which mutual TLS has proven. Default false. */
  readonly isSidecar?: boolean;
}

/** A whole answer up to this size comes in one call, as text with its head. */
const MAX_WHOLE_BODY_BYTES = 16_384;

/** The server's settings must have come by then. */
const SETTINGS_TIMEOUT_MS = 10_000;

/** The end of a tunnel that the server does not take is given up after this time (Envoy, `stream_flush_timeout`). */
const FLUSH_TIMEOUT_MS = 300_000;

/** Stream objects that wait for their next stream. */
const MAX_FREE_STREAMS = 128;

/** How much of the server's patience with resets is used: its clock and ours are not the same. */
const SHARE_OF_RESETS = 0.9;

/**
 * The client side of one HTTP/2 connection (RFC 9113), by prior knowledge or ALPN. It carries no request before the server
 * has sent its settings, so that the server's limit on streams and its extended CONNECT are known; a server that is not one
 * of HTTP/2 is found out before it can have seen a request.
 */
export class Http2ClientConnection extends Http2Connection<ClientStream> implements ClientStreamHost {
  /** Streams lent so far. */
  lentStreams = 0;
  /** When the last stream ended. */
  idleSinceMs: number;
  readonly #owner: Http2ClientConnectionOwner;
  readonly #free: ClientStream[] = [];
  readonly #head = new ResponseHead();
  #nextStreamId = 1;
  /**
   * Resets that the server still bears, if it is like us and nghttp2: ours, and its own for what it blames us for. Clients share this connection: what one of them gives
   * up must not end the streams of the others, so there are never more streams open than may all be reset.
   */
  readonly #resets: TokenBucket;
  /** Lent and not yet opened. */
  #lent = 0;
  #isReady = false;
  #isRetired = false;
  readonly #openedAtMs: number;
  readonly #liveness: PeerLiveness;
  readonly #isSidecar: boolean;

  constructor(transport: Transport, owner: Http2ClientConnectionOwner, options: Http2ClientConnectionOptions) {
    const limits = options.limits ?? defaultHttp2Limits;
    const fieldLimits = options.fieldLimits ?? defaultFieldLimits;
    super(transport, { clock: options.clock, limits, fieldLimits, isPeerServer: true });
    this.#owner = owner;
    this.#isSidecar = options.isSidecar === true;
    this.idleSinceMs = options.clock.nowMs;
    this.#openedAtMs = options.clock.nowMs;
    this.#liveness = new PeerLiveness(options.keepAlive ?? null, options.clock.nowMs);
    const { maxResetBurst, resetsPerSecond } = limits;
    this.#resets = new TokenBucket(
      maxResetBurst * SHARE_OF_RESETS,
      resetsPerSecond * SHARE_OF_RESETS,
      options.clock.nowMs,
    );
    this.output.writeRaw(CONNECTION_PREFACE);
    this.sendSettings([
      [ENABLE_PUSH, 0],
      [INITIAL_WINDOW_SIZE, limits.initialStreamWindowSize],
      [MAX_HEADER_LIST_SIZE, fieldLimits.maxHeadBytes],
    ]);
  }

  /** One more stream may be lent now. */
  get hasRoom(): boolean {
    const open = this.streams.size + this.#lent;
    return (
      this.#isReady &&
      !this.#isRetired &&
      !this.#liveness.isDoubted &&
      this.isReading &&
      open < this.peer.maxConcurrentStreams &&
      open < this.limits.maxConcurrentStreams &&
      open + 1 <= this.#resets.left(this.clock.nowMs)
    );
  }

  /** No more streams will be lent: the server said so, or the connection has carried as many as it may. */
  get isRetired(): boolean {
    return this.#isRetired;
  }

  /** No stream is open or about to be. */
  get isUnused(): boolean {
    return this.streams.size + this.#lent === 0;
  }

  /** A stream for one exchange; `hasRoom` must be true. */
  lend(): UpstreamStream {
    const stream = this.#free.pop() ?? new ClientStream(this);
    stream.lend(this.lentStreams++ > 0);
    this.#lent++;
    if (this.lentStreams > MAX_UINT31 / 2 - 1) this.retire(); // the numbers are used up
    return stream;
  }

  /** Lends no more; closes when the last stream is over. */
  retire(): void {
    this.#isRetired = true;
    this.#closeWhenDone();
  }

  openStream(stream: ClientStream, request: OutgoingRequest, isEnd: boolean): Failure | null {
    if (!this.isReading) return 'connectFailure';
    if (request.upgrade !== '' && !this.peer.enableConnectProtocol) return 'upgradeNotSupported';
    const id = this.#nextStreamId;
    this.#nextStreamId += 2;
    this.#lent--;
    stream.begin(id, this.peer.initialWindowSize);
    this.streams.set(id, stream);
    this.guard.onStreamOpened();
    this.guard.onMessageFrameSent(false);
    const { output } = this;
    const at = output.beginBlock(maxRequestSize(request));
    output.endBlock(id, isEnd, writeRequestFields(this.encoder, output.buffer, at, request));
    return null;
  }

  returnUnused(): void {
    this.#lent--;
    this.#onFreed();
  }

  /**
   * The request is given up. When nothing has come from the server for a while, others would fare no better: new requests go
   * to another connection until something comes.
   */
  override resetStream(stream: ClientStream, code: number): void {
    if (this.isReading && this.#liveness.gaveUp(this.clock.nowMs)) this.output.writePing(0, pingData, 0);
    super.resetStream(stream, code);
  }

  protected override read(buffer: Buffer, length: number, owned: boolean): void {
    const isTrustedAgain = this.#liveness.heard(this.clock.nowMs);
    super.read(buffer, length, owned);
    if (isTrustedAgain && this.isReading) this.#owner.onStreamsFreed(this);
  }

  /** The server takes what we send: that is a sign of life too, and while it takes nothing we may not be reading. */
  override onDrain(): void {
    this.#liveness.heard(this.clock.nowMs);
    super.onDrain();
  }

  recycle(stream: ClientStream): void {
    if (this.#free.length < MAX_FREE_STREAMS) this.#free.push(stream);
  }

  protected onFields(id: number, isEnd: boolean, isSelfDependent: boolean, fields: FieldList): void {
    const stream = this.streams.get(id);
    if (stream === undefined) {
      if (this.isIdle(id)) this.fail(PROTOCOL_ERROR, 'an answer that nobody asked for');
      else this.onClosedStreamFrame(id);
    } else if (stream.isRemoteClosed) {
      this.streamError(id, STREAM_CLOSED);
    } else if (isSelfDependent) {
      this.streamError(id, PROTOCOL_ERROR);
    } else if (stream.hasResponse) {
      this.#onTrailers(stream, isEnd, fields);
    } else {
      this.#onResponse(stream, isEnd, fields);
    }
  }

  #onResponse(stream: ClientStream, isEnd: boolean, fields: FieldList): void {
    const { id } = stream;
    const head = this.#head;
    if (readResponseFields(fields, isEnd, stream.method, head, this.#isSidecar) !== null) {
      this.streamError(id, PROTOCOL_ERROR);
      return;
    }
    if (head.status >= 200) {
      // an answer without a body may still end with an empty DATA frame
      if (head.framing === 'length') stream.missingBytes = head.contentLength;
      else if (head.framing === 'none') stream.missingBytes = 0;
      if (isEnd) this.#endResponse(stream);
      else if (!this.#takeWholeBody(stream)) return;
    }
    if (!stream.respond(head)) this.streamError(id, PROTOCOL_ERROR);
  }

  /** The answer is whole with its head: the stream is over, unless its request goes on. */
  #endResponse(stream: ClientStream): void {
    stream.isRemoteClosed = true;
    this.onReceivingEnded(stream);
  }

  /** As in the server: a body that stands right behind its head becomes part of it. False when it was at fault. */
  #takeWholeBody(stream: ClientStream): boolean {
    const { reader } = this;
    const head = this.#head;
    const { id } = stream;
    if (head.framing === 'tunnel') return true;
    const { buffer, limit } = reader;
    const at = reader.next;
    if (limit - at < FRAME_HEADER_BYTES || buffer[at + 3] !== DATA || buffer[at + 4] !== END_STREAM) return true;
    const start = at + FRAME_HEADER_BYTES;
    // there are nine bytes
    const size = ((buffer[at] as number) << 16) | ((buffer[at + 1] as number) << 8) | (buffer[at + 2] as number);
    const end = start + size;
    if (end > limit || size > MAX_FRAME_BYTES || size > MAX_WHOLE_BODY_BYTES || size > stream.receiveWindow)
      return true;
    if (uint31At(buffer, at + 5) !== id) return true;
    reader.next = end;
    if (!this.takeFromWindow(size) || !this.countBody(stream, size, true)) return false;
    this.giveBackWindow();
    head.body = buffer.toString('latin1', start, end);
    head.isComplete = true;
    this.#endResponse(stream);
    return true;
  }

  #onTrailers(stream: ClientStream, isEnd: boolean, fields: FieldList): void {
    const trailers = isEnd ? readTrailerFields(fields) : null;
    if (trailers === null) {
      this.streamError(stream.id, PROTOCOL_ERROR);
    } else if (this.countBody(stream, 0, true)) {
      stream.isRemoteClosed = true;
      stream.receiveEnd(trailers);
    }
  }

  protected isIdle(id: number): boolean {
    return id % 2 === 0 || id >= this.#nextStreamId;
  }

  /** Servers open no streams here. */
  protected lastPeerStreamId(): number {
    return 0;
  }

  /** What the server has not looked at, and never will, may be sent elsewhere (RFC 9113 section 6.8). */
  protected onGoaway(lastStreamId: number, _code: number): void {
    this.#isRetired = true;
    this.#liveness.saidGoodbye();
    for (const stream of [...this.streams.values()]) {
      if (stream.id <= lastStreamId) continue;
      this.removeStream(stream);
      stream.onLost('refused', NO_ERROR);
    }
    this.#closeWhenDone();
  }

  protected onPingAck(): void {}

  protected onSettings(): void {
    if (this.#isReady) {
      this.#onFreed();
      return;
    }
    this.#isReady = true;
    this.#owner.onConnectionReady(this);
  }

  /** The request is whole and its answer is not: that is how it goes. */
  protected onSentFirst(): void {}

  protected onStreamReset(isOurs: boolean, code: number): void {
    if (isOurs || isBlame(code)) this.#resets.spend(this.clock.nowMs);
  }

  protected onStreamRemoved(stream: ClientStream): void {
    stream.onRemoved();
    this.#onFreed();
  }

  #onFreed(): void {
    if (this.isUnused) this.idleSinceMs = this.clock.nowMs;
    if (this.#isRetired) this.#closeWhenDone();
    else if (this.isReading) this.#owner.onStreamsFreed(this);
  }

  #closeWhenDone(): void {
    if (this.isUnused) this.shut();
  }

  /** Says goodbye and closes; streams that are still open are lost. */
  shut(): void {
    if (!this.isReading) return;
    this.output.writeGoaway(0, NO_ERROR, '');
    this.close();
  }

  /** Looks for what takes too long; called about once a second. */
  sweep(nowMs: number): void {
    for (const stream of this.streams.values()) stream.sweep(nowMs, FLUSH_TIMEOUT_MS);
    if (this.#isReady) {
      this.#lookForLife(nowMs);
      return;
    }
    if (nowMs - this.#openedAtMs > SETTINGS_TIMEOUT_MS) this.fail(SETTINGS_TIMEOUT, 'no settings came');
  }

  #lookForLife(nowMs: number): void {
    const liveness = this.#liveness;
    const state = liveness.sweep(nowMs);
    if (state === 'ask') this.output.writePing(0, pingData, 0);
    else if (state === 'lost' || (liveness.isDoubted && this.isUnused)) this.lose();
  }

  protected cut(): void {
    this.transport.destroy();
  }

  protected onEnded(): void {
    this.#owner.onConnectionClosed(this);
  }

  protected onConnectionLost(): void {}
}

const pingData = Buffer.from('heddle/1');

import { Buffer } from 'node:buffer';
import type { Failure } from '../failure.ts';
import type { HeaderTrust } from '../message/header-trust.ts';
import type { DownstreamStream, RequestReceiver } from '../message-head.ts';
import type { Transport } from '../transport/transport.ts';
import { NO_ERROR, PROTOCOL_ERROR, REFUSED_STREAM, STREAM_CLOSED } from './error-codes.ts';
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
import { maxEncodedSize } from './hpack/hpack-encoder.ts';
import { Http2Connection } from './http2-connection.ts';
import type { Http2Limits } from './http2-limits.ts';
import { defaultHttp2Limits } from './http2-limits.ts';
import { readRequestFields } from './request-fields.ts';
import { writeResponseFields } from './response-fields.ts';
import type { ServerStreamHost } from './server-stream.ts';
import { ServerStream } from './server-stream.ts';
import {
  ENABLE_CONNECT_PROTOCOL,
  INITIAL_WINDOW_SIZE,
  MAX_CONCURRENT_STREAMS,
  MAX_HEADER_LIST_SIZE,
} from './settings.ts';
import { readTrailerFields } from './trailer-fields.ts';

/** What a server connection needs from the listener that accepted it. */
export interface Http2ServerConnectionOptions {
  readonly trust: HeaderTrust;
  readonly clock: CoarseTime;
  readonly limits?: Http2Limits;
  readonly fieldLimits?: FieldLimits;
  /** The preface, and each frame and header block, must be whole within this time of their first byte. Default 60 000. */
  readonly headerTimeoutMs?: number;
  /** A connection without streams is closed after this time. Default 3 600 000 (Envoy `idle_timeout`). */
  readonly idleTimeoutMs?: number;
  /** A complete answer that its client does not take is given up after this time. Default 300 000 (`stream_flush_timeout`). */
  readonly streamIdleTimeoutMs?: number;
  /** Between the first GOAWAY and the last, unless the client shows earlier that it has read it. Default 5000. */
  readonly drainTimeoutMs?: number;
  /** The connection is drained after as many requests; 0 is no bound. */
  readonly maxRequests?: number;
  /** Somebody to answer the requests of one stream object; called once for each object, not for each request. */
  accept(stream: DownstreamStream): RequestReceiver;
  /** Answers a request that was refused before anyone saw it: extra header lines and the body. */
  describe(failure: Failure, detail?: string): { readonly lines: string; readonly body: string };
  /** A request was refused at the protocol level; for counters and the access log. */
  onRefused(failure: Failure): void;
  onClosed(connection: Http2ServerConnection): void;
}

/** A body that has arrived with its head, and is no larger than this, is kept whole so that it can be sent again. */
const MAX_WHOLE_BODY_BYTES = 65_536;

/** For whoever asks for a tunnel (section 8.5), which an HTTP/1 connection can become and a stream here cannot. */
const CONNECT_REFUSED = 'CONNECT over HTTP/2 is not carried; the HTTP proxy port takes it over HTTP/1.1';

/** Stream objects that wait for their next stream. */
const MAX_FREE_STREAMS = 128;

/**
 * The server side of one HTTP/2 connection (RFC 9113), after prior knowledge or ALPN: the client's preface comes first.
 *
 * ```
 *   drain:  GOAWAY(2^31-1), PING ──▶ ACK or drainTimeoutMs ──▶ GOAWAY(last stream) ──▶ last stream over ──▶ close
 * ```
 */
export class Http2ServerConnection extends Http2Connection<ServerStream> implements ServerStreamHost {
  readonly #options: Http2ServerConnectionOptions;
  readonly #free: ServerStream[] = [];
  readonly #accept: (stream: DownstreamStream) => RequestReceiver;
  /** Bytes of the preface that have come. */
  #prefaceBytes = 0;
  #lastStreamId = 0;
  #requests = 0;
  #isGoing: Going = 'no';
  #drainingSinceMs = 0;
  /** The next sweep destroys the socket. */
  #isCut = false;
  #idleSinceMs: number;
  /** When a sweep first saw the present, unfinished frame or preface; 0 when none has. */
  #partialSinceMs = 0;
  #framesAtSweep = 0;

  constructor(transport: Transport, options: Http2ServerConnectionOptions) {
    const limits = options.limits ?? defaultHttp2Limits;
    const fieldLimits = options.fieldLimits ?? defaultFieldLimits;
    super(transport, { clock: options.clock, limits, fieldLimits, isPeerServer: false });
    this.#options = options;
    this.#accept = (stream) => options.accept(stream);
    this.#idleSinceMs = options.clock.nowMs;
    this.sendSettings([
      [MAX_CONCURRENT_STREAMS, limits.maxConcurrentStreams],
      [INITIAL_WINDOW_SIZE, limits.initialStreamWindowSize],
      [MAX_HEADER_LIST_SIZE, fieldLimits.maxHeadBytes],
      [ENABLE_CONNECT_PROTOCOL, 1],
    ]);
  }

  protected override read(buffer: Buffer, length: number, owned: boolean): void {
    let from = 0;
    while (this.#prefaceBytes < CONNECTION_PREFACE.length) {
      if (from === length) return;
      if (buffer[from++] !== CONNECTION_PREFACE.charCodeAt(this.#prefaceBytes++)) {
        this.fail(PROTOCOL_ERROR, 'this is not HTTP/2');
        return;
      }
    }
    this.reader.read(buffer, from, length, owned, this);
  }

  protected onFields(id: number, isEnd: boolean, isSelfDependent: boolean, fields: FieldList): void {
    const stream = this.streams.get(id);
    if (stream !== undefined) {
      this.#onTrailers(stream, isEnd, isSelfDependent, fields);
    } else if (id % 2 === 0) {
      this.fail(PROTOCOL_ERROR, 'a client opens streams with odd numbers');
    } else if (id <= this.#lastStreamId) {
      this.onClosedStreamFrame(id);
    } else if (this.#isGoing !== 'last') {
      this.#onRequest(id, isEnd, isSelfDependent, fields);
    }
    // what was opened after the last GOAWAY is ignored: its client knows that it was (RFC 9113 section 6.8)
  }

  #onRequest(id: number, isEnd: boolean, isSelfDependent: boolean, fields: FieldList): void {
    if (id > this.#lastStreamId + 2) this.closedStreams.rememberGap(this.#lastStreamId, id);
    this.#lastStreamId = id;
    this.guard.onStreamOpened();
    if (isSelfDependent) {
      this.streamError(id, PROTOCOL_ERROR);
      return;
    }
    if (this.streams.size >= this.limits.maxConcurrentStreams) {
      this.streamError(id, REFUSED_STREAM);
      return;
    }
    const stream = this.#free.pop() ?? new ServerStream(this, this.#accept);
    stream.begin(id, this.peer.initialWindowSize);
    stream.isRemoteClosed = isEnd;
    this.streams.set(id, stream);
    const { head } = stream;
    const fault = readRequestFields(fields, isEnd, this.#options.trust, head);
    if (fault === 'malformed') {
      this.#options.onRefused('badRequest');
      this.streamError(id, PROTOCOL_ERROR);
      return;
    }
    const refusal = fault ?? (head.method === 'CONNECT' ? 'upgradeNotSupported' : null);
    if (refusal !== null) {
      this.#options.onRefused(refusal);
      stream.refuse(refusal, this.#options.describe(refusal, refusal === 'upgradeNotSupported' ? CONNECT_REFUSED : ''));
      return;
    }
    if (head.framing === 'length') stream.missingBytes = head.contentLength;
    else if (head.framing === 'none' && head.upgrade === '') stream.missingBytes = 0;
    if (!isEnd && !this.#takeWholeBody(stream)) return;
    if (isEnd && head.upgrade !== '') this.#requestHalfTunnel(stream);
    else stream.request();
    const { maxRequests = 0 } = this.#options;
    if (maxRequests > 0 && ++this.#requests >= maxRequests) this.drain();
  }

  /** One direction of the tunnel has ended with its head: its end comes behind the answer, as any other's (RFC 8441). */
  #requestHalfTunnel(stream: ServerStream): void {
    const { id } = stream;
    stream.head.isComplete = false;
    stream.request();
    if (stream.id === id) stream.receiveEnd('');
  }

  /**
   * Where all of the body stands in the bytes at hand, right behind the head, it becomes part of the head: such a request
   * goes on in one write, and can be sent again. False when the body turned out to be at fault.
   */
  #takeWholeBody(stream: ServerStream): boolean {
    const { reader, headerBlock } = this;
    const { id, head } = stream;
    if (head.upgrade !== '' || headerBlock.streamId !== 0) return true;
    const { buffer, limit } = reader;
    const most = Math.min(MAX_WHOLE_BODY_BYTES, stream.receiveWindow);
    let body = '';
    for (let at = reader.next; limit - at >= FRAME_HEADER_BYTES; ) {
      // there are nine bytes
      const flags = buffer[at + 4] as number;
      const size = ((buffer[at] as number) << 16) | ((buffer[at + 1] as number) << 8) | (buffer[at + 2] as number);
      const end = at + FRAME_HEADER_BYTES + size;
      const isLast = (flags & END_STREAM) !== 0;
      if (buffer[at + 3] !== DATA || (flags & ~END_STREAM) !== 0 || uint31At(buffer, at + 5) !== id) return true;
      if (end > limit || size > MAX_FRAME_BYTES || body.length + size > most || (size === 0 && !isLast)) return true;
      body += buffer.toString('latin1', at + FRAME_HEADER_BYTES, end);
      at = end;
      if (!isLast) continue;
      reader.next = end;
      if (!this.takeFromWindow(body.length) || !this.countBody(stream, body.length, true)) return false;
      this.giveBackWindow();
      stream.isRemoteClosed = true;
      head.body = body;
      head.isComplete = true;
      return true;
    }
    return true;
  }

  #onTrailers(stream: ServerStream, isEnd: boolean, isSelfDependent: boolean, fields: FieldList): void {
    const { id } = stream;
    if (stream.isRemoteClosed) {
      this.streamError(id, STREAM_CLOSED);
      return;
    }
    const trailers = isEnd && !isSelfDependent ? readTrailerFields(fields) : null;
    if (trailers === null) {
      this.streamError(id, PROTOCOL_ERROR);
    } else if (this.countBody(stream, 0, true)) {
      stream.isRemoteClosed = true;
      stream.receiveEnd(trailers);
    }
  }

  writeResponse(streamId: number, status: number, lines: string, isEnd: boolean): void {
    const { encoder, output } = this;
    const at = output.beginBlock(maxEncodedSize(lines.length));
    output.endBlock(streamId, isEnd, writeResponseFields(encoder, output.buffer, at, status, lines));
    this.guard.onMessageFrameSent(false);
  }

  recycle(stream: ServerStream): void {
    if (this.#free.length < MAX_FREE_STREAMS) this.#free.push(stream);
  }

  protected isIdle(id: number): boolean {
    return id % 2 === 0 || id > this.#lastStreamId;
  }

  protected lastPeerStreamId(): number {
    return this.#lastStreamId;
  }

  protected onStreamReset(): void {}

  /** The answer is whole and its request is not: the rest of it is not wanted (RFC 9113 section 8.1). */
  protected onSentFirst(stream: ServerStream): void {
    if (stream.isHalfOpen) return;
    if (stream.isRemoteClosed) this.removeStream(stream);
    else this.resetStream(stream, NO_ERROR);
  }

  protected onStreamRemoved(stream: ServerStream): void {
    stream.onRemoved();
    if (this.streams.size > 0) return;
    this.#idleSinceMs = this.clock.nowMs;
    if (this.#isGoing === 'last') this.close();
  }

  protected onSettings(): void {}

  /** The client goes away: what it has asked for is answered. */
  protected onGoaway(): void {
    this.#sayLast();
  }

  /** Ends the connection in good order: new streams are taken until the client can know, and all are answered. */
  drain(): void {
    if (!this.isReading || this.#isGoing !== 'no') return;
    this.#isGoing = 'first';
    this.#drainingSinceMs = this.clock.nowMs;
    this.output.writeGoaway(MAX_UINT31, NO_ERROR, '');
    this.output.writePing(0, pingData, 0);
  }

  /** The client has read what came before the PING, so it opens no more streams. */
  protected onPingAck(): void {
    if (this.#isGoing === 'first') this.#sayLast();
  }

  #sayLast(): void {
    if (this.#isGoing === 'last') return;
    this.#isGoing = 'last';
    this.output.writeGoaway(this.#lastStreamId, NO_ERROR, '');
    if (this.streams.size === 0) this.close();
  }

  /** Looks for what takes too long; called about once a second. */
  sweep(nowMs: number): void {
    if (this.#isCut) this.transport.destroy();
    if (!this.isReading) return;
    const { headerTimeoutMs = 60_000, idleTimeoutMs = 3_600_000, drainTimeoutMs = 5000 } = this.#options;
    const { streamIdleTimeoutMs = 300_000 } = this.#options;
    for (const stream of this.streams.values()) stream.sweep(nowMs, streamIdleTimeoutMs);
    if (this.#isLate(nowMs, headerTimeoutMs)) {
      this.#options.onRefused('headerTimeout');
      this.fail(NO_ERROR, 'the frame did not arrive in time');
    } else if (this.#isGoing === 'first' && nowMs - this.#drainingSinceMs >= drainTimeoutMs) {
      this.#sayLast();
    } else if (this.streams.size === 0 && nowMs - this.#idleSinceMs > idleTimeoutMs) {
      this.#sayLast();
    }
    if (this.streams.size === 0) this.#free.length >>= 1; // a quiet connection grows small
  }

  /** A preface, a frame or a header block has one deadline, set when it began, however its bytes drip in. */
  #isLate(nowMs: number, timeoutMs: number): boolean {
    if (this.headerBlock.streamId !== 0 && nowMs - this.headerBlock.beganAtMs > timeoutMs) return true;
    const isPartial = this.reader.isPartial || !this.hasSettings;
    if (!isPartial || this.reader.frames !== this.#framesAtSweep || this.#partialSinceMs === 0) {
      this.#framesAtSweep = this.reader.frames;
      this.#partialSinceMs = isPartial ? nowMs : 0;
      return false;
    }
    return nowMs - this.#partialSinceMs > timeoutMs;
  }

  protected cut(): void {
    this.transport.pause();
    this.#isCut = true;
  }

  protected onEnded(): void {}

  protected onConnectionLost(): void {
    this.#options.onClosed(this);
  }
}

/** `first`: GOAWAY was sent that excludes no stream; `last`: the one that does. */
type Going = 'no' | 'first' | 'last';

const pingData = Buffer.from('heddle/1');

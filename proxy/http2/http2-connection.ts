import type { Buffer } from 'node:buffer';
import type { Transport, TransportHandler } from '../transport/transport.ts';
import { ClosedStreams } from './closed-streams.ts';
import {
  COMPRESSION_ERROR,
  ENHANCE_YOUR_CALM,
  FLOW_CONTROL_ERROR,
  FRAME_SIZE_ERROR,
  NO_ERROR,
  PROTOCOL_ERROR,
  STREAM_CLOSED,
} from './error-codes.ts';
import { FloodGuard } from './flood-guard.ts';
import { beginRead, endRead } from './flush-queue.ts';
import { FrameOutput } from './frame-output.ts';
import type { FrameSink } from './frame-reader.ts';
import { FrameReader } from './frame-reader.ts';
import {
  ACK,
  CONTINUATION,
  DATA,
  END_HEADERS,
  END_STREAM,
  GOAWAY,
  HEADERS,
  MAX_UINT31,
  PADDED,
  PING,
  PRIORITIZED,
  PRIORITY,
  PUSH_PROMISE,
  RST_STREAM,
  SETTINGS,
  uint31At,
  uint32At,
  WINDOW_UPDATE,
} from './frames.ts';
import { HeaderBlock } from './header-block.ts';
import type { FieldLimits, FieldList } from './hpack/field-list.ts';
import { HpackDecoder } from './hpack/hpack-decoder.ts';
import { HpackEncoder, maxEncodedSize } from './hpack/hpack-encoder.ts';
import type { Http2Limits } from './http2-limits.ts';
import type { Http2Stream, StreamHost } from './http2-stream.ts';
import { ReceiveWindow } from './receive-window.ts';
import { SendRound } from './send-round.ts';
import { PeerSettings } from './settings.ts';
import { writeTrailerFields } from './trailer-fields.ts';

/** Bytes that wait for the kernel; beyond it nothing more is read, since what is read makes more to be sent. */
const MAX_UNSENT_BYTES = 262_144;

/** Milliseconds of a monotonic clock, at most about a second old; `CoarseClock` is one. */
export interface CoarseTime {
  readonly nowMs: number;
}

export interface Http2ConnectionOptions {
  readonly clock: CoarseTime;
  readonly limits: Http2Limits;
  readonly fieldLimits: FieldLimits;
  /** The peer is a server. */
  readonly isPeerServer: boolean;
}

/**
 * How a stream was lost: reset by the peer, reset by us for a fault of the peer, refused by the peer without having been
 * looked at, or with its connection.
 */
export type StreamLoss = 'reset' | 'fault' | 'refused' | 'connection';

/** What a connection asks of its streams beyond what all streams do. */
export interface ConnectionStream extends Http2Stream {
  /** The stream is over before its time, and already closed; `code` is that of its RST_STREAM or GOAWAY. */
  onLost(loss: StreamLoss, code: number): void;
  /** The peer resets a stream on which it has said all that it had to say: the stream has seen to itself. */
  toleratesReset(): boolean;
}

/**
 * Hot loop: bench/load (scenarios with HTTP/2).
 *
 * What the two sides of an HTTP/2 connection have in common: frames, settings, windows, and which frame is allowed when
 * (RFC 9113). A fault of one stream resets that stream; a fault of the framing ends the connection with GOAWAY; a flood
 * ends it and, within a second, its socket. Nothing here throws.
 */
export abstract class Http2Connection<S extends ConnectionStream> implements TransportHandler, FrameSink, StreamHost {
  readonly transport: Transport;
  readonly output: FrameOutput;
  sendWindow = 65_535;
  readonly initialReceiveWindow: number;
  /** False once the connection has failed or closed: nothing is read or sent any more. */
  isReading = true;
  protected readonly clock: CoarseTime;
  protected readonly limits: Http2Limits;
  protected readonly guard: FloodGuard;
  protected readonly encoder = new HpackEncoder();
  protected readonly reader = new FrameReader();
  protected readonly streams = new Map<number, S>();
  protected readonly closedStreams = new ClosedStreams();
  protected readonly peer = new PeerSettings();
  protected hasSettings = false;
  protected readonly headerBlock: HeaderBlock;
  readonly #fieldLimits: FieldLimits;
  readonly #isPeerServer: boolean;
  readonly #decoder = new HpackDecoder();
  readonly #receiveWindow: ReceiveWindow;
  readonly #round = new SendRound();
  readonly #canSend = () => this.sendWindow > 0 && !this.output.isCongested;
  #isHeldBack = false;

  constructor(transport: Transport, options: Http2ConnectionOptions) {
    const { clock, limits } = options;
    this.transport = transport;
    this.output = new FrameOutput(transport);
    this.clock = clock;
    this.limits = limits;
    this.initialReceiveWindow = limits.initialStreamWindowSize;
    this.guard = new FloodGuard(limits, clock.nowMs);
    this.#fieldLimits = options.fieldLimits;
    // a list is never longer on the wire than decoded (32 octets more for each field), unless somebody wants it to be
    const maxBlockBytes = Math.max(limits.maxHeaderBlockBytes, options.fieldLimits.maxHeadBytes);
    this.headerBlock = new HeaderBlock(limits.maxContinuations, maxBlockBytes);
    this.#isPeerServer = options.isPeerServer;
    this.#receiveWindow = new ReceiveWindow(this.output, limits.initialConnectionWindowSize);
    transport.setHandler(this);
  }

  get openStreams(): number {
    return this.streams.size;
  }

  /** A decoded field section: a request, a response, or trailers. The list is valid during this call. */
  protected abstract onFields(id: number, isEnd: boolean, isSelfDependent: boolean, fields: FieldList): void;
  /** No stream of that number has been opened yet, or ever can be by the one who would have to. */
  protected abstract isIdle(id: number): boolean;
  /** The last stream of the peer that was taken up, for GOAWAY. */
  protected abstract lastPeerStreamId(): number;
  protected abstract onGoaway(lastStreamId: number, code: number): void;
  protected abstract onPingAck(): void;
  /** The peer's settings have changed. */
  protected abstract onSettings(): void;
  /** The stream has sent all of its message, and its receiver has not heard the end of the peer's. */
  protected abstract onSentFirst(stream: S): void;
  /** A stream ended by RST_STREAM: ours, or the peer's. */
  protected abstract onStreamReset(isOurs: boolean, code: number): void;
  /** The stream is over and no longer counted. */
  protected abstract onStreamRemoved(stream: S): void;
  /** The connection carries nothing any more; its socket may still be open. Called once. */
  protected abstract onEnded(): void;
  /** The socket is gone. Called once, after `onEnded`. */
  protected abstract onConnectionLost(): void;
  /** Ends the socket of a flood: at once, or with the next sweep so that GOAWAY may still be read. */
  protected abstract cut(): void;

  /** Sends our settings, and the window of the connection. */
  protected sendSettings(values: readonly (readonly [number, number])[]): void {
    this.output.writeSettings(values);
    this.#receiveWindow.announce();
  }

  onBytes(buffer: Buffer, length: number, owned: boolean): void {
    if (!this.isReading) return;
    beginRead();
    try {
      this.#watchOutput();
      this.read(buffer, length, owned);
    } finally {
      endRead();
    }
  }

  protected read(buffer: Buffer, length: number, owned: boolean): void {
    this.reader.read(buffer, 0, length, owned, this);
  }

  #watchOutput(): void {
    const { output, limits } = this;
    if (output.unsentFrames > limits.maxOutboundFrames) this.calm('too many frames wait to be sent');
    else if (output.unsentControlFrames > limits.maxOutboundControlFrames)
      this.calm('too many answers wait to be sent');
    else if (this.transport.bufferedBytes > MAX_UNSENT_BYTES && !this.#isHeldBack) {
      this.#isHeldBack = true;
      this.transport.pause();
    }
  }

  onFrame(type: number, flags: number, id: number, buffer: Buffer, start: number, end: number, owned: boolean): void {
    if (this.headerBlock.streamId !== 0 && (type !== CONTINUATION || id !== this.headerBlock.streamId)) {
      this.fail(PROTOCOL_ERROR, 'a frame in the middle of a header block');
      return;
    }
    if (!this.hasSettings && (type !== SETTINGS || (flags & ACK) !== 0)) {
      this.fail(PROTOCOL_ERROR, 'the first frame must be SETTINGS');
      return;
    }
    switch (type) {
      case DATA:
        this.#onData(flags, id, buffer, start, end, owned);
        return;
      case HEADERS:
        this.#onHeaders(flags, id, buffer, start, end);
        return;
      case PRIORITY:
        this.#onPriority(id, buffer, start, end);
        return;
      case RST_STREAM:
        this.#onReset(id, buffer, start, end);
        return;
      case SETTINGS:
        this.#onSettingsFrame(flags, id, buffer, start, end);
        return;
      case PUSH_PROMISE:
        this.fail(PROTOCOL_ERROR, 'push is not enabled');
        return;
      case PING:
        this.#onPing(flags, id, buffer, start, end);
        return;
      case GOAWAY:
        if (id !== 0) this.fail(PROTOCOL_ERROR, 'GOAWAY on a stream');
        else if (end - start < 8) this.fail(FRAME_SIZE_ERROR, 'GOAWAY is too short');
        else this.onGoaway(uint31At(buffer, start), uint32At(buffer, start + 4));
        return;
      case WINDOW_UPDATE:
        this.#onWindowUpdate(id, buffer, start, end);
        return;
      case CONTINUATION:
        this.#onContinuation(flags, buffer, start, end);
        return;
      default:
        // unknown frames are ignored (RFC 9113 section 5.5), as long as there is something else to do
        if (!this.guard.allowsControl(this.clock.nowMs)) this.calm('too many unknown frames');
    }
  }

  onOversizedFrame(): void {
    this.fail(FRAME_SIZE_ERROR, 'the frame is too large');
  }

  #onData(flags: number, id: number, buffer: Buffer, start: number, end: number, owned: boolean): void {
    let from = start;
    let to = end;
    if ((flags & PADDED) !== 0) {
      from = start + 1;
      to = end - (buffer[start] as number); // within the payload, or from === to + 1 below
      if (start === end || to < from) {
        this.fail(PROTOCOL_ERROR, 'more padding than payload');
        return;
      }
    }
    const isEnd = (flags & END_STREAM) !== 0;
    const size = end - start;
    if (id === 0) {
      this.fail(PROTOCOL_ERROR, 'DATA on stream 0');
    } else if (!this.#receiveWindow.take(size)) {
      this.fail(FLOW_CONTROL_ERROR, 'more DATA than the connection allows');
    } else if (!this.guard.allowsPayload(from === to && !isEnd)) {
      this.calm('too many empty frames');
    } else {
      const stream = this.streams.get(id);
      if (stream === undefined) this.#onStrayFrame(id);
      else this.#onStreamData(stream, isEnd, buffer, from, to, owned, size);
      if (this.isReading) this.#receiveWindow.giveBack();
    }
  }

  #onStreamData(stream: S, isEnd: boolean, buffer: Buffer, from: number, to: number, owned: boolean, size: number) {
    const { id } = stream;
    if (stream.isRemoteClosed) {
      this.streamError(id, STREAM_CLOSED);
      return;
    }
    stream.receiveWindow -= size;
    if (stream.receiveWindow < 0) {
      this.streamError(id, FLOW_CONTROL_ERROR);
      return;
    }
    if (!this.countBody(stream, to - from, isEnd)) return;
    if (isEnd) stream.isRemoteClosed = true;
    stream.receive(buffer, from, to, owned, size - (to - from));
    if (isEnd && stream.id === id) stream.receiveEnd('');
  }

  /** Counts body bytes against the content-length; resets the stream when they do not fit (RFC 9113 section 8.1.1). */
  protected countBody(stream: S, bytes: number, isEnd: boolean): boolean {
    if (stream.missingBytes < 0) return true;
    stream.missingBytes -= bytes;
    if (stream.missingBytes >= 0 && (!isEnd || stream.missingBytes === 0)) return true;
    this.streamError(stream.id, PROTOCOL_ERROR);
    return false;
  }

  /** A body that came with its head takes its share of the connection's window; false when that was overrun. */
  protected takeFromWindow(bytes: number): boolean {
    if (this.#receiveWindow.take(bytes)) return true;
    this.fail(FLOW_CONTROL_ERROR, 'more DATA than the connection allows');
    return false;
  }

  protected giveBackWindow(): void {
    this.#receiveWindow.giveBack();
  }

  #onHeaders(flags: number, id: number, buffer: Buffer, start: number, end: number): void {
    let from = start;
    let to = end;
    if ((flags & PADDED) !== 0) {
      from = start + 1;
      to = end - (buffer[start] as number); // NaN for an empty frame, which the next check sees
      if (start === end || to < from) {
        this.fail(PROTOCOL_ERROR, 'more padding than payload');
        return;
      }
    }
    let isSelfDependent = false;
    if ((flags & PRIORITIZED) !== 0) {
      if (to - from < 5) {
        this.fail(FRAME_SIZE_ERROR, 'no room for the priority');
        return;
      }
      isSelfDependent = uint31At(buffer, from) === id;
      from += 5;
    }
    const isEnd = (flags & END_STREAM) !== 0;
    if (id === 0) {
      this.fail(PROTOCOL_ERROR, 'HEADERS on stream 0');
    } else if (!this.guard.allowsPayload(from === to && !isEnd)) {
      this.calm('too many empty frames');
    } else if ((flags & END_HEADERS) !== 0) {
      this.#onHeaderBlock(id, isEnd, isSelfDependent, buffer, from, to);
    } else {
      this.headerBlock.begin(id, isEnd, isSelfDependent, this.clock.nowMs);
      this.headerBlock.add(buffer, from, to);
    }
  }

  #onContinuation(flags: number, buffer: Buffer, start: number, end: number): void {
    const { headerBlock } = this;
    const { streamId, isEndOfStream, isSelfDependent } = headerBlock;
    if (streamId === 0) {
      this.fail(PROTOCOL_ERROR, 'CONTINUATION without HEADERS');
    } else if (!headerBlock.add(buffer, start, end)) {
      this.calm('the header block is too large');
    } else if ((flags & END_HEADERS) !== 0) {
      const whole = headerBlock.take();
      this.#onHeaderBlock(streamId, isEndOfStream, isSelfDependent, whole, 0, whole.length);
    } else if (!this.guard.allowsPayload(start === end)) {
      this.calm('too many empty frames');
    }
  }

  /** Every block is decoded, also one that nobody wants: the decoder's table would go out of step. */
  #onHeaderBlock(id: number, isEnd: boolean, isSelfDependent: boolean, buffer: Buffer, start: number, end: number) {
    const fields = this.#decoder.decode(buffer, start, end, this.#fieldLimits);
    if (fields === 'compressionError') this.fail(COMPRESSION_ERROR, 'the header block cannot be decoded');
    else if (fields === 'excessiveLoad') this.calm('the header list is too large');
    else this.onFields(id, isEnd, isSelfDependent, fields);
  }

  /** Priorities are not used (RFC 9113 section 5.3.2); only what would be malformed is looked at. */
  #onPriority(id: number, buffer: Buffer, start: number, end: number): void {
    if (id === 0) this.fail(PROTOCOL_ERROR, 'PRIORITY on stream 0');
    else if (!this.guard.allowsPriority(this.streams.size, this.clock.nowMs)) this.calm('too many PRIORITY frames');
    else if (end - start !== 5) this.#errorOfAnyStream(id, FRAME_SIZE_ERROR);
    else if (uint31At(buffer, start) === id) this.#errorOfAnyStream(id, PROTOCOL_ERROR);
  }

  /** A stream that was never opened cannot be reset. */
  #errorOfAnyStream(id: number, code: number): void {
    if (this.isIdle(id)) this.fail(code, 'a malformed frame of an idle stream');
    else this.streamError(id, code);
  }

  #onReset(id: number, buffer: Buffer, start: number, end: number): void {
    if (end - start !== 4) this.fail(FRAME_SIZE_ERROR, 'RST_STREAM of a wrong size');
    else if (id === 0 || this.isIdle(id)) this.fail(PROTOCOL_ERROR, 'RST_STREAM of an idle stream');
    else this.#onStreamReset(id, uint32At(buffer, start));
  }

  #onStreamReset(id: number, code: number): void {
    const stream = this.streams.get(id);
    // a client opens as many streams to reset as it likes; a server has no more than it was asked for
    const isAskedFor = this.#isPeerServer && stream !== undefined;
    if (!isAskedFor && !this.guard.allowsReset(this.clock.nowMs)) {
      this.calm('too many streams were reset');
      return;
    }
    this.onStreamReset(false, code);
    if (stream === undefined || stream.toleratesReset()) return;
    this.removeStream(stream);
    stream.onLost('reset', code);
  }

  #onSettingsFrame(flags: number, id: number, buffer: Buffer, start: number, end: number): void {
    const size = end - start;
    if (id !== 0) {
      this.fail(PROTOCOL_ERROR, 'SETTINGS on a stream');
    } else if ((flags & ACK) !== 0) {
      if (size !== 0) this.fail(FRAME_SIZE_ERROR, 'SETTINGS with ACK must be empty');
    } else if (size % 6 !== 0) {
      this.fail(FRAME_SIZE_ERROR, 'SETTINGS of a wrong size');
    } else if (!this.guard.allowsControl(this.clock.nowMs)) {
      this.calm('too many SETTINGS frames');
    } else {
      this.#applySettings(buffer, start, end);
    }
  }

  #applySettings(buffer: Buffer, start: number, end: number): void {
    const { peer } = this;
    const windowBefore = peer.initialWindowSize;
    if (!this.hasSettings) peer.maxConcurrentStreams = MAX_UINT31;
    this.hasSettings = true;
    const code = peer.apply(buffer, start, end, this.#isPeerServer);
    if (code !== NO_ERROR) {
      this.fail(code, 'a setting has a value that it must not have');
      return;
    }
    const change = peer.initialWindowSize - windowBefore;
    if (change !== 0) {
      for (const stream of this.streams.values()) {
        if (stream.growSendWindow(change)) continue;
        this.fail(FLOW_CONTROL_ERROR, 'a window is too large');
        return;
      }
    }
    this.encoder.setMaxTableSize(peer.headerTableSize);
    this.output.writeSettingsAck();
    this.#round.run(this.#canSend);
    this.onSettings();
  }

  #onPing(flags: number, id: number, buffer: Buffer, start: number, end: number): void {
    if (id !== 0) this.fail(PROTOCOL_ERROR, 'PING on a stream');
    else if (end - start !== 8) this.fail(FRAME_SIZE_ERROR, 'PING of a wrong size');
    else if ((flags & ACK) !== 0) this.onPingAck();
    else if (!this.guard.allowsControl(this.clock.nowMs)) this.calm('too many PING frames');
    else this.output.writePing(ACK, buffer, start);
  }

  #onWindowUpdate(id: number, buffer: Buffer, start: number, end: number): void {
    if (end - start !== 4) {
      this.fail(FRAME_SIZE_ERROR, 'WINDOW_UPDATE of a wrong size');
      return;
    }
    if (id !== 0 && this.isIdle(id)) {
      this.fail(PROTOCOL_ERROR, 'WINDOW_UPDATE of an idle stream');
      return;
    }
    if (!this.guard.allowsWindowUpdate()) {
      this.calm('too many WINDOW_UPDATE frames');
      return;
    }
    const increment = uint31At(buffer, start);
    if (id === 0) {
      this.sendWindow += increment;
      if (increment === 0) this.fail(PROTOCOL_ERROR, 'an empty WINDOW_UPDATE');
      else if (this.sendWindow > MAX_UINT31) this.fail(FLOW_CONTROL_ERROR, 'the window is too large');
      else this.#round.run(this.#canSend);
      return;
    }
    const stream = this.streams.get(id);
    if (stream === undefined) return; // it may have been sent before the peer knew that the stream is over
    if (increment === 0) this.streamError(id, PROTOCOL_ERROR);
    else if (!stream.growSendWindow(increment)) this.streamError(id, FLOW_CONTROL_ERROR);
    else this.#round.run(this.#canSend);
  }

  /** DATA, or HEADERS, for a stream that is not open. */
  #onStrayFrame(id: number): void {
    if (this.isIdle(id)) this.fail(PROTOCOL_ERROR, 'a frame of an idle stream');
    else this.onClosedStreamFrame(id);
  }

  protected onClosedStreamFrame(id: number): void {
    if (this.closedStreams.wasReset(id)) return;
    const code = this.closedStreams.wasSkipped(id) ? PROTOCOL_ERROR : STREAM_CLOSED;
    this.fail(code, 'a frame of a closed stream');
  }

  /** The peer broke a rule on one stream: it is reset, and whoever works on it is told. */
  protected streamError(id: number, code: number): void {
    const stream = this.streams.get(id);
    this.output.writeReset(id, code);
    this.closedStreams.rememberReset(id);
    this.onStreamReset(true, code);
    if (stream !== undefined) {
      this.removeStream(stream);
      stream.onLost('fault', code);
    }
    if (!this.guard.allowsReset(this.clock.nowMs)) this.calm('too many streams had to be reset');
  }

  /** Resets a stream that we have no more use for. */
  resetStream(stream: S, code: number): void {
    if (!this.isReading) return;
    this.output.writeReset(stream.id, code);
    this.closedStreams.rememberReset(stream.id);
    this.onStreamReset(true, code);
    this.removeStream(stream);
  }

  protected removeStream(stream: S): void {
    if (!this.streams.delete(stream.id)) return;
    stream.close();
    this.onStreamRemoved(stream);
  }

  get hasWaitingStreams(): boolean {
    return !this.#round.isEmpty;
  }

  waitForTurn(stream: Http2Stream): void {
    this.#round.add(stream);
  }

  writeTrailers(streamId: number, lines: string): void {
    const { encoder, output } = this;
    const at = output.beginBlock(maxEncodedSize(lines.length));
    output.endBlock(streamId, true, writeTrailerFields(encoder, output.buffer, at, lines));
    this.guard.onMessageFrameSent(false);
  }

  onDataSent(): void {
    this.guard.onMessageFrameSent(true);
  }

  onSendingEnded(stream: Http2Stream): void {
    const own = stream as S; // nobody else calls this
    if (stream.isRemoteClosed && !stream.isEndHeld) this.removeStream(own);
    else this.onSentFirst(own);
  }

  onReceivingEnded(stream: Http2Stream): void {
    if (stream.isLocalClosed) this.removeStream(stream as S); // it is one of ours
  }

  onHeld(bytes: number): void {
    this.#receiveWindow.hold(bytes);
  }

  /** Ends the connection for a fault of the peer. */
  protected fail(code: number, debug: string): void {
    if (!this.isReading) return;
    this.output.writeGoaway(this.lastPeerStreamId(), code, debug);
    this.output.flush();
    this.transport.end();
    this.#abandon(code);
  }

  /** Ends the connection for a flood: nothing more is read, and the socket is destroyed within a second. */
  protected calm(debug: string): void {
    if (!this.isReading) return;
    this.output.writeGoaway(this.lastPeerStreamId(), ENHANCE_YOUR_CALM, debug);
    this.output.flush();
    this.cut();
    this.#abandon(ENHANCE_YOUR_CALM);
  }

  /** The peer is gone without a word: nothing that waits for it to take something would ever end. */
  protected lose(): void {
    if (!this.isReading) return;
    this.transport.destroy();
    this.#abandon(NO_ERROR);
  }

  /** Ends the connection in good order; streams that are still open are lost. */
  protected close(): void {
    if (!this.isReading) return;
    this.output.flush();
    this.transport.end();
    this.#abandon(NO_ERROR);
  }

  #abandon(code: number): void {
    this.isReading = false;
    this.reader.clear();
    this.#round.clear();
    for (const stream of [...this.streams.values()]) {
      this.streams.delete(stream.id);
      stream.close();
      stream.onLost('connection', code);
    }
    this.onEnded();
  }

  onDrain(): void {
    this.output.onDrained();
    if (this.#isHeldBack) {
      this.#isHeldBack = false;
      if (this.isReading) this.transport.resume();
    }
    if (this.isReading) this.#round.run(this.#canSend);
  }

  /** The peer has finished sending: what it still waits for would find nobody (RFC 9113 section 9.1). */
  onEnd(): void {
    if (this.isReading) {
      this.transport.end();
      this.#abandon(NO_ERROR);
    }
  }

  onClose(): void {
    if (this.isReading) this.#abandon(NO_ERROR);
    this.onConnectionLost();
  }
}

import type { Buffer } from 'node:buffer';
import type { Transport, TransportHandler } from '../transport/transport.ts';
import { ClosedStreams } from './closed-streams.ts';
import { ENHANCE_YOUR_CALM, FLOW_CONTROL_ERROR, NO_ERROR, PROTOCOL_ERROR, STREAM_CLOSED } from './error-codes.ts';
import { beginRead, endRead } from './flush-queue.ts';
import { FrameOutput } from './frame-output.ts';
import type { FrameRulesOptions } from './frame-rules.ts';
import { FrameRules } from './frame-rules.ts';
import { MAX_UINT31 } from './frames.ts';
import { HpackEncoder, maxEncodedSize } from './hpack/hpack-encoder.ts';
import type { Http2Stream, StreamHost } from './http2-stream.ts';
import { ReceiveWindow } from './receive-window.ts';
import { SendRound } from './send-round.ts';
import { PeerSettings } from './settings.ts';
import { writeTrailerFields } from './trailer-fields.ts';

/** Bytes that wait for the kernel; beyond it nothing more is read, since what is read makes more to be sent. */
const MAX_UNSENT_BYTES = 262_144;

export interface Http2ConnectionOptions extends FrameRulesOptions {
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
  /** The connection is gone: whether the stream needs nothing of it any more, and goes on. */
  outlivesConnection(): boolean;
}

/**
 * Hot loop: bench/load (scenarios with HTTP/2).
 *
 * What the two sides of an HTTP/2 connection have in common: what its frames mean for streams, settings and windows (RFC
 * 9113); `FrameRules` has looked at each by itself. A fault of one stream resets that stream; a fault of the framing ends
 * the connection with GOAWAY; a flood ends it and, within a second, its socket. Nothing here throws.
 */
export abstract class Http2Connection<S extends ConnectionStream>
  extends FrameRules
  implements TransportHandler, StreamHost
{
  readonly transport: Transport;
  readonly output: FrameOutput;
  sendWindow = 65_535;
  readonly initialReceiveWindow: number;
  /** False once the connection has failed or closed: nothing is read or sent any more. */
  isReading = true;
  protected readonly encoder = new HpackEncoder();
  protected readonly streams = new Map<number, S>();
  protected readonly closedStreams = new ClosedStreams();
  protected readonly peer = new PeerSettings();
  readonly #isPeerServer: boolean;
  readonly #receiveWindow: ReceiveWindow;
  readonly #round = new SendRound();
  readonly #canSend = () => this.sendWindow > 0 && !this.output.isCongested;
  #isHeldBack = false;

  constructor(transport: Transport, options: Http2ConnectionOptions) {
    super(options);
    const { limits } = options;
    this.transport = transport;
    this.output = new FrameOutput(transport);
    this.initialReceiveWindow = limits.initialStreamWindowSize;
    this.#isPeerServer = options.isPeerServer;
    this.#receiveWindow = new ReceiveWindow(this.output, limits.initialConnectionWindowSize);
    transport.setHandler(this);
  }

  get openStreams(): number {
    return this.streams.size;
  }

  /** The last stream of the peer that was taken up, for GOAWAY. */
  protected abstract lastPeerStreamId(): number;
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

  protected onData(
    id: number,
    isEnd: boolean,
    buffer: Buffer,
    from: number,
    to: number,
    owned: boolean,
    size: number,
  ): void {
    if (!this.#receiveWindow.take(size)) {
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

  protected onPeerReset(id: number, code: number): void {
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

  protected applySettings(buffer: Buffer, start: number, end: number): void {
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

  protected onConnectionWindow(increment: number): void {
    this.sendWindow += increment;
    if (increment === 0) this.fail(PROTOCOL_ERROR, 'an empty WINDOW_UPDATE');
    else if (this.sendWindow > MAX_UINT31) this.fail(FLOW_CONTROL_ERROR, 'the window is too large');
    else this.#round.run(this.#canSend);
  }

  protected onStreamWindow(id: number, increment: number): void {
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
    if (this.isReading) this.#receiveWindow.hold(bytes);
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
      if (stream.outlivesConnection()) continue;
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

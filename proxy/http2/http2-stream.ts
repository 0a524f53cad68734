import { Buffer } from 'node:buffer';
import { ByteQueue } from './byte-queue.ts';
import type { FrameOutput } from './frame-output.ts';
import { END_STREAM, MAX_FRAME_BYTES } from './frames.ts';

/** Bytes that may wait in one stream for a window before its sender is asked to hold back. */
export const MAX_QUEUED_BYTES = 65_536;

/** What a stream needs of its connection. */
export interface StreamHost {
  readonly output: FrameOutput;
  /** What the peer still takes on the whole connection. */
  sendWindow: number;
  /** Other streams wait for the connection's window: nobody may overtake them. */
  readonly hasWaitingStreams: boolean;
  readonly initialReceiveWindow: number;
  /** The stream has something to send and will be called (`sendQueued`) when its turn comes. */
  waitForTurn(stream: Http2Stream): void;
  /** Writes HEADERS with `lines` that ends the stream. */
  writeTrailers(streamId: number, lines: string): void;
  /** A DATA frame was written. */
  onDataSent(): void;
  /** The stream has sent END_STREAM. */
  onSendingEnded(stream: Http2Stream): void;
  /** All of the peer's message has been delivered but its end, which follows. */
  onReceivingEnded(stream: Http2Stream): void;
  /** `bytes` of received DATA are held for a paused receiver, or no longer held when negative. */
  onHeld(bytes: number): void;
}

/**
 * One stream of a connection, whichever side opened it: its two windows, what waits to be sent, and what waits to be
 * heard. Objects are used again for later streams; an `id` of 0 says that it belongs to none.
 *
 * ```
 *   sendBytes ─▶ [queue ≤ 64 KiB, then hold back] ─▶ min(stream window, connection window, 16 KiB) ─▶ DATA
 *   DATA ─▶ receiver, or [held ≤ stream window] while it is paused ─▶ WINDOW_UPDATE at half a window
 * ```
 */
export abstract class Http2Stream {
  id = 0;
  /** Counted by the connection; false from the moment at which the stream is over on the wire. */
  isOpen = false;
  /** We have sent END_STREAM or RST_STREAM. */
  isLocalClosed = true;
  /** The peer has. */
  isRemoteClosed = true;
  /** In the connection's round of streams that wait for their turn to send. */
  isWaiting = false;
  /** What the peer still takes; negative when it has shrunk its windows (RFC 9113 section 6.9.2). */
  sendWindow = 0;
  /** What the peer may still send. */
  receiveWindow = 0;
  /** Bytes of the body that its content-length promises and that have not come; -1 when there is none. */
  missingBytes = -1;
  /** When the queue last moved; 0 while nothing waits. Only looked at once a second. */
  stalledSinceMs = 0;
  protected readonly host: StreamHost;
  readonly #queue = new ByteQueue();
  #isEndQueued = false;
  #queuedTrailers = '';
  #needsDrain = false;
  #isPaused = false;
  /** Resumed, and what is held is about to be delivered. */
  #isResuming = false;
  readonly #held = new ByteQueue();
  #isEndHeld = false;
  #heldTrailers = '';
  /** Bytes passed on that the peer has not been given back. */
  #unreturnedBytes = 0;

  constructor(host: StreamHost) {
    this.host = host;
  }

  /** Hands body bytes to whoever receives on this stream. */
  protected abstract deliver(buffer: Buffer, start: number, end: number, owned: boolean): void;

  /** The peer has sent all of its message. */
  protected abstract deliverEnd(trailers: string): void;

  /** The queue has emptied after `sendBytes` had answered false. */
  protected abstract drained(): void;

  protected open(id: number, sendWindow: number): void {
    this.id = id;
    this.isOpen = true;
    this.isLocalClosed = false;
    this.isRemoteClosed = false;
    this.sendWindow = sendWindow;
    this.receiveWindow = this.host.initialReceiveWindow;
    this.missingBytes = -1;
    this.stalledSinceMs = 0;
    this.#isEndQueued = false;
    this.#queuedTrailers = '';
    this.#needsDrain = false;
    this.#isPaused = false;
    this.#isResuming = false;
    this.#isEndHeld = false;
    this.#heldTrailers = '';
    this.#unreturnedBytes = 0;
  }

  /** Nothing more is sent or delivered: what waits is dropped. */
  close(): void {
    this.isOpen = false;
    this.isRemoteClosed = true;
    this.stopSending();
    this.#dropHeld();
    this.#isEndHeld = false;
  }

  /** Nothing more is sent. */
  protected stopSending(): void {
    this.isLocalClosed = true;
    if (this.#queue.length > 0) this.#queue.clear();
    this.#isEndQueued = false;
  }

  /** The peer's message is whole, and some of it waits for a paused receiver. */
  get isEndHeld(): boolean {
    return this.#isEndHeld;
  }

  get queuedBytes(): number {
    return this.#queue.length;
  }

  /** All of our message has been given to us; some of it may still wait for a window. */
  get isEndQueued(): boolean {
    return this.#isEndQueued;
  }

  /** Sends what the windows allow and queues the rest; false asks to hold back until `drained`. */
  protected sendBytes(buffer: Buffer, start: number, end: number, owned: boolean): boolean {
    if (this.isLocalClosed || this.#isEndQueued) return true;
    const at = this.#queue.length > 0 || this.host.hasWaitingStreams ? start : this.#sendNow(buffer, start, end);
    if (at === end) return true;
    return this.#enqueue(buffer, at, end, owned);
  }

  /** As `sendBytes`, for latin1 text. */
  protected sendText(text: string): boolean {
    const { host } = this;
    if (this.isLocalClosed || this.#isEndQueued || text === '') return true;
    const { length } = text;
    if (
      length <= MAX_FRAME_BYTES &&
      length <= this.sendWindow &&
      length <= host.sendWindow &&
      this.#queue.length === 0 &&
      !host.hasWaitingStreams &&
      !host.output.isCongested
    ) {
      this.sendWindow -= length;
      host.sendWindow -= length;
      host.output.writeDataText(this.id, 0, text);
      host.onDataSent();
      return true;
    }
    const bytes = Buffer.from(text, 'latin1');
    return this.sendBytes(bytes, 0, length, true);
  }

  /** Ends our message, behind what waits. */
  protected sendEnd(trailers: string): void {
    if (this.isLocalClosed || this.#isEndQueued) return;
    if (this.#queue.length === 0) {
      this.#writeEnd(trailers);
      return;
    }
    this.#isEndQueued = true;
    this.#queuedTrailers = trailers;
  }

  /** Our message has ended with its HEADERS. */
  protected endWithHead(): void {
    this.isLocalClosed = true;
    this.host.onSendingEnded(this);
  }

  /** The stream's turn to send has come: one frame at most. True when it waits for another turn. */
  sendQueued(): boolean {
    const queue = this.#queue;
    const first = queue.first();
    if (first === undefined) return false;
    const sent = this.#sendFrame(first, 0, first.length);
    if (sent > 0) {
      queue.skip(sent);
      this.stalledSinceMs = 0;
    }
    if (queue.length > 0) return this.sendWindow > 0;
    if (this.#isEndQueued) {
      this.#isEndQueued = false;
      this.#writeEnd(this.#queuedTrailers);
    } else if (this.#needsDrain) {
      this.#needsDrain = false;
      this.drained();
    }
    return false;
  }

  /** The peer takes more. False when that is more than a window can be (RFC 9113 section 6.9.1). */
  growSendWindow(bytes: number): boolean {
    this.sendWindow += bytes;
    if (this.sendWindow > 0x7fff_ffff) return false;
    if (this.#queue.length > 0 && this.sendWindow > 0) this.host.waitForTurn(this);
    return true;
  }

  /** DATA has come: `buffer[start, end)` is its content, `padding` what else it took of the window. */
  receive(buffer: Buffer, start: number, end: number, owned: boolean, padding: number): void {
    const size = end - start;
    this.#unreturnedBytes += padding;
    if (size === 0) return;
    if (this.#isPaused || this.#held.length > 0) {
      this.#held.push(buffer, start, end, owned);
      this.host.onHeld(size);
      return;
    }
    this.#unreturnedBytes += size;
    const { id } = this;
    this.deliver(buffer, start, end, owned);
    if (this.id === id) this.#returnWindow();
  }

  /** The peer's message is whole. */
  receiveEnd(trailers: string): void {
    if (this.#isPaused || this.#held.length > 0) {
      this.#isEndHeld = true;
      this.#heldTrailers = trailers;
      return;
    }
    this.#finishReceiving(trailers);
  }

  #finishReceiving(trailers: string): void {
    this.host.onReceivingEnded(this);
    this.deliverEnd(trailers);
  }

  protected pauseReceiving(): void {
    this.#isPaused = true;
    this.#isResuming = false;
  }

  /** What was held is delivered soon, not within this call: whoever resumes may be in the middle of something. */
  protected resumeReceiving(): void {
    if (!this.#isPaused || this.#isResuming) return;
    if (this.#held.length === 0 && !this.#isEndHeld) {
      this.#isPaused = false;
      this.#returnWindow();
      return;
    }
    this.#isResuming = true;
    const { id } = this;
    queueMicrotask(() => {
      if (this.id !== id || !this.#isResuming) return;
      this.#isResuming = false;
      this.#isPaused = false;
      this.#deliverHeld(id);
    });
  }

  #deliverHeld(id: number): void {
    while (!this.#isPaused) {
      const bytes = this.#held.first();
      if (bytes === undefined) break;
      this.#held.skip(bytes.length);
      this.host.onHeld(-bytes.length);
      this.#unreturnedBytes += bytes.length;
      this.deliver(bytes, 0, bytes.length, true);
      if (this.id !== id) return;
    }
    if (this.#isPaused) return;
    this.#returnWindow();
    if (!this.#isEndHeld) return;
    this.#isEndHeld = false;
    this.#finishReceiving(this.#heldTrailers);
  }

  #dropHeld(): void {
    if (this.#held.length === 0) return;
    this.host.onHeld(-this.#held.length);
    this.#held.clear();
  }

  #returnWindow(): void {
    const bytes = this.#unreturnedBytes;
    if (this.#isPaused || this.isRemoteClosed || bytes * 2 < this.host.initialReceiveWindow) return;
    this.#unreturnedBytes = 0;
    this.receiveWindow += bytes;
    this.host.output.writeWindowUpdate(this.id, bytes);
  }

  #enqueue(buffer: Buffer, start: number, end: number, owned: boolean): boolean {
    this.#queue.push(buffer, start, end, owned);
    if (this.sendWindow > 0) this.host.waitForTurn(this);
    if (this.#queue.length < MAX_QUEUED_BYTES) return true;
    this.#needsDrain = true;
    return false;
  }

  #sendNow(buffer: Buffer, start: number, end: number): number {
    let at = start;
    while (at < end) {
      const sent = this.#sendFrame(buffer, at, end);
      if (sent === 0) break;
      at += sent;
    }
    return at;
  }

  /** Sends as much of `buffer[start, end)` as one frame, both windows and the transport allow. */
  #sendFrame(buffer: Buffer, start: number, end: number): number {
    const { host } = this;
    if (host.output.isCongested) return 0;
    const size = Math.min(end - start, MAX_FRAME_BYTES, this.sendWindow, host.sendWindow);
    if (size <= 0) return 0;
    this.sendWindow -= size;
    host.sendWindow -= size;
    host.output.writeData(this.id, 0, buffer, start, start + size);
    host.onDataSent();
    return size;
  }

  #writeEnd(trailers: string): void {
    const { output } = this.host;
    if (trailers !== '') {
      this.host.writeTrailers(this.id, trailers);
    } else if (!output.endWithLastData(this.id)) {
      output.writeData(this.id, END_STREAM, nothing, 0, 0);
    }
    this.isLocalClosed = true;
    this.host.onSendingEnded(this);
  }
}

const nothing = Buffer.alloc(0);

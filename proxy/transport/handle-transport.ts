import { Buffer } from 'node:buffer';
import type { Socket } from 'node:net';
import { TLSSocket } from 'node:tls';
import { cutAfterLinger } from './linger.ts';
import type { ReadBuffer } from './read-buffers.ts';
import { readBufferOf, takeReadBuffer } from './read-buffers.ts';
import { resetSocket } from './reset-socket.ts';
import type { Transport, TransportHandler } from './transport.ts';
import { deafHandler, READ_BUFFER_BYTES } from './transport.ts';
import type { HeldBytes } from './write-queue.ts';
import { WriteQueue } from './write-queue.ts';

/** Bytes that may wait to be written before a writer is asked to hold back. */
const HIGH_WATER_BYTES = 65_536;

/** From this size on a read is of a large body, and the next one too, as far as one can tell. */
const BULK_BYTES = 16_384;

/** Of a read buffer that would have to wait, less than this is copied: a waiting connection must not hold many. */
const WORTH_HOLDING_BYTES = 32_768;

/** Finished write requests that are kept to be used again. */
const MAX_FREE_REQUESTS = 64;

/**
 * A transport on the stream handle beneath a socket, without Node's stream layer: measured to save 2 µs a message in
 * plaintext and 4 µs under TLS (`bench/load`).
 *
 * Node's public API opens, accepts, shakes hands and closes; only reading and writing bytes go around it. The handle's
 * methods are Node's own business and may change: this file is the only one that knows them, `handle-self-test.ts`
 * tries them at start, and `SocketTransport` takes over where they do not do what is expected.
 *
 * ```
 *   read    all handles share one buffer while reads are small, and take one of a pool while they are large
 *   write   one request in flight, the rest queued; what the kernel takes at once never becomes a request
 *   relay   bytes of a pooled buffer are written from where they lie: while a write is in flight from it, the reader
 *           goes on with another
 * ```
 */
export class HandleTransport implements Transport {
  readonly remoteAddress: string;
  readonly remotePort: number;
  readonly #socket: Socket;
  readonly #raw: Socket;
  #handle: StreamHandle | null;
  #handler: TransportHandler = deafHandler;
  /** What large reads go to; null: the shared buffer. */
  #bulk: ReadBuffer | null = null;
  readonly #gathersRecords: boolean;
  /** Of the bulk buffer, what has been read and not yet delivered: `[#gatheredFrom, #gatheredTo)`. */
  #gatheredFrom = 0;
  #gatheredTo = 0;
  #inFlight: WriteRequest | null = null;
  #inFlightBytes = 0;
  readonly #queue = new WriteQueue();
  #needsDrain = false;
  /** No more is written; once all is flushed the peer is told so. */
  #isFinished = false;
  /** Nor is what arrives of interest. */
  #isEnding = false;
  #isHalfOpenAllowed = false;
  #hasPeerEnded = false;
  #isPaused = false;
  /**
   * What came although reading had been stopped, and its end: TLS decrypts all of one read before it can be stopped, so
   * this is never much more than `READ_BUFFER_BYTES`.
   */
  #held: HeldBytes[] = [];
  #isEndHeld = false;
  #error: Error | null = null;

  /** `raw` is the socket beneath TLS. */
  constructor(socket: Socket, raw: Socket = socket) {
    this.#socket = socket;
    this.#raw = raw;
    this.#gathersRecords = socket instanceof TLSSocket;
    this.remoteAddress = socket.remoteAddress ?? '';
    this.remotePort = socket.remotePort ?? 0;
    this.#handle = (socket as Socket & { _handle: StreamHandle | null })._handle;
    socket.on('error', (error) => {
      this.#error = error;
    });
    // an end that came before reading began is known to the stream layer alone
    socket.on('end', () => this.#endedBefore());
    socket.allowHalfOpen = true; // whether the peer's end is ours is decided when it is delivered
    socket.on('close', () => this.#closed());
  }

  get bufferedBytes(): number {
    return this.#inFlightBytes + this.#queue.bytes;
  }

  setHandler(handler: TransportHandler): void {
    this.#handler = handler;
  }

  startReading(): void {
    const handle = this.#handle;
    if (handle === null) return; // closed before it could be used; `onClose` follows
    handle[owner] = this;
    handle.useUserBuffer(sharedBuffer);
    handle.onread = onRead;
    // a TLS handshake may have brought bytes along, which the stream layer holds
    for (let chunk = this.#socket.read(); chunk !== null; chunk = this.#socket.read()) {
      this.#held.push({ bytes: chunk, lease: null });
    }
    this.#deliverHeld();
  }

  /** Delivers what was held back, as long as nobody pauses again, and then reads on. */
  #deliverHeld(): void {
    while (this.#held.length > 0 && !this.#isPaused && this.#handle !== null) {
      const { bytes, lease } = this.#held.shift() as HeldBytes; // there is one
      if (!this.#isEnding) this.#handler.onBytes(bytes, bytes.length, lease === null);
      lease?.release();
    }
    if (this.#isPaused || this.#handle === null) return;
    if (this.#isEndHeld) {
      this.#isEndHeld = false;
      this.#ended(UV_EOF);
    } else if (!this.#handle.reading) {
      this.#handle.reading = true;
      this.#handle.readStart();
    }
  }

  writeText(text: string): boolean {
    if (this.#isFinished || this.#handle === null) return true;
    if (this.#inFlight === null) this.#writeText(this.#handle, text);
    else this.#queue.putText(text);
    return this.#hasRoom();
  }

  writeBytes(buffer: Buffer, start: number, end: number, owned: boolean): boolean {
    if (start === end || this.#isFinished || this.#handle === null) return true;
    const bytes = buffer.subarray(start, end);
    const lease = readBufferOf(buffer);
    const isWorthHolding = this.#inFlight === null || bytes.length >= WORTH_HOLDING_BYTES;
    if (lease === null ? owned : isWorthHolding) {
      lease?.hold();
      if (this.#inFlight === null) this.#writeBytes(this.#handle, bytes, lease);
      else this.#queue.putKept(bytes, lease);
    } else {
      this.#queue.putCopied(bytes);
      if (this.#inFlight === null) this.#writeQueued(this.#handle);
    }
    return this.#hasRoom();
  }

  #hasRoom(): boolean {
    if (this.bufferedBytes < HIGH_WATER_BYTES) return true;
    this.#needsDrain = true;
    return false;
  }

  pause(): void {
    if (this.#isPaused) return;
    this.#isPaused = true;
    if (this.#handle === null || !this.#handle.reading) return;
    this.#handle.reading = false;
    this.#handle.readStop();
  }

  resume(): void {
    if (!this.#isPaused) return;
    this.#isPaused = false;
    if (this.#handle === null) return;
    // not within this call: whoever resumes may be in the middle of something
    if (this.#held.length > 0 || this.#isEndHeld) {
      queueMicrotask(() => this.#deliverHeld());
    } else if (!this.#handle.reading) {
      this.#handle.reading = true;
      this.#handle.readStart();
    }
  }

  allowHalfOpen(isAllowed: boolean): void {
    this.#isHalfOpenAllowed = isAllowed;
  }

  finish(): void {
    if (this.#isFinished || this.#handle === null) return;
    this.#isFinished = true;
    if (this.bufferedBytes === 0) this.#shutDown();
  }

  end(): void {
    if (this.#isEnding || this.#handle === null) return;
    this.#isEnding = true;
    this.resume(); // unread bytes at close would make the kernel send a reset that eats our last answer
    this.finish();
    cutAfterLinger(this.#socket, () => this.bufferedBytes);
  }

  reset(): void {
    this.#isFinished = true;
    this.#isEnding = true;
    resetSocket(this.#socket, this.#raw);
  }

  destroy(): void {
    this.#isFinished = true;
    this.#isEnding = true;
    this.#socket.destroy();
  }

  #writeText(handle: StreamHandle, text: string): void {
    const request = freeRequests.pop() ?? newRequest();
    request.transport = this;
    this.#sent(request, handle.writeLatin1String(request, text), text.length);
  }

  /** Lets go of `lease` when the bytes are written. */
  #writeBytes(handle: StreamHandle, bytes: Buffer, lease: ReadBuffer | null): void {
    const request = freeRequests.pop() ?? newRequest();
    request.transport = this;
    request.buffer = bytes; // keeps them alive until they are written
    request.lease = lease;
    this.#sent(request, handle.writeBuffer(request, bytes), bytes.length);
  }

  #sent(request: WriteRequest, code: number, length: number): void {
    if (code !== 0) {
      letGo(request); // it may have been Node's for a moment: not to be used again
      this.#failToWrite(code);
    } else if (binding.streamBaseState[binding.kLastWriteWasAsync] === 0) {
      recycle(request);
    } else {
      this.#inFlight = request;
      this.#inFlightBytes = length;
    }
  }

  /** Writes what waits until the kernel takes no more at once. */
  #writeQueued(handle: StreamHandle): void {
    while (this.#inFlight === null && this.#handle !== null && !this.#socket.destroyed) {
      const piece = this.#queue.take();
      if (piece === undefined) return;
      if (typeof piece === 'string') this.#writeText(handle, piece);
      else this.#writeBytes(handle, piece.bytes, piece.lease);
    }
  }

  /** Called when the request in flight is over. */
  onWritten(status: number): void {
    this.#inFlight = null;
    this.#inFlightBytes = 0;
    const handle = this.#handle;
    if (handle === null) return;
    if (status < 0) {
      this.#failToWrite(status);
      return;
    }
    this.#writeQueued(handle);
    if (this.bufferedBytes > 0) return;
    if (this.#isFinished) {
      this.#shutDown();
    } else if (this.#needsDrain) {
      this.#needsDrain = false;
      this.#handler.onDrain();
    }
  }

  /** Called for each read; answers the buffer for the next one when it is another. */
  onRead(length: number): Buffer | undefined {
    if (length < 0) {
      this.deliverGathered();
      if (this.#isHolding() && length === UV_EOF) this.#isEndHeld = true;
      else this.#ended(length);
      return undefined;
    }
    if (length === 0 || this.#isEnding) return undefined;
    const bulk = this.#bulk;
    if (bulk !== null && this.#gathersRecords) return this.#gather(bulk, length);
    const buffer = bulk === null ? sharedBuffer : bulk.bytes;
    if (this.#isHolding()) this.#hold(buffer, length);
    else this.#handler.onBytes(buffer, length, false);
    return this.#nextBuffer(bulk, length >= BULK_BYTES);
  }

  #isHolding(): boolean {
    return this.#isPaused || this.#held.length > 0;
  }

  /**
   * TLS hands out one record after the other. While they are full ones, more are likely to follow within this turn of the
   * event loop: they are put side by side and delivered together, so that they go on in one write.
   */
  #gather(bulk: ReadBuffer, length: number): Buffer | undefined {
    const wasEmpty = this.#gatheredFrom === this.#gatheredTo;
    this.#gatheredTo += length;
    if (length === RECORD_BYTES && this.#gatheredTo + RECORD_BYTES <= READ_BUFFER_BYTES) {
      if (wasEmpty) deliverAtEndOfTurn(this);
      return bulk.bytes.subarray(this.#gatheredTo);
    }
    this.deliverGathered();
    this.#gatheredFrom = 0;
    this.#gatheredTo = 0;
    return this.#nextBuffer(bulk, length >= BULK_BYTES) ?? this.#bulk?.bytes;
  }

  /** Called at the end of a turn in which records were gathered; nothing may be left of them. */
  deliverGathered(): void {
    const [from, to, bulk] = [this.#gatheredFrom, this.#gatheredTo, this.#bulk];
    if (from === to || bulk === null) return;
    this.#gatheredFrom = to;
    if (this.#isEnding) return;
    const bytes = bulk.bytes.subarray(from, to);
    if (this.#isHolding()) {
      bulk.hold();
      this.#held.push({ bytes, lease: bulk });
    } else {
      this.#handler.onBytes(bytes, bytes.length, false);
    }
  }

  /** What is read into next, where that is another buffer: one that nobody still writes from. */
  #nextBuffer(bulk: ReadBuffer | null, isBulk: boolean): Buffer | undefined {
    if (this.#handle === null) return undefined; // closed meanwhile, and the buffer let go
    if (!isBulk) {
      if (bulk === null) return undefined;
      this.#bulk = null;
      bulk.release();
      return sharedBuffer;
    }
    if (bulk !== null && !bulk.isShared) return undefined;
    bulk?.release();
    this.#bulk = takeReadBuffer();
    return this.#bulk.bytes;
  }

  /** Keeps what came too late to be stopped. */
  #hold(buffer: Buffer, length: number): void {
    const lease = takeReadBuffer();
    buffer.copy(lease.bytes, 0, 0, length);
    this.#held.push({ bytes: lease.bytes.subarray(0, length), lease });
  }

  #endedBefore(): void {
    if (this.#isPaused || this.#held.length > 0) this.#isEndHeld = true;
    else this.#ended(UV_EOF);
  }

  #ended(code: number): void {
    if (this.#handle === null) return;
    if (this.#handle.reading) {
      this.#handle.reading = false;
      this.#handle.readStop();
    }
    this.#hasPeerEnded = true;
    if (code !== UV_EOF || this.#error !== null) {
      this.#fail(code);
    } else if (this.#isEnding) {
      this.#socket.destroy();
    } else {
      if (this.#socket.writableEnded) this.#closeWhenShutDown();
      this.#handler.onEnd();
      if (!this.#isHalfOpenAllowed) this.end();
    }
  }

  /** All is written: says so to the peer. Where that has ended before us, nothing is left to wait for. */
  #shutDown(): void {
    this.#socket.end();
    if (this.#hasPeerEnded) this.#closeWhenShutDown();
  }

  #closeWhenShutDown(): void {
    if (this.#socket.writableFinished) this.#socket.destroy();
    else this.#socket.once('finish', () => this.#socket.destroy());
  }

  /**
   * The peer takes nothing any more. What it sent before may still lie in the kernel, such as its answer to an upload that
   * it did not want: where we read, we go on until that has found the end too.
   */
  #failToWrite(code: number): void {
    const isReading = this.#handle?.reading === true && !this.#isEnding;
    if (!isReading) {
      this.#fail(code);
      return;
    }
    this.#error ??= connectionError(code);
    this.#isFinished = true;
    this.#queue.clear();
  }

  #fail(code: number): void {
    this.#error ??= connectionError(code);
    this.#socket.destroy();
  }

  #closed(): void {
    const handler = this.#handler;
    this.#handle = null;
    this.#handler = deafHandler;
    this.#queue.clear();
    for (const { lease } of this.#held) lease?.release();
    this.#held = [];
    this.#bulk?.release();
    this.#bulk = null;
    handler.onClose(this.#error);
  }
}

function connectionError(code: number): Error {
  return Object.assign(new Error(`the connection failed (${code})`), { errno: code });
}

/** What this file uses of Node's internal stream handles. */
interface StreamHandle {
  reading: boolean;
  onread: (this: StreamHandle) => Buffer | undefined;
  [owner]?: HandleTransport;
  useUserBuffer(buffer: Buffer): void;
  readStart(): number;
  readStop(): number;
  writeLatin1String(request: WriteRequest, text: string): number;
  writeBuffer(request: WriteRequest, bytes: Buffer): number;
}

interface WriteRequest {
  oncomplete: (this: WriteRequest, status: number) => void;
  transport: HandleTransport | null;
  buffer: Buffer | null;
  lease: ReadBuffer | null;
}

interface StreamBinding {
  readonly WriteWrap: new () => WriteRequest;
  readonly streamBaseState: Int32Array;
  readonly kReadBytesOrError: number;
  readonly kLastWriteWasAsync: number;
}

const owner = Symbol('transport');
const UV_EOF = -4095;
/** The largest plaintext of a TLS record (RFC 8446 section 5.1). */
const RECORD_BYTES = 16_384;
const gathering: HandleTransport[] = [];
const sharedBuffer = Buffer.allocUnsafeSlow(READ_BUFFER_BYTES);
const freeRequests: WriteRequest[] = [];
const binding = loadBinding();

/** Whether this Node has what the file is made of; whether that works is for the self-test to say. */
export const hasStreamHandles = typeof binding.WriteWrap === 'function';

function loadBinding(): StreamBinding {
  try {
    const { binding: load } = process as unknown as { binding(name: string): StreamBinding };
    return load.call(process, 'stream_wrap');
  } catch {
    // a Node without it: `hasStreamHandles` is false and nothing of this file is used
    return {} as StreamBinding;
  }
}

function newRequest(): WriteRequest {
  const request = new binding.WriteWrap();
  request.oncomplete = onWriteComplete;
  request.transport = null;
  request.buffer = null;
  request.lease = null;
  return request;
}

function recycle(request: WriteRequest): void {
  letGo(request);
  if (freeRequests.length < MAX_FREE_REQUESTS) freeRequests.push(request);
}

function onWriteComplete(this: WriteRequest, status: number): void {
  const { transport } = this;
  // an asynchronous request belongs to Node until here; a new one is made next time
  letGo(this);
  transport?.onWritten(status);
}

/** Whatever became of the write: its bytes are of no use to it any more. */
function letGo(request: WriteRequest): void {
  const { lease } = request;
  request.transport = null;
  request.buffer = null;
  request.lease = null;
  lease?.release();
}

function deliverAtEndOfTurn(transport: HandleTransport): void {
  if (gathering.length === 0) setImmediate(endTurn);
  gathering.push(transport);
}

function endTurn(): void {
  for (const transport of gathering.splice(0)) transport.deliverGathered();
}

function onRead(this: StreamHandle): Buffer | undefined {
  return this[owner]?.onRead(binding.streamBaseState[binding.kReadBytesOrError] ?? 0);
}

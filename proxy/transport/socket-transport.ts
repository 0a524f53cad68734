import { Buffer } from 'node:buffer';
import type { Socket } from 'node:net';
import { cutAfterLinger } from './linger.ts';
import { resetSocket } from './reset-socket.ts';
import type { Transport, TransportHandler } from './transport.ts';
import { deafHandler, HAND_OVER_BYTES, READ_BUFFER_BYTES } from './transport.ts';

/**
 * A transport on Node's public socket API.
 *
 * Accepted connections deliver through `data` events, whose buffers are ours to keep. Dialled connections read
 * into a buffer shared by all of them (`onread`, measured to save about 1 µs a message): see `sharedReads`.
 */
export class SocketTransport implements Transport {
  readonly remoteAddress: string;
  readonly remotePort: number;
  readonly #socket: Socket;
  readonly #raw: Socket;
  readonly #readsBySharedBuffer: boolean;
  #handler: TransportHandler = deafHandler;
  #isEnding = false;
  #isFinished = false;
  #isHalfOpenAllowed = false;
  #isPaused = false;
  /** It came while paused: Node tells the end of a stream that has nothing left to read even then. */
  #isEndHeld = false;
  #error: Error | null = null;

  /** `raw` is the socket beneath TLS; `readsBySharedBuffer` says that the socket was made with `sharedReads`. */
  constructor(socket: Socket, raw: Socket = socket, readsBySharedBuffer = false) {
    this.#socket = socket;
    this.#raw = raw;
    this.#readsBySharedBuffer = readsBySharedBuffer;
    this.remoteAddress = socket.remoteAddress ?? '';
    this.remotePort = socket.remotePort ?? 0;
    socket.allowHalfOpen = true; // whether the peer's end is ours is decided when it comes
    socket.on('end', () => this.#ended());
    socket.on('drain', () => this.#handler.onDrain());
    socket.on('error', (error) => {
      this.#error = error;
    });
    socket.on('close', () => {
      const handler = this.#handler;
      this.#handler = deafHandler;
      handler.onClose(this.#error);
    });
  }

  get bufferedBytes(): number {
    return this.#socket.writableLength;
  }

  setHandler(handler: TransportHandler): void {
    this.#handler = handler;
  }

  /** Begins to deliver what arrives; a handler must be set. */
  startReading(): void {
    if (this.#readsBySharedBuffer) return; // it reads since it was made
    this.#socket.on('data', (chunk: Buffer) => this.deliver(chunk, chunk.length, true));
  }

  /** Hands bytes to the handler; called by the socket's reader. */
  deliver(buffer: Buffer, length: number, owned: boolean): void {
    if (!this.#isEnding) this.#handler.onBytes(buffer, length, owned);
  }

  writeText(text: string): boolean {
    if (this.#isFinished || this.#socket.destroyed) return true;
    return this.#socket.write(text, 'latin1');
  }

  writeBytes(buffer: Buffer, start: number, end: number, owned: boolean): boolean {
    if (this.#isFinished || this.#socket.destroyed || start === end) return true;
    const bytes = buffer.subarray(start, end);
    return this.#socket.write(owned ? bytes : Buffer.from(bytes));
  }

  pause(): void {
    if (this.#isPaused) return;
    this.#isPaused = true;
    this.#socket.pause();
  }

  resume(): void {
    if (!this.#isPaused) return;
    this.#isPaused = false;
    this.#socket.resume();
    // not within this call: whoever resumes may be in the middle of something
    if (this.#isEndHeld) queueMicrotask(() => this.#deliverEnd());
  }

  allowHalfOpen(isAllowed: boolean): void {
    this.#isHalfOpenAllowed = isAllowed;
  }

  finish(): void {
    if (this.#isFinished || this.#socket.destroyed) return;
    this.#isFinished = true;
    this.#socket.end(); // Node closes it when both sides have ended
  }

  end(): void {
    if (this.#isEnding || this.#socket.destroyed) return;
    this.#isEnding = true;
    this.#isFinished = true;
    this.#socket.end();
    this.resume(); // unread bytes at close would make the kernel send a reset that eats our last answer
    cutAfterLinger(this.#socket, () => this.#socket.writableLength);
  }

  #ended(): void {
    this.#isEndHeld = true;
    this.#deliverEnd();
  }

  #deliverEnd(): void {
    if (this.#isPaused || !this.#isEndHeld) return;
    this.#isEndHeld = false;
    this.#handler.onEnd();
    if (!this.#isHalfOpenAllowed) this.end();
  }

  reset(): void {
    this.#isEnding = true;
    this.#isFinished = true;
    resetSocket(this.#socket, this.#raw);
  }

  destroy(): void {
    this.#isEnding = true;
    this.#isFinished = true;
    this.#socket.destroy();
  }
}

/**
 * The `onread` option for a dialled socket. While reads are small every socket reads into one shared buffer,
 * because a read is handled before the next one begins. A large read announces a bulk body: from then on the
 * socket reads into buffers of its own, which go along with their bytes, until a small read shows that it is over.
 */
export function sharedReads(transport: () => SocketTransport | null): {
  buffer: () => Uint8Array;
  callback: (length: number, buffer: Uint8Array) => boolean;
} {
  let next = sharedBuffer;
  return {
    buffer: () => next,
    callback: (length, bytes) => {
      const buffer = bytes as Buffer; // Node hands back the very object that `buffer` returned
      const isBulk = length >= HAND_OVER_BYTES;
      next = isBulk ? Buffer.allocUnsafeSlow(READ_BUFFER_BYTES) : sharedBuffer;
      transport()?.deliver(buffer, length, isBulk && buffer !== sharedBuffer);
      return true;
    },
  };
}

const sharedBuffer = Buffer.allocUnsafeSlow(READ_BUFFER_BYTES);

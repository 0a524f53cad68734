import { Buffer } from 'node:buffer';
import type { Socket } from 'node:net';
import { TLSSocket } from 'node:tls';
import type { Transport, TransportHandler } from './transport.ts';

/** `delayed_close_timeout` of Envoy: how long the peer may take to close once the last answer is on its way. */
const LINGER_MS = 1000;

/** A peer that reads nothing of its last answer for so many lingers is given up. */
const MAX_STALLED_LINGERS = 60;

/** One read fills at most this much; the kernel's own reads through libuv are of the same size. */
const READ_BUFFER_BYTES = 65_536;

/** A read of at least this size keeps its buffer, so that a bulk body is relayed without a copy. */
const HAND_OVER_BYTES = 16_384;

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
  #handler: TransportHandler = deaf;
  #isEnding = false;
  #isPaused = false;
  #error: Error | null = null;

  constructor(socket: Socket) {
    this.#socket = socket;
    this.remoteAddress = socket.remoteAddress ?? '';
    this.remotePort = socket.remotePort ?? 0;
    socket.on('end', () => this.#handler.onEnd());
    socket.on('drain', () => this.#handler.onDrain());
    socket.on('error', (error) => {
      this.#error = error;
    });
    socket.on('close', () => {
      const handler = this.#handler;
      this.#handler = deaf;
      handler.onClose(this.#error);
    });
  }

  get bufferedBytes(): number {
    return this.#socket.writableLength;
  }

  setHandler(handler: TransportHandler): void {
    this.#handler = handler;
  }

  /** Begins to deliver what arrives; for accepted connections, once a handler is set. */
  startReading(): void {
    this.#socket.on('data', (chunk: Buffer) => this.deliver(chunk, chunk.length, true));
  }

  /** Hands bytes to the handler; called by the socket's reader. */
  deliver(buffer: Buffer, length: number, owned: boolean): void {
    if (!this.#isEnding) this.#handler.onBytes(buffer, length, owned);
  }

  writeText(text: string): boolean {
    if (this.#isEnding || this.#socket.destroyed) return true;
    return this.#socket.write(text, 'latin1');
  }

  writeBytes(buffer: Buffer, start: number, end: number, owned: boolean): boolean {
    if (this.#isEnding || this.#socket.destroyed || start === end) return true;
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
  }

  end(): void {
    if (this.#isEnding || this.#socket.destroyed) return;
    this.#isEnding = true;
    this.#socket.end();
    this.resume(); // unread bytes at close would make the kernel send a reset that eats our last answer
    let unsent = this.#socket.writableLength;
    let stalled = 0;
    const linger = setInterval(() => {
      const left = this.#socket.writableLength;
      stalled = left < unsent ? 0 : stalled + 1;
      if (unsent === 0 || stalled >= MAX_STALLED_LINGERS) this.#socket.destroy();
      unsent = left;
    }, LINGER_MS).unref();
    this.#socket.once('close', () => clearInterval(linger));
  }

  reset(): void {
    this.#isEnding = true;
    if (this.#socket instanceof TLSSocket) this.#socket.destroy();
    else this.#socket.resetAndDestroy();
  }

  destroy(): void {
    this.#isEnding = true;
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

const deaf: TransportHandler = {
  onBytes() {},
  onEnd() {},
  onDrain() {},
  onClose() {},
};

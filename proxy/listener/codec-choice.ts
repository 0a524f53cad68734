import { Buffer } from 'node:buffer';
import type { CoarseClock } from '../transport/coarse-clock.ts';
import { NEW_CONNECTION_MS } from '../transport/new-connection.ts';
import type { Transport, TransportHandler } from '../transport/transport.ts';
import type { ServedConnection } from './accepted-connection.ts';

export interface CodecChoiceOptions {
  readonly clock: CoarseClock;
  /** A preface that has begun must be told from a request by then. */
  readonly headerTimeoutMs: number;
  /** A connection on which nothing has come is closed after this time. */
  readonly idleTimeoutMs: number;
  /** Makes the codec, which becomes the handler of the transport. */
  choose(version: 'http1' | 'http2'): TransportHandler;
  onClosed(choice: CodecChoice): void;
}

/**
 * A plaintext connection until its first bytes say which version of HTTP it speaks: HTTP/2 with prior knowledge begins
 * with a preface that no request of HTTP/1 begins with (RFC 9113 section 3.4).
 */
export class CodecChoice implements TransportHandler, ServedConnection {
  readonly #transport: Transport;
  readonly #options: CodecChoiceOptions;
  #held: Buffer | null = null;
  #sinceMs: number;
  #isDraining = false;

  constructor(transport: Transport, options: CodecChoiceOptions) {
    this.#transport = transport;
    this.#options = options;
    this.#sinceMs = options.clock.nowMs;
    transport.setHandler(this);
  }

  onBytes(buffer: Buffer, length: number, owned: boolean): void {
    if (this.#held === null && buffer[0] !== http2Beginning[0]) {
      this.#go('http1', buffer, length, owned);
      return;
    }
    const arrived = buffer.subarray(0, length);
    const bytes = this.#held === null ? arrived : Buffer.concat([this.#held, arrived]);
    const end = Math.min(bytes.length, http2Beginning.length);
    if (http2Beginning.compare(bytes, 0, end, 0, end) !== 0) {
      this.#go('http1', bytes, bytes.length, owned || this.#held !== null);
    } else if (end === http2Beginning.length) {
      this.#go('http2', bytes, bytes.length, owned || this.#held !== null);
    } else {
      if (this.#held === null) this.#sinceMs = this.#options.clock.nowMs;
      this.#held = Buffer.from(bytes);
    }
  }

  #go(version: 'http1' | 'http2', buffer: Buffer, length: number, owned: boolean): void {
    const codec = this.#options.choose(version);
    this.#options.onClosed(this);
    codec.onBytes(buffer, length, owned);
  }

  sweep(nowMs: number): void {
    const { headerTimeoutMs, idleTimeoutMs } = this.#options;
    const mostMs = this.#isDraining ? NEW_CONNECTION_MS : idleTimeoutMs;
    if (nowMs - this.#sinceMs > (this.#held === null ? mostMs : headerTimeoutMs)) this.#transport.end();
  }

  /** On a new connection the first bytes may be on their way. */
  drain(): void {
    this.#isDraining = true;
    this.sweep(this.#options.clock.nowMs);
  }

  onEnd(): void {
    this.#transport.end();
  }

  onDrain(): void {}

  onClose(): void {
    this.#options.onClosed(this);
  }
}

const http2Beginning = Buffer.from('PRI * HTTP/2');

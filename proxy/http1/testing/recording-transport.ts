import { Buffer } from 'node:buffer';
import type { Transport, TransportHandler } from '../../transport/transport.ts';
import { deafHandler } from '../../transport/transport.ts';

/** A transport without a network: keeps what is written, and delivers what a test hands it. */
export class RecordingTransport implements Transport {
  readonly remoteAddress = '127.0.0.1';
  readonly remotePort = 1;
  readonly bufferedBytes = 0;
  written = '';
  /** Our side is over, in whatever way. */
  isClosed = false;
  #handler: TransportHandler = deafHandler;

  setHandler(handler: TransportHandler): void {
    this.#handler = handler;
  }

  /** Hands over `bytes` in pieces that end at these offsets, as the network might; in a buffer that is used again. */
  deliver(bytes: Buffer, cuts: readonly number[]): void {
    const ends = [...new Set(cuts.map((cut) => cut % (bytes.length + 1)))].sort((a, b) => a - b);
    let from = 0;
    for (const to of [...ends, bytes.length]) {
      if (to === from || this.isClosed) continue;
      const buffer = Buffer.from(bytes.subarray(from, to));
      this.#handler.onBytes(buffer, buffer.length, false);
      buffer.fill(0);
      from = to;
    }
  }

  /** The peer ends the connection. */
  deliverEnd(): void {
    if (!this.isClosed) this.#handler.onEnd();
  }

  writeText(text: string): boolean {
    this.written += text;
    return true;
  }

  writeBytes(buffer: Buffer, start: number, end: number): boolean {
    this.written += buffer.toString('latin1', start, end);
    return true;
  }

  pause(): void {}

  resume(): void {}

  allowHalfOpen(): void {}

  finish(): void {}

  end(): void {
    this.isClosed = true;
  }

  destroy(): void {
    this.isClosed = true;
  }

  reset(): void {
    this.isClosed = true;
  }
}

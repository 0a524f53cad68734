import { Buffer } from 'node:buffer';
import type { OpenedTransport } from '../../transport/open-transport.ts';
import type { TransportHandler } from '../../transport/transport.ts';
import { deafHandler } from '../../transport/transport.ts';

/** A transport whose other end is the test: what is written is kept, and the kernel takes it when the test says so. */
export class FakeTransport implements OpenedTransport {
  readonly remoteAddress = '127.0.0.1';
  readonly remotePort = 1;
  bufferedBytes = 0;
  isPaused = false;
  /** How the connection was ended from our side. */
  ending: 'open' | 'ended' | 'destroyed' = 'open';
  /** While false the kernel takes nothing, as with a peer that does not read. */
  isTaking = true;
  writes = 0;
  #written: Buffer[] = [];
  /** What the kernel has not taken: the memory that it would be sent from, and what stood there when it was written. */
  readonly #waiting: { readonly memory: Buffer; readonly written: Buffer }[] = [];
  #handler: TransportHandler = deafHandler;
  #needsDrain = false;

  setHandler(handler: TransportHandler): void {
    this.#handler = handler;
  }

  startReading(): void {}

  writeText(text: string): boolean {
    return this.writeBytes(Buffer.from(text, 'latin1'), 0, text.length, true);
  }

  writeBytes(buffer: Buffer, start: number, end: number, _owned: boolean): boolean {
    if (this.ending !== 'open') return true;
    this.writes++;
    const written = Buffer.from(buffer.subarray(start, end));
    this.#written.push(written);
    if (this.isTaking) return true;
    this.#waiting.push({ memory: buffer.subarray(start, end), written });
    this.bufferedBytes += end - start;
    if (this.bufferedBytes < 65_536) return true;
    this.#needsDrain = true;
    return false;
  }

  pause(): void {
    this.isPaused = true;
  }

  resume(): void {
    this.isPaused = false;
  }

  allowHalfOpen(): void {}

  finish(): void {
    this.end();
  }

  end(): void {
    if (this.ending === 'open') this.ending = 'ended';
  }

  destroy(): void {
    if (this.ending === 'destroyed') return;
    this.ending = 'destroyed';
  }

  reset(): void {
    this.destroy();
  }

  /** The kernel has taken everything. */
  drain(): void {
    this.isTaking = true;
    this.bufferedBytes = 0;
    for (const { memory, written } of this.#waiting.splice(0)) {
      if (!memory.equals(written)) throw new Error('memory was used again before it was sent');
    }
    if (!this.#needsDrain) return;
    this.#needsDrain = false;
    this.#handler.onDrain();
  }

  /** The peer sends. The bytes are overwritten afterwards, as a shared read buffer is. */
  receive(bytes: Buffer): void {
    const shared = Buffer.from(bytes);
    this.#handler.onBytes(shared, shared.length, false);
    shared.fill(0xee);
  }

  /** The peer has ended, or is gone. */
  close(): void {
    this.#handler.onClose(null);
    this.#handler = deafHandler;
  }

  peerEnds(): void {
    this.#handler.onEnd();
  }

  /** What was written since the last call. */
  take(): Buffer {
    const bytes = Buffer.concat(this.#written);
    this.#written = [];
    return bytes;
  }
}

import { Buffer } from 'node:buffer';
import type { Duplex } from 'node:stream';
import { BlockReader, describeFrame, PREFACE, readFrames, settings } from '../http2/testing/wire.ts';

/** A client of HTTP/2 that sends what it is told, over a real connection, and says in words what came back. */
export class Http2Probe {
  readonly said: string[] = [];
  isClosed = false;
  readonly #socket: Duplex;
  readonly #blocks = new BlockReader();
  #unread = Buffer.alloc(0);
  #wake: () => void = () => {};

  /** Says the preface at once. */
  constructor(socket: Duplex, clientSettings = settings()) {
    this.#socket = socket;
    socket.on('error', () => {});
    socket.on('data', (bytes: Buffer) => this.#read(bytes));
    socket.on('close', () => {
      this.isClosed = true;
      this.#wake();
    });
    socket.write(Buffer.concat([PREFACE, clientSettings]));
  }

  send(bytes: Buffer): void {
    this.#socket.write(bytes);
  }

  destroy(): void {
    this.#socket.destroy();
  }

  /** Resolves as soon as a frame fits, or the connection is closed; false in that case, and after `maxMs`. */
  async waitFor(pattern: RegExp, maxMs = 3000): Promise<boolean> {
    const timer = setTimeout(() => this.#socket.destroy(), maxMs);
    while (!this.said.some((line) => pattern.test(line)) && !this.isClosed) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
    clearTimeout(timer);
    return this.said.some((line) => pattern.test(line));
  }

  #read(bytes: Buffer): void {
    let whole = 0;
    const all = Buffer.concat([this.#unread, bytes]);
    while (whole + 9 <= all.length && whole + 9 + all.readUIntBE(whole, 3) <= all.length) {
      whole += 9 + all.readUIntBE(whole, 3);
    }
    this.#unread = all.subarray(whole);
    for (const frame of readFrames(all.subarray(0, whole))) this.said.push(describeFrame(frame, this.#blocks));
    this.#wake();
  }
}

import { Buffer } from 'node:buffer';
import { close, open, write } from 'node:fs';
import { promisify } from 'node:util';
import type { AccessLogEntry } from './access-log-line.ts';
import { accessLogLine } from './access-log-line.ts';

/** Where lines go: a file descriptor, or something in its place in a test. */
export interface LogTarget {
  /** Calls back with the number of bytes that were taken, at least one, or with Node's error. */
  write(bytes: Buffer, callback: (error: NodeJS.ErrnoException | null, written: number) => void): void;
  close(): Promise<void>;
}

export interface AccessLogOptions {
  /** Lines may be on their way for this long before they are written together. Default 200. */
  readonly delayMs?: number;
  /** Size of each of two buffers: one is filled while the other is written. Default 256 KiB. */
  readonly bufferBytes?: number;
}

/** As soon as so much waits it is written, in bytes. */
const batchBytes = 32_768;
/** A target that cannot take anything now is asked again after this long. */
const retryDelayMs = 50;
/** How long closing waits for a target that is slow. */
const closeTimeoutMs = 1000;

/**
 * JSON lines to a file or a pipe, never in the way of a request: lines are gathered and written from the thread pool,
 * one write at a time. When the target is stuck and the buffer full, lines are dropped and counted.
 */
export class AccessLog {
  readonly #target: LogTarget;
  readonly #delayMs: number;
  #filling: Buffer;
  #spare: Buffer;
  #used = 0;
  #lines = 0;
  #isWriting = false;
  #timer: NodeJS.Timeout | null = null;
  #dropped = 0;
  #isClosed = false;
  #onIdle: () => void = () => {};

  constructor(target: LogTarget, { delayMs = 200, bufferBytes = 262_144 }: AccessLogOptions = {}) {
    this.#target = target;
    this.#delayMs = delayMs;
    this.#filling = Buffer.allocUnsafeSlow(bufferBytes);
    this.#spare = Buffer.allocUnsafeSlow(bufferBytes);
  }

  /** Appends to a file, made with mode 0640 when there is none; `-` is stdout. Rejects with Node's error. */
  static async open(path: string, options: AccessLogOptions = {}): Promise<AccessLog> {
    return new AccessLog(path === '-' ? descriptorTarget(1, false) : await fileTarget(path), options);
  }

  /** Lines that were not written because the target was too slow, failed or was closed. */
  get droppedTotal(): number {
    return this.#dropped;
  }

  write(entry: AccessLogEntry): void {
    const line = accessLogLine(entry); // ASCII: as many bytes as characters
    if (this.#isClosed || line.length > this.#filling.length - this.#used) {
      this.#dropped++;
      return;
    }
    this.#used += this.#filling.write(line, this.#used, 'latin1');
    this.#lines++;
    if (this.#isWriting) return;
    if (this.#used >= batchBytes) this.#flush();
    else if (this.#timer === null) this.#flushAfter(this.#delayMs);
  }

  /** Writes what waits, for at most a second, and gives the target back. */
  async close(): Promise<void> {
    this.#isClosed = true;
    if (!this.#isWriting) this.#flush();
    if (this.#isWriting) {
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, closeTimeoutMs);
        this.#onIdle = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#dropped += this.#lines;
    this.#lines = 0;
    this.#used = 0;
    if (!this.#isWriting) await this.#target.close();
  }

  #flushAfter(delayMs: number): void {
    this.#timer = setTimeout(() => this.#flush(), delayMs).unref();
  }

  #flush(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    if (this.#used === 0) {
      this.#onIdle();
      return;
    }
    const full = this.#filling;
    const bytes = full.subarray(0, this.#used);
    const lines = this.#lines;
    this.#filling = this.#spare;
    this.#spare = full;
    this.#used = 0;
    this.#lines = 0;
    this.#isWriting = true;
    this.#writeAll(bytes, lines);
  }

  #writeAll(bytes: Buffer, lines: number): void {
    this.#target.write(bytes, (error, written) => {
      if (error?.code === 'EAGAIN') {
        // a pipe that somebody made non-blocking, and that is full
        setTimeout(() => this.#writeAll(bytes, lines), retryDelayMs).unref();
        return;
      }
      if (error === null && written < bytes.length) {
        this.#writeAll(bytes.subarray(written), lines);
        return;
      }
      this.#isWriting = false;
      if (error !== null) this.#dropped += lines;
      // after an error not at once: a disk that is full stays so for a while
      if (this.#isClosed || (error === null && this.#used >= batchBytes)) this.#flush();
      else if (this.#used > 0) this.#flushAfter(this.#delayMs);
    });
  }
}

async function fileTarget(path: string): Promise<LogTarget> {
  return descriptorTarget(await promisify(open)(path, 'a', 0o640), true);
}

function descriptorTarget(descriptor: number, isOwned: boolean): LogTarget {
  return {
    write: (bytes, callback) => write(descriptor, bytes, 0, bytes.length, null, callback),
    close: async () => {
      if (isOwned) await promisify(close)(descriptor);
    },
  };
}

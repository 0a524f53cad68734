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
  /** Characters that wait while the target is slow; lines beyond are dropped. Default 1 MiB. */
  readonly maxPendingChars?: number;
}

/** As soon as so much waits it is written, in characters. */
const batchChars = 32_768;
/** A target that cannot take anything now is asked again after this long. */
const retryDelayMs = 50;
/** A target that fails is left alone for this long. */
const errorDelayMs = 1000;
/** How long closing waits for a target that is slow. */
const closeTimeoutMs = 1000;

/**
 * JSON lines to a file or a pipe, never in the way of a request: lines are gathered and written from the thread pool,
 * one write at a time. When the target is stuck, lines beyond the bound are dropped and counted.
 */
export class AccessLog {
  readonly #target: LogTarget;
  readonly #delayMs: number;
  readonly #maxPendingChars: number;
  #pending = '';
  #pendingLines = 0;
  #isWriting = false;
  #timer: NodeJS.Timeout | null = null;
  #dropped = 0;
  #isClosed = false;
  #onIdle: () => void = () => {};

  constructor(target: LogTarget, { delayMs = 200, maxPendingChars = 1_048_576 }: AccessLogOptions = {}) {
    this.#target = target;
    this.#delayMs = delayMs;
    this.#maxPendingChars = maxPendingChars;
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
    if (this.#isClosed || this.#pending.length >= this.#maxPendingChars) {
      this.#dropped++;
      return;
    }
    this.#pending += accessLogLine(entry);
    this.#pendingLines++;
    if (this.#isWriting) return;
    if (this.#pending.length >= batchChars) this.#flush();
    else if (this.#timer === null) this.#flushAfter(this.#delayMs);
  }

  /** Writes what waits, for at most a second, and gives the target back. */
  async close(): Promise<void> {
    this.#isClosed = true;
    if (!this.#isWriting) this.#flush();
    if (this.#isWriting || this.#pending !== '') {
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, closeTimeoutMs);
        this.#onIdle = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#dropped += this.#pendingLines;
    this.#pending = '';
    this.#pendingLines = 0;
    if (!this.#isWriting) await this.#target.close();
  }

  #flushAfter(delayMs: number): void {
    this.#timer = setTimeout(() => this.#flush(), delayMs).unref();
  }

  #flush(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    if (this.#pending === '') {
      this.#onIdle();
      return;
    }
    const bytes = Buffer.from(this.#pending, 'latin1');
    const lines = this.#pendingLines;
    this.#pending = '';
    this.#pendingLines = 0;
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
      if (error === null) {
        if (this.#pending.length >= batchChars || this.#isClosed) this.#flush();
        else if (this.#pending !== '') this.#flushAfter(this.#delayMs);
        return;
      }
      this.#dropped += lines;
      if (this.#isClosed) this.#onIdle();
      else this.#flushAfter(errorDelayMs);
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

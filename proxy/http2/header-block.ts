import { Buffer } from 'node:buffer';

/**
 * A header block that takes more than one frame, while its CONTINUATION frames come: nothing else may come between
 * (RFC 9113 section 6.10).
 */
export class HeaderBlock {
  /** Stream of the block; 0 while there is none. */
  streamId = 0;
  isEndOfStream = false;
  /** HEADERS made the stream depend on itself. */
  isSelfDependent = false;
  beganAtMs = 0;
  readonly #maxContinuations: number;
  readonly #maxBytes: number;
  readonly #parts: Buffer[] = [];
  #bytes = 0;

  constructor(maxContinuations: number, maxBytes: number) {
    this.#maxContinuations = maxContinuations;
    this.#maxBytes = maxBytes;
  }

  begin(streamId: number, isEndOfStream: boolean, isSelfDependent: boolean, nowMs: number): void {
    this.streamId = streamId;
    this.isEndOfStream = isEndOfStream;
    this.isSelfDependent = isSelfDependent;
    this.beganAtMs = nowMs;
  }

  /** Keeps one part; false when the block is larger, or in more parts, than a block may be. */
  add(buffer: Buffer, start: number, end: number): boolean {
    this.#parts.push(Buffer.from(buffer.subarray(start, end)));
    this.#bytes += end - start;
    return this.#parts.length <= this.#maxContinuations + 1 && this.#bytes <= this.#maxBytes;
  }

  /** The whole block; it is forgotten. */
  take(): Buffer {
    const whole = Buffer.concat(this.#parts, this.#bytes);
    this.#parts.length = 0;
    this.#bytes = 0;
    this.streamId = 0;
    return whole;
  }
}

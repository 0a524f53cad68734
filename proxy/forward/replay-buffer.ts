import { Buffer } from 'node:buffer';
import type { UpstreamStream } from '../message-head.ts';

/** Room that a body gets when its first bytes come; it doubles as more do. */
const FIRST_BYTES = 256;
/** So much is left for the next request: most bodies of calls have a few bytes, and room for each anew costs as much as the copy. */
const SPARE_BYTES = 1024;
const nothing = Buffer.alloc(0);

/** Up to here a loop is faster than the call into the runtime. */
const FEW_BYTES = 32;

/**
 * What a client has sent of a body, kept while it may have to be sent again: a copy, up to a bound however small its pieces
 * are, in the framing it came in. Used again for later requests; so is a little memory that was never sent, since what was sent a
 * connection may still hold.
 *
 * Source: Envoy `Route.request_body_buffer_limit`.
 */
export class ReplayBuffer {
  #kept = nothing;
  #length = 0;
  #maxLength = 0;
  #trailers = '';
  /** A connection may hold the memory. */
  #isLent = false;

  get isEmpty(): boolean {
    return this.#length === 0;
  }

  /** A body begins, of which `heldBytes` lie with the head. */
  begin(limitBytes: number, heldBytes: number): void {
    this.#maxLength = limitBytes - heldBytes;
    this.#trailers = '';
  }

  /** False when it would be too much: the buffer is of no use any more. */
  keep(buffer: Buffer, start: number, end: number): boolean {
    const length = this.#length + end - start;
    if (length > this.#maxLength) return false;
    if (length > this.#kept.length) this.#grow(length);
    copyBytes(buffer, start, end, this.#kept, this.#length);
    this.#length = length;
    return true;
  }

  #grow(length: number): void {
    const room = Math.min(Math.max(length, 2 * this.#kept.length, FIRST_BYTES), this.#maxLength);
    const grown = Buffer.allocUnsafe(room);
    this.#kept.copy(grown, 0, 0, this.#length);
    this.#kept = grown;
    this.#isLent = false;
  }

  /** The body has ended. */
  end(trailers: string): void {
    this.#trailers = trailers;
  }

  /**
   * Sends all of it behind the head of another attempt, and the end where the client has told it; false asks to wait, as
   * `sendBody`. `isWanted` says whether the attempt has not failed meanwhile.
   */
  sendTo(stream: UpstreamStream, isEnded: boolean, isWanted: () => boolean): boolean {
    this.#isLent = true;
    const isFlowing = this.#length === 0 || stream.sendBody(this.#kept, 0, this.#length, true);
    if (isEnded && isWanted()) stream.endRequest(this.#trailers);
    return isFlowing;
  }

  /** Sends what there is and keeps it no longer; false asks to wait, as `sendBody`. */
  moveTo(stream: UpstreamStream): boolean {
    const kept = this.#kept;
    const length = this.#length;
    this.#isLent = true;
    this.clear();
    return length === 0 || stream.sendBody(kept, 0, length, true);
  }

  /** Nobody needs it any more. */
  clear(): void {
    if (this.#isLent || this.#kept.length > SPARE_BYTES) this.#kept = nothing;
    this.#isLent = false;
    this.#length = 0;
  }
}

function copyBytes(from: Buffer, start: number, end: number, to: Buffer, at: number): void {
  if (end - start > FEW_BYTES) from.copy(to, at, start, end);
  else for (let i = start; i < end; i++) to[at + i - start] = from[i] as number;
}

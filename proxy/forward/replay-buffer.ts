import { Buffer } from 'node:buffer';
import type { UpstreamStream } from '../message-head.ts';

/** Room that a body gets when its first bytes come; it doubles as more do. */
const FIRST_BYTES = 256;
const nothing = Buffer.alloc(0);

/**
 * What a client has sent of a body, kept while it may have to be sent again: a copy, up to a bound however small its pieces
 * are, in the framing it came in. Used again for later requests; the memory is not, since a connection may still hold it.
 *
 * Source: Envoy `Route.request_body_buffer_limit`.
 */
export class ReplayBuffer {
  #kept = nothing;
  #length = 0;
  #maxLength = 0;
  #trailers = '';

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
    buffer.copy(this.#kept, this.#length, start, end);
    this.#length = length;
    return true;
  }

  #grow(length: number): void {
    const room = Math.min(Math.max(length, 2 * this.#kept.length, FIRST_BYTES), this.#maxLength);
    const grown = Buffer.allocUnsafe(room);
    this.#kept.copy(grown, 0, 0, this.#length);
    this.#kept = grown;
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
    const isFlowing = this.#length === 0 || stream.sendBody(this.#kept, 0, this.#length, true);
    if (isEnded && isWanted()) stream.endRequest(this.#trailers);
    return isFlowing;
  }

  /** Sends what there is and keeps it no longer; false asks to wait, as `sendBody`. */
  moveTo(stream: UpstreamStream): boolean {
    const kept = this.#kept;
    const length = this.#length;
    this.clear();
    return length === 0 || stream.sendBody(kept, 0, length, true);
  }

  /** Nobody needs it any more. */
  clear(): void {
    this.#kept = nothing;
    this.#length = 0;
  }
}

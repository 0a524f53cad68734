import { Buffer } from 'node:buffer';
import type { UpstreamStream } from '../message-head.ts';

/**
 * What a client has sent of a body, kept while it may have to be sent again: copies, up to a bound, in the framing they came
 * in. Used again for later requests.
 *
 * Source: Envoy `Route.request_body_buffer_limit`.
 */
export class ReplayBuffer {
  readonly #pieces: Buffer[] = [];
  #limitBytes = 0;
  #bytes = 0;
  #trailers = '';

  /** A body begins, of which `heldBytes` lie with the head. */
  begin(limitBytes: number, heldBytes: number): void {
    this.#limitBytes = limitBytes;
    this.#bytes = heldBytes;
    this.#trailers = '';
  }

  /** False when it would be too much: the buffer is of no use any more. */
  keep(buffer: Buffer, start: number, end: number): boolean {
    const length = end - start;
    this.#bytes += length;
    if (this.#bytes > this.#limitBytes) return false;
    const piece = Buffer.allocUnsafe(length);
    buffer.copy(piece, 0, start, end);
    this.#pieces.push(piece);
    return true;
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
    let isFlowing = true;
    for (const piece of this.#pieces) {
      if (!isWanted()) return false;
      isFlowing = stream.sendBody(piece, 0, piece.length, true);
    }
    if (isEnded && isWanted()) stream.endRequest(this.#trailers);
    return isFlowing;
  }

  /** Nobody needs it any more. */
  clear(): void {
    this.#pieces.length = 0;
  }
}

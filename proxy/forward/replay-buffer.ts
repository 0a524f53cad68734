import { Buffer } from 'node:buffer';
import type { UpstreamStream } from '../message-head.ts';

/**
 * What a client has sent of a body, kept while it may have to be sent again: copies, up to a bound, in the framing they came
 * in. Made for requests that are not whole when they begin and that could be repeated at all; the others pay nothing.
 *
 * Source: Envoy `Route.request_body_buffer_limit`.
 */
export class ReplayBuffer {
  readonly #pieces: Buffer[] = [];
  readonly #limitBytes: number;
  #bytes: number;
  #trailers = '';

  /** `heldBytes` lie with the head already. */
  constructor(limitBytes: number, heldBytes: number) {
    this.#limitBytes = limitBytes;
    this.#bytes = heldBytes;
  }

  /** False when it would be too much: the buffer is of no use any more. */
  keep(buffer: Buffer, start: number, end: number): boolean {
    this.#bytes += end - start;
    if (this.#bytes > this.#limitBytes) return false;
    this.#pieces.push(Buffer.from(buffer.subarray(start, end)));
    return true;
  }

  /** The request has ended. */
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
}

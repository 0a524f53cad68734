/** Streams that we have reset and still know of; their peer may be sending to them in good faith. */
const MAX_REMEMBERED = 1024;

/**
 * What is known of streams that are over, in bounded memory: a frame for one that we reset is ignored, since the peer sent
 * it before it knew; any other frame for a closed stream is an error of the connection, STREAM_CLOSED, or PROTOCOL_ERROR
 * for a stream that was passed over and never was (RFC 9113 sections 5.1 and 5.1.1).
 */
export class ClosedStreams {
  /** A ring, oldest overwritten; null until the first reset. */
  #resets: Int32Array | null = null;
  #next = 0;
  #skippedFrom = 0;
  #skippedTo = 0;

  rememberReset(id: number): void {
    this.#resets ??= new Int32Array(MAX_REMEMBERED);
    this.#resets[this.#next] = id;
    this.#next = (this.#next + 1) % MAX_REMEMBERED;
  }

  wasReset(id: number): boolean {
    return this.#resets?.includes(id) === true;
  }

  /** A peer opened stream `to` after `from`; those between can never be opened. Only the latest gap is remembered. */
  rememberGap(from: number, to: number): void {
    this.#skippedFrom = from;
    this.#skippedTo = to;
  }

  wasSkipped(id: number): boolean {
    return id > this.#skippedFrom && id < this.#skippedTo;
  }
}

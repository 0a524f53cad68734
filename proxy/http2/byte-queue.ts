import { Buffer } from 'node:buffer';

/** Pieces smaller than this are put together. */
const SMALL_BYTES = 1024;
/** Blocks that they are put into grow with what is queued, from the first number to the second. */
const MIN_BLOCK_BYTES = 256;
const MAX_BLOCK_BYTES = 16_384;

/**
 * Bytes that wait in order. What they cost in memory is in proportion to their number, however small the pieces in which
 * they came: a `Buffer` for each byte would cost a hundred times as much as the bytes, and a peer decides on the size of
 * its frames.
 */
export class ByteQueue {
  length = 0;
  readonly #pieces: Buffer[] = [];
  /** Behind the pieces: small ones, `block[start, end)`. What was taken of it is never written to again. */
  #block: Buffer | null = null;
  #start = 0;
  #end = 0;

  /** Adds `buffer[start, end)`; copied where it is small, or not `owned`. */
  push(buffer: Buffer, start: number, end: number, owned: boolean): void {
    const size = end - start;
    if (size === 0) return;
    if (size < SMALL_BYTES) {
      this.#pushSmall(buffer, start, end);
    } else {
      this.#seal();
      const piece = buffer.subarray(start, end);
      this.#pieces.push(owned ? piece : Buffer.from(piece));
    }
    this.length += size;
  }

  #pushSmall(buffer: Buffer, start: number, end: number): void {
    const size = end - start;
    let block = this.#block;
    if (block === null || block.length - this.#end < size) {
      this.#seal();
      block = Buffer.allocUnsafe(Math.max(size, Math.min(MAX_BLOCK_BYTES, Math.max(MIN_BLOCK_BYTES, this.length))));
      this.#block = block;
      this.#start = 0;
      this.#end = 0;
    }
    buffer.copy(block, this.#end, start, end);
    this.#end += size;
  }

  /** What is in the block comes before the next piece. */
  #seal(): void {
    if (this.#block !== null && this.#end > this.#start)
      this.#pieces.push(this.#block.subarray(this.#start, this.#end));
    this.#block = null;
  }

  /** The bytes that lie together at the front, not empty; undefined when there are none. Whoever takes them may keep them. */
  first(): Buffer | undefined {
    return this.#pieces[0] ?? (this.length > 0 ? this.#block?.subarray(this.#start, this.#end) : undefined);
  }

  /** Takes `bytes` of `first()` away. */
  skip(bytes: number): void {
    this.length -= bytes;
    const piece = this.#pieces[0];
    if (piece === undefined) {
      this.#start += bytes;
      if (this.length === 0) this.#block = null;
    } else if (bytes === piece.length) {
      this.#pieces.shift();
    } else {
      this.#pieces[0] = piece.subarray(bytes);
    }
  }

  clear(): void {
    if (this.#pieces.length > 0) this.#pieces.length = 0;
    this.#block = null;
    this.length = 0;
  }
}

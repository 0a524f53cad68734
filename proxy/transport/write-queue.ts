import { Buffer } from 'node:buffer';
import type { ReadBuffer } from './read-buffers.ts';
import { takeReadBuffer } from './read-buffers.ts';
import { READ_BUFFER_BYTES } from './transport.ts';

/** Copies of less than this are made to measure: a read buffer would be kept for little. */
const SMALL_BYTES = 4_096;

/** Pieces of at least this size leave alone; smaller ones are gathered with what stands behind them. */
const LARGE_BYTES = READ_BUFFER_BYTES / 2;

/** What one write is made of. */
export type Piece = string | HeldBytes;

/** Bytes, and the read buffer that they lie in, held until they are written; null for bytes that nobody else uses. */
export interface HeldBytes {
  bytes: Buffer;
  readonly lease: ReadBuffer | null;
}

/**
 * What waits while a write is in flight, in order. Small pieces are gathered, so that they leave in one write; a large
 * one is not copied again.
 */
export class WriteQueue {
  #pieces: Piece[] = [];
  #bytes = 0;
  /** Where copies go on, while the last piece is one and has room behind it. */
  #tail: ReadBuffer | null = null;

  get bytes(): number {
    return this.#bytes;
  }

  putText(text: string): void {
    const last = this.#pieces.length - 1;
    this.#bytes += text.length;
    if (typeof this.#pieces[last] === 'string') this.#pieces[last] += text;
    else this.#push(text);
  }

  /** Keeps the bytes as they are; they must not change until they are written. */
  putKept(bytes: Buffer, lease: ReadBuffer | null): void {
    this.#bytes += bytes.length;
    this.#push({ bytes, lease });
  }

  putCopied(bytes: Buffer): void {
    this.#bytes += bytes.length;
    if (this.#tail === null && bytes.length < SMALL_BYTES) this.#push({ bytes: Buffer.from(bytes), lease: null });
    else for (let at = 0; at < bytes.length; ) at += this.#append(bytes, at);
  }

  /** What to write next; undefined when nothing waits. Its lease is the caller's to release. */
  take(): Piece | undefined {
    const piece =
      this.#pieces.length > 1 && sizeOf(this.#pieces[0]) < LARGE_BYTES ? this.#gather() : this.#pieces.shift();
    if (piece !== undefined) this.#bytes -= sizeOf(piece);
    if (this.#pieces.length === 0) this.#tail = null;
    return piece;
  }

  /** Forgets all of it. */
  clear(): void {
    for (const piece of this.#pieces) if (typeof piece !== 'string') piece.lease?.release();
    this.#pieces = [];
    this.#bytes = 0;
    this.#tail = null;
  }

  #push(piece: Piece): void {
    this.#tail = null;
    this.#pieces.push(piece);
  }

  /** How many bytes from `at` on found room in the tail, a new one where there is none. */
  #append(bytes: Buffer, at: number): number {
    let piece = this.#pieces.at(-1) as HeldBytes; // the tail's own, while there is a tail
    if (this.#tail === null || piece.bytes.length === READ_BUFFER_BYTES) {
      const tail = takeReadBuffer();
      piece = { bytes: tail.bytes.subarray(0, 0), lease: tail };
      this.#push(piece);
      this.#tail = tail;
    }
    const end = piece.bytes.length;
    const copied = bytes.copy(this.#tail.bytes, end, at);
    piece.bytes = this.#tail.bytes.subarray(0, end + copied);
    return copied;
  }

  /** As many of the first pieces as fit into one buffer, at least one. */
  #gather(): Piece {
    const gathered = takeReadBuffer();
    const { bytes } = gathered;
    let end = 0;
    let count = 0;
    for (const piece of this.#pieces) {
      if (end + sizeOf(piece) > READ_BUFFER_BYTES) break;
      end += typeof piece === 'string' ? bytes.write(piece, end, 'latin1') : piece.bytes.copy(bytes, end);
      if (typeof piece !== 'string') piece.lease?.release();
      count++;
    }
    this.#pieces.splice(0, count);
    return { bytes: bytes.subarray(0, end), lease: gathered };
  }
}

/** Text has one byte for each character. */
function sizeOf(piece: Piece | undefined): number {
  if (piece === undefined) return 0;
  return typeof piece === 'string' ? piece.length : piece.bytes.length;
}

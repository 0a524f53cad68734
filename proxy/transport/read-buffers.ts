import { Buffer } from 'node:buffer';
import { READ_BUFFER_BYTES } from './transport.ts';

/** Buffers that nobody has in use and that are kept for the next: 2 MB. More go to the garbage collector. */
const MAX_FREE = 32;

/**
 * A buffer of bulk data on its way through the sidecar. Who uses its bytes holds it, and the last to let go makes it
 * free for the next read.
 *
 * Memory outside V8's heap is what its collector is slowest to see the end of: with a buffer of its own for each large
 * read, half of the CPU time of a large body was garbage collection (`bench/load`, bodies-1mb-mtls).
 */
export class ReadBuffer {
  readonly bytes: Buffer = Buffer.allocUnsafeSlow(READ_BUFFER_BYTES);
  #holders = 0;

  /** Whether anybody but one has it in use: the one who asks must not write into it then. */
  get isShared(): boolean {
    return this.#holders > 1;
  }

  hold(): void {
    this.#holders++;
  }

  /** To be called once for each `hold`: one time more, and two would use the same bytes. */
  release(): void {
    if (--this.#holders === 0 && free.length < MAX_FREE) free.push(this);
  }
}

const free: ReadBuffer[] = [];
const byMemory = new WeakMap<ArrayBufferLike, ReadBuffer>();

/** One that is free, held by the caller. */
export function takeReadBuffer(): ReadBuffer {
  let taken = free.pop();
  if (taken === undefined) {
    taken = new ReadBuffer();
    byMemory.set(taken.bytes.buffer, taken);
  }
  taken.hold();
  return taken;
}

/** The one that bytes lie in; null for those of any other buffer. */
export function readBufferOf(bytes: Buffer): ReadBuffer | null {
  return byMemory.get(bytes.buffer) ?? null;
}

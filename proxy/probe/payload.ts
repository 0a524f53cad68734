import { Buffer } from 'node:buffer';

/** Whether `bytes` hold all blocks, one after the other; what stands between them is not looked at (Envoy, `PayloadMatcher`). */
export function holdsAll(bytes: Buffer, blocks: readonly Buffer[]): boolean {
  let from = 0;
  for (const block of blocks) {
    const at = bytes.indexOf(block, from);
    if (at < 0) return false;
    from = at + block.length;
  }
  return true;
}

/** Room for the first piece; it doubles as more come. */
const FIRST_BYTES = 1024;

/**
 * The same for bytes that come in pieces. Each byte is copied, and looked at, about once however small the pieces are: whoever
 * is checked must not decide what that costs.
 */
export class PayloadSearch {
  readonly #blocks: readonly Buffer[];
  #bytes = Buffer.alloc(FIRST_BYTES);
  /** Bytes that have come. */
  length = 0;
  /** The block that is looked for, and from where. */
  #block = 0;
  #from = 0;

  constructor(blocks: readonly Buffer[]) {
    this.#blocks = blocks;
  }

  /** Whether all blocks have come. */
  take(piece: Buffer): boolean {
    this.#append(piece);
    const bytes = this.#bytes.subarray(0, this.length);
    for (let block = this.#blocks[this.#block]; block !== undefined; block = this.#blocks[this.#block]) {
      const at = bytes.indexOf(block, this.#from);
      if (at < 0) {
        this.#from = Math.max(this.#from, this.length - block.length + 1); // it may have begun
        return false;
      }
      this.#from = at + block.length;
      this.#block++;
    }
    return true;
  }

  #append(piece: Buffer): void {
    const length = this.length + piece.length;
    if (length > this.#bytes.length) {
      const grown = Buffer.alloc(Math.max(length, 2 * this.#bytes.length));
      this.#bytes.copy(grown, 0, 0, this.length);
      this.#bytes = grown;
    }
    piece.copy(this.#bytes, this.length);
    this.length = length;
  }
}

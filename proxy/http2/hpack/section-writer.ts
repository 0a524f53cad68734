import type { Buffer } from 'node:buffer';

/** Strings up to this length are written here, longer ones by Node: its call costs as much as that many characters. */
const MAX_SHORT_STRING = 48;

/** Writes the primitives of HPACK to a buffer of the caller's, which must have room. */
export class SectionWriter {
  /** Offset behind what has been written. */
  at = 0;
  #out: Buffer | null = null;

  begin(out: Buffer, at: number): void {
    this.#out = out;
    this.at = at;
  }

  /** Lets go of the buffer; returns the offset behind the section. */
  end(): number {
    this.#out = null;
    return this.at;
  }

  octet(octet: number): void {
    (this.#out as Buffer)[this.at++] = octet;
  }

  /** RFC 7541 section 5.1: an integer whose prefix is `mask`, with `bits` above it. */
  integer(value: number, mask: number, bits: number): void {
    const out = this.#out as Buffer;
    if (value < mask) {
      out[this.at++] = bits | value;
      return;
    }
    out[this.at++] = bits | mask;
    let rest = value - mask;
    while (rest > 0x7f) {
      out[this.at++] = (rest & 0x7f) | 0x80;
      rest >>>= 7;
    }
    out[this.at++] = rest;
  }

  /** RFC 7541 section 5.2, as it is. */
  string(text: string): void {
    const { length } = text;
    this.integer(length, 0x7f, 0);
    const out = this.#out as Buffer;
    if (length > MAX_SHORT_STRING) {
      out.write(text, this.at, 'latin1');
      this.at += length;
      return;
    }
    let { at } = this;
    for (let i = 0; i < length; i++) out[at++] = text.charCodeAt(i);
    this.at = at;
  }

  bytes(bytes: Uint8Array): void {
    const out = this.#out as Buffer;
    if (bytes.length > MAX_SHORT_STRING) {
      out.set(bytes, this.at);
      this.at += bytes.length;
      return;
    }
    let { at } = this;
    for (let i = 0; i < bytes.length; i++) out[at++] = bytes[i] as number;
    this.at = at;
  }

  /** A copy of what stands at `[from, to)`. */
  copy(from: number, to: number): Uint8Array {
    return Uint8Array.from((this.#out as Buffer).subarray(from, to));
  }
}

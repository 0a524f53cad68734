import { Buffer } from 'node:buffer';
import { decodeHuffman } from '../hpack/huffman.ts';
import { staticTable } from '../hpack/static-table.ts';

type Field = readonly [name: string, value: string];

/** RFC 7541 in the plainest way, to compare the fast decoder with: no limits, no templates, a list for a table. */
export class ReferenceDecoder {
  #table: Field[] = [];
  #maxSize = 4096;
  #bytes: Uint8Array = new Uint8Array();
  #at = 0;

  /** The fields of a section; null when it is broken. */
  decode(bytes: Uint8Array): Field[] | null {
    this.#bytes = bytes;
    this.#at = 0;
    const fields: Field[] = [];
    try {
      while (this.#at < bytes.length) {
        const field = this.#one(fields.length === 0);
        if (field !== null) fields.push(field);
      }
      return fields;
    } catch (error) {
      if (error instanceof RangeError) return null;
      throw error;
    }
  }

  #one(isFirst: boolean): Field | null {
    const octet = this.#bytes[this.#at] as number;
    if (octet & 0x80) return this.#entry(this.#integer(7));
    if (octet & 0x40) {
      const field = this.#literal(6);
      this.#table.unshift(field);
      this.#evict();
      return field;
    }
    if ((octet & 0x20) === 0) return this.#literal(4);
    this.#maxSize = this.#integer(5);
    if (!isFirst || this.#maxSize > 4096) throw new RangeError('size update');
    this.#evict();
    return null;
  }

  #evict(): void {
    while (this.#table.reduce((sum, [name, value]) => sum + name.length + value.length + 32, 0) > this.#maxSize) {
      this.#table.pop();
    }
  }

  #entry(index: number): Field {
    const entry = index < 62 ? staticTable[index] : undefined;
    const field: Field | undefined = entry === undefined ? this.#table[index - 62] : [entry.name, entry.value];
    if (index === 0 || field === undefined) throw new RangeError('index');
    return field;
  }

  #literal(bits: number): Field {
    const index = this.#integer(bits);
    const name = index === 0 ? this.#string() : this.#entry(index)[0];
    return [name, this.#string()];
  }

  #integer(bits: number): number {
    const mask = 2 ** bits - 1;
    let value = this.#octet() & mask;
    if (value < mask) return value;
    for (let factor = 1; factor < 2 ** 28; factor *= 128) {
      const octet = this.#octet();
      value += (octet & 127) * factor;
      if (octet < 128) return value;
    }
    throw new RangeError('integer');
  }

  #string(): string {
    const isHuffman = ((this.#bytes[this.#at] ?? 0) & 0x80) !== 0;
    const length = this.#integer(7);
    const text = this.#bytes.slice(this.#at, this.#at + length);
    if (text.length < length) throw new RangeError('string');
    this.#at += length;
    if (!isHuffman) return Buffer.from(text).toString('latin1');
    const decoded = Buffer.alloc(length * 2);
    const end = decodeHuffman(text, 0, length, decoded, 0);
    if (end < 0) throw new RangeError('huffman');
    return decoded.toString('latin1', 0, end);
  }

  #octet(): number {
    const octet = this.#bytes[this.#at++];
    if (octet === undefined) throw new RangeError('end');
    return octet;
  }
}

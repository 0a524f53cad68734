import type { HeaderField } from './header-field.ts';
import { STATIC_ENTRIES, staticTable } from './static-table.ts';

/** Smallest size of an entry (RFC 7541 section 4.1): what bounds the number of entries. */
const ENTRY_OVERHEAD = 32;

/** The dynamic table of a decoder (RFC 7541 sections 2.3.2 and 4): a ring, newest entry last. */
export class DecoderTable {
  /** Grows with every change, so that what was worked out for one state of the table can be told from another's. */
  version = 0;
  readonly #ring: (HeaderField | undefined)[] = [];
  readonly #mask: number;
  /** Position of the newest entry, counted from the first ever added. */
  #newest = -1;
  #count = 0;
  #size = 0;
  #maxSize: number;

  /** `capacity` is the setting that was announced: no size update goes beyond it. */
  constructor(capacity: number) {
    this.#maxSize = capacity;
    let slots = 1;
    while (slots * ENTRY_OVERHEAD < capacity) slots *= 2;
    this.#mask = slots - 1;
  }

  /** The entry of an index of the joint address space; undefined for 0, for a fault (-1) and for what no table has. */
  at(index: number): HeaderField | undefined {
    if (index <= STATIC_ENTRIES) return index > 0 ? staticTable[index] : undefined;
    const distance = index - STATIC_ENTRIES - 1;
    return distance < this.#count ? this.#ring[(this.#newest - distance) & this.#mask] : undefined;
  }

  /** Adds an entry behind what it evicts; one that is larger than the table empties it (RFC 7541 section 4.4). */
  add(field: HeaderField): void {
    this.version++;
    this.#evict(this.#maxSize - field.size);
    if (field.size > this.#maxSize) return;
    this.#ring[++this.#newest & this.#mask] = field.settle();
    this.#count++;
    this.#size += field.size;
  }

  /** Dynamic table size update (RFC 7541 section 6.3). */
  resize(maxSize: number): void {
    this.version++;
    this.#maxSize = maxSize;
    this.#evict(maxSize);
  }

  get size(): number {
    return this.#size;
  }

  get count(): number {
    return this.#count;
  }

  #evict(room: number): void {
    while (this.#size > room && this.#count > 0) {
      const oldest = (this.#newest - --this.#count) & this.#mask;
      this.#size -= (this.#ring[oldest] as HeaderField).size;
      this.#ring[oldest] = undefined;
    }
  }
}

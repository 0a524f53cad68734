import { isGrpcContentType } from '../field-rules.ts';

/** An entry of an encoder's dynamic table, or a line whose form is always the same. */
export class TableEntry {
  /** Position in the order of all insertions; -1 for what is not in the dynamic table. */
  readonly position: number;
  /** Index in the static table where `position` is -1; 0 for a line that is not sent. */
  readonly staticIndex: number;
  readonly name: string;
  /** Octets as RFC 7541 section 4.1 counts them. */
  readonly size: number;
  /** The field says that the content is gRPC. */
  readonly isGrpc: boolean;
  /** Under which key of which map the entry is found. */
  readonly key: string;
  readonly keys: Map<string, TableEntry>;
  /** False once the entry has been evicted. */
  isLive = true;

  constructor(
    position: number,
    staticIndex: number,
    name: string,
    value: string,
    key: string,
    keys: Map<string, TableEntry>,
  ) {
    this.position = position;
    this.staticIndex = staticIndex;
    this.name = name;
    this.size = name.length + value.length + 32;
    this.isGrpc = name === 'content-type' && isGrpcContentType(value);
    this.key = key;
    this.keys = keys;
  }
}

/** The dynamic table of an encoder: the mirror of what its peer's decoder holds (RFC 7541 section 4). */
export class EncoderTable {
  /** Insertions so far, which makes the index of an entry: `61 + inserted - position`. */
  inserted = 0;
  /** Grows with every change, so that an encoded form can be told from one of another state. */
  version = 0;
  #maxSize: number;
  #size = 0;
  #oldest = 0;
  readonly #entries = new Map<number, TableEntry>();
  readonly #names = new Map<string, number>();

  constructor(maxSize: number) {
    this.#maxSize = maxSize;
  }

  get maxSize(): number {
    return this.#maxSize;
  }

  get size(): number {
    return this.#size;
  }

  /** Index of a dynamic entry with this name; 0 when there is none. */
  indexOfName(name: string): number {
    const position = this.#names.get(name);
    return position === undefined ? 0 : this.indexOf(position);
  }

  /** Index of an entry that is in the table. */
  indexOf(position: number): number {
    return 61 + this.inserted - position;
  }

  add(name: string, value: string, key: string, keys: Map<string, TableEntry>): void {
    this.version++;
    const size = name.length + value.length + 32;
    this.#evict(this.#maxSize - size);
    if (size > this.#maxSize) return;
    const position = this.inserted++;
    const entry = new TableEntry(position, 0, name, value, key, keys);
    this.#entries.set(position, entry);
    this.#names.set(name, position);
    this.#size += size;
    keys.set(key, entry);
  }

  resize(maxSize: number): void {
    this.version++;
    this.#maxSize = maxSize;
    this.#evict(maxSize);
  }

  #evict(room: number): void {
    while (this.#size > room && this.#oldest < this.inserted) {
      const entry = this.#entries.get(this.#oldest) as TableEntry;
      this.#entries.delete(this.#oldest++);
      this.#size -= entry.size;
      entry.isLive = false;
      if (entry.keys.get(entry.key) === entry) entry.keys.delete(entry.key);
      if (this.#names.get(entry.name) === entry.position) this.#names.delete(entry.name);
    }
  }
}

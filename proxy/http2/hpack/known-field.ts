import type { TableEntry } from './encoder-table.ts';

/** A field that the encoder writes by name, and the values of it that are in the dynamic table. */
export class KnownField {
  readonly name: string;
  /** Its first index in the static table; 0 when it has none. */
  readonly staticIndex: number;
  readonly entries = new Map<string, TableEntry>();
  #last: TableEntry | undefined = undefined;

  constructor(name: string, staticIndex: number) {
    this.name = name;
    this.staticIndex = staticIndex;
  }

  /** The entry of a value. The last one is compared first: that costs less than to hash a string that is new. */
  find(value: string): TableEntry | undefined {
    const last = this.#last;
    if (last?.isLive && last.key === value) return last;
    this.#last = this.entries.get(value);
    return this.#last;
  }
}

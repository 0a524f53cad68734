import { FieldList } from './field-list.ts';
import type { HeaderField } from './header-field.ts';

/** Sections longer than this are decoded field by field each time. */
export const MAX_TEMPLATE_SECTION = 1024;
/** Values that may differ from section to section. */
export const MAX_TEMPLATE_VALUES = 8;
/** Templates of one decoder, the last used first. */
const MAX_TEMPLATES = 8;
/** Sections without a match for which one more template is tried once the first ones were in vain. */
const SECTIONS_PER_TRIAL = 64;

/** Encoded values longer than this are decoded each time. */
const MAX_KEPT_VALUE = 64;
/** Changes of a value without a repetition after which it is no longer kept. */
const MAX_CHANGES = 32;

/** The encoded form of the value that a field had the last time: most values that are not indexed repeat all the same. */
export class KeptValue {
  readonly #bytes = new Uint8Array(MAX_KEPT_VALUE);
  #length = 0;
  #changes = 0;

  /** Length of the value where `bytes[at, end)` begins with it, otherwise 0. A string tells its own length. */
  matches(bytes: Uint8Array, at: number, end: number): number {
    const length = this.#length;
    if (length === 0 || at + length > end) return 0;
    for (let i = 0; i < length; i++) {
      if (bytes[at + i] !== this.#bytes[i]) return 0;
    }
    this.#changes = 0;
    return length;
  }

  replace(bytes: Uint8Array, from: number, to: number): void {
    if (this.#changes === MAX_CHANGES) return;
    this.#length = to - from <= MAX_KEPT_VALUE && ++this.#changes < MAX_CHANGES ? to - from : 0;
    for (let i = 0; i < this.#length; i++) this.#bytes[i] = bytes[from + i] as number;
  }
}

/**
 * A field section that left the dynamic table as it was, cut at the values that it spelled out: between them its bytes
 * are compared, the values are read, and the list of fields is done. It holds for one state of the table.
 */
export interface SectionTemplate {
  /** `DecoderTable.version` at which the fields are right. */
  readonly version: number;
  /** The bytes before, between and behind the values. */
  readonly segments: readonly Uint8Array[];
  /** The list as it was; the fields at `list.places` are replaced by those of each section that matches. */
  readonly list: FieldList;
  /** One for each of `list.places`. */
  readonly kept: readonly KeptValue[];
  /** Size of the list without its values. */
  readonly baseSize: number;
}

/** The templates of one decoder. Those that never match are not renewed for each section. */
export class SectionTemplates {
  readonly all: SectionTemplate[] = [];
  /** Templates that may still be made; a match earns one. */
  #credit = MAX_TEMPLATES;
  #sections = 0;

  /** Brings the template that has just matched to the front. */
  promote(index: number): void {
    if (this.#credit < MAX_TEMPLATES) this.#credit++;
    if (index === 0) return;
    const { all } = this;
    const matched = all[index] as SectionTemplate;
    all[index] = all[0] as SectionTemplate;
    all[0] = matched;
  }

  /** Whether a section that matched nothing should leave a template. */
  isWorthwhile(): boolean {
    if (++this.#sections % SECTIONS_PER_TRIAL === 0 && this.#credit === 0) this.#credit++;
    return this.#credit > 0;
  }

  /** Keeps a section. `cuts` are the offsets of its `count` values, begin and end, and `places` their fields. */
  keep(
    version: number,
    section: Uint8Array,
    cuts: readonly number[],
    places: readonly number[],
    fields: readonly HeaderField[],
    headers: number,
    size: number,
  ): void {
    const segments: Uint8Array[] = [];
    let from = 0;
    let baseSize = size;
    for (const [i, place] of places.entries()) {
      segments.push(section.slice(from, cuts[2 * i]));
      from = cuts[2 * i + 1] as number;
      baseSize -= (fields[place] as HeaderField).value.length;
    }
    segments.push(section.slice(from));
    const list = new FieldList(places);
    list.fields.push(...fields);
    list.count = fields.length;
    list.headers = headers;
    this.#credit--;
    if (this.all.length === MAX_TEMPLATES) this.all.pop();
    this.all.unshift({ version, segments, list, kept: places.map(() => new KeptValue()), baseSize });
  }
}

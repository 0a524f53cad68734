import { Buffer } from 'node:buffer';
import { isFieldBytes, RULE_ORDINARY, RULE_STATUS } from '../field-rules.ts';
import { DecoderTable } from './decoder-table.ts';
import type { FieldLimits } from './field-list.ts';
import { FieldList } from './field-list.ts';
import { HeaderField } from './header-field.ts';
import { decodeHuffman } from './huffman.ts';
import { secretNames } from './secret-names.ts';
import type { KeptValue, SectionTemplate } from './section-template.ts';
import { MAX_TEMPLATE_SECTION, MAX_TEMPLATE_VALUES, SectionTemplates } from './section-template.ts';

/**
 * Why a field section ends its connection: `compressionError` is COMPRESSION_ERROR (RFC 9113 section 4.3),
 * `excessiveLoad` is ENHANCE_YOUR_CALM: a list that goes beyond `HARD_BOUND` times its limits.
 */
export type HpackFault = 'compressionError' | 'excessiveLoad';

/** A list beyond its limits is still decoded, to keep the table in step, but not beyond this many times of them. */
const HARD_BOUND = 4;

/** `:method`, `:scheme`, `:path` and `:protocol`; more of them are malformed, and counted like anything else. */
const MAX_UNCOUNTED = 4;

/**
 * Hot loop: bench/http2/hpack.ts.
 *
 * The decoder of one connection (RFC 7541). Everything is decoded from memory: the caller joins HEADERS and
 * CONTINUATION, and bounds what it joins. Nothing is allocated in proportion to the decoded size, only to the wire's.
 */
export class HpackDecoder {
  readonly #maxTableSize: number;
  readonly #table: DecoderTable;
  readonly #list = new FieldList();
  readonly #templates = new SectionTemplates();
  /** Offsets of the values that the section spells out, begin and end, and the places of their fields. */
  readonly #cuts: number[] = [];
  readonly #places: number[] = [];
  #at = 0;
  /** Where the value of the literal last read begins. */
  #valueAt = 0;
  /** Whether the string last read can be the value of a field. */
  #isValid = true;

  /** `maxTableSize` is our SETTINGS_HEADER_TABLE_SIZE. Default 4096, the protocol's. */
  constructor(maxTableSize = 4096) {
    this.#maxTableSize = maxTableSize;
    this.#table = new DecoderTable(maxTableSize);
  }

  /**
   * Decodes the whole field section `bytes[start, end)`. The list is valid until the next call. A list over its limits
   * is `tooLarge`, which is the stream's fault alone; a string is the connection's.
   */
  decode(bytes: Buffer, start: number, end: number, limits: FieldLimits): FieldList | HpackFault {
    const known = this.#match(bytes, start, end, limits);
    if (known !== null) return known;
    const list = this.#list;
    const fields = list.fields;
    const { version } = this.#table;
    this.#places.length = 0;
    this.#cuts.length = 0;
    const { maxHeadBytes, maxHeaders } = limits;
    let count = 0;
    let size = 0;
    let decoded = 0;
    let uncounted = 0;
    let mayResize = true;
    list.tooLarge = false;
    this.#at = start;
    while (this.#at < end) {
      const octet = bytes[this.#at] as number;
      let field: HeaderField | undefined;
      if (octet >= 0x80) {
        field = this.#table.at(this.#integer(bytes, end, 0x7f));
      } else if (octet >= 0x40) {
        field = this.#literal(bytes, end, 0x3f);
        if (field !== undefined) this.#table.add(field);
      } else if (octet < 0x20) {
        field = this.#literal(bytes, end, 0x0f);
        this.#cuts.push(this.#valueAt - start, this.#at - start);
        this.#places.push(count);
        if (octet >= 0x10 && field !== undefined && field.rule === RULE_ORDINARY) secretNames.add(field.name);
      } else {
        // only at the beginning of a section (RFC 7541 section 4.2)
        const maxSize = this.#integer(bytes, end, 0x1f);
        if (!mayResize || maxSize < 0 || maxSize > this.#maxTableSize) return 'compressionError';
        this.#table.resize(maxSize);
        continue;
      }
      if (field === undefined) return 'compressionError';
      mayResize = false;
      size += field.size;
      const { rule } = field;
      if (rule !== RULE_ORDINARY && rule <= RULE_STATUS && uncounted < MAX_UNCOUNTED) uncounted++;
      if (++decoded <= maxHeaders + uncounted && size <= maxHeadBytes) {
        fields[count++] = field;
      } else {
        list.tooLarge = true;
        if (decoded > HARD_BOUND * maxHeaders || size > HARD_BOUND * maxHeadBytes) return 'excessiveLoad';
      }
    }
    list.count = count;
    list.headers = count - uncounted;
    list.size = size;
    if (
      version === this.#table.version &&
      end - start <= MAX_TEMPLATE_SECTION &&
      this.#places.length <= MAX_TEMPLATE_VALUES &&
      !list.tooLarge &&
      this.#templates.isWorthwhile()
    ) {
      const section = Uint8Array.prototype.slice.call(bytes, start, end);
      this.#templates.keep(
        version,
        section,
        [...this.#cuts],
        [...this.#places],
        fields.slice(0, count),
        list.headers,
        size,
      );
    }
    return list;
  }

  /** The list of a section that is like one before it but for its values; null when there was none like it. */
  #match(bytes: Buffer, start: number, end: number, limits: FieldLimits): FieldList | null {
    const { all } = this.#templates;
    for (let i = 0; i < all.length; i++) {
      const template = all[i] as SectionTemplate;
      if (template.version !== this.#table.version) {
        all.splice(i--, 1);
      } else if (this.#read(template, bytes, start, end)) {
        const { list } = template;
        if (list.size > limits.maxHeadBytes || list.headers > limits.maxHeaders) return null;
        this.#templates.promote(i);
        return list;
      }
    }
    return null;
  }

  /** Reads a section by a template; false when it is not of its form. */
  #read(template: SectionTemplate, bytes: Buffer, start: number, end: number): boolean {
    const { segments, list } = template;
    const { fields } = list;
    const places = list.places as readonly number[];
    let size = template.baseSize;
    let at = start;
    for (let i = 0; i < segments.length; i++) {
      const segment = segments[i] as Uint8Array;
      const { length } = segment;
      if (at + length > end) return false;
      for (let j = 0; j < length; j++) {
        if (bytes[at + j] !== segment[j]) return false;
      }
      at += length;
      if (i === places.length) break;
      const place = places[i] as number;
      const last = fields[place] as HeaderField;
      const kept = template.kept[i] as KeptValue;
      const repeated = kept.matches(bytes, at, end);
      if (repeated > 0) {
        size += last.value.length;
        at += repeated;
        continue;
      }
      this.#at = at;
      const value = this.#string(bytes, end);
      if (value === undefined) return false;
      size += value.length;
      fields[place] = new HeaderField(last.name, value, last.nameRule, this.#isValid);
      kept.replace(bytes, at, this.#at);
      list.changes++;
      at = this.#at;
    }
    list.size = size;
    return at === end;
  }

  /** Octets in the dynamic table, as RFC 7541 section 4.1 counts them. */
  get tableSize(): number {
    return this.#table.size;
  }

  #literal(bytes: Buffer, end: number, mask: number): HeaderField | undefined {
    const index = this.#integer(bytes, end, mask);
    if (index === 0) {
      const name = this.#string(bytes, end);
      if (name === undefined) return undefined;
      this.#valueAt = this.#at;
      const value = this.#string(bytes, end);
      return value === undefined ? undefined : HeaderField.of(name, value);
    }
    const named = this.#table.at(index);
    if (named === undefined) return undefined;
    this.#valueAt = this.#at;
    const value = this.#string(bytes, end);
    return value === undefined ? undefined : new HeaderField(named.name, value, named.nameRule, this.#isValid);
  }

  /**
   * An integer whose prefix is `mask` (RFC 7541 section 5.1); -1 when it is cut off, or longer than any that we could
   * need: four octets behind the prefix, up to 2^28.
   */
  #integer(bytes: Buffer, end: number, mask: number): number {
    let value = (bytes[this.#at++] as number) & mask;
    if (value < mask) return value;
    for (let shift = 0; shift < 28; shift += 7) {
      if (this.#at >= end) return -1;
      const octet = bytes[this.#at++] as number;
      value += (octet & 0x7f) << shift;
      if (octet < 0x80) return value;
    }
    return -1;
  }

  /** A string literal (RFC 7541 section 5.2), latin1; undefined when it is cut off or its Huffman code is broken. */
  #string(bytes: Buffer, end: number): string | undefined {
    if (this.#at >= end) return undefined;
    const isHuffman = (bytes[this.#at] as number) >= 0x80;
    const length = this.#integer(bytes, end, 0x7f);
    const from = this.#at;
    const to = from + length;
    if (length < 0 || to > end) return undefined;
    this.#at = to;
    if (!isHuffman) {
      this.#isValid = isFieldBytes(bytes, from, to);
      return bytes.toString('latin1', from, to);
    }
    const target = length <= scratch.length / 2 ? scratch : Buffer.allocUnsafeSlow(length * 2);
    const decoded = decodeHuffman(bytes, from, to, target, 0);
    if (decoded < 0) return undefined;
    this.#isValid = isFieldBytes(target, 0, decoded);
    return target.toString('latin1', 0, decoded);
  }
}

/** Where Huffman strings are decoded; shared, because nothing else runs between decoding and reading it. */
const scratch = Buffer.allocUnsafeSlow(8192);

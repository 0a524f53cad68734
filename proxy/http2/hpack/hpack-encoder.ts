import { Buffer } from 'node:buffer';
import { headerValue, trimWhitespace } from '../../message-head.ts';
import { isGrpcContentType } from '../field-rules.ts';
import type { TemplateSegment } from './block-template.ts';
import { BlockTemplate, MAX_TEMPLATE_TEXT, MAX_TEMPLATE_VALUES } from './block-template.ts';
import { EncoderTable, TableEntry } from './encoder-table.ts';
import type { NameForm } from './index-policy.ts';
import { GUESSABLE_COOKIE, nameForm, staticIndexOf } from './index-policy.ts';
import { KnownField } from './known-field.ts';
import { RecentFields } from './recent-fields.ts';
import { secretNames } from './secret-names.ts';
import { SectionWriter } from './section-writer.ts';

/** The largest dynamic table we make use of, whatever the peer allows: the protocol's default. */
const MAX_TABLE_SIZE = 4096;
/** Lines longer than this are never looked up or indexed: they would push out everything else. */
const MAX_INDEXED_LINE = 1024;
/** Lines without a place in the dynamic table that are remembered: static entries and what is dropped. */
const MAX_FIXED_LINES = 64;
/** Values of one pseudo-header field in the table, so that a thousand paths do not evict the lines of every request. */
const MAX_INDEXED_PSEUDO = 16;
/** Forms of blocks that are remembered, the last used first. */
const MAX_TEMPLATES = 8;
/** Sections between two insertions that evict, so that more fields than have room do not evict each other in turns. */
const SECTIONS_PER_EVICTION = 32;

/** What the encoding of a line says of the next block with such a line. */
type LineOutcome = 'same' | 'value' | 'unsettled';

/**
 * Hot loop: bench/http2/hpack.ts.
 *
 * The encoder of one connection. A field section is written between `begin` and `end`: pseudo-header fields first, then
 * blocks of `name: value\r\n` lines, which may come from HTTP/1 and are then lower-cased and rid of what HTTP/2 forbids.
 * The caller's buffer needs room for `maxEncodedSize` of the text. Strings are sent as they are, without Huffman coding:
 * between sidecars the wire is short, and fields that repeat are sent as an index anyway.
 *
 * A field is indexed when it comes a second time. A block whose every line is settled leaves a template.
 */
export class HpackEncoder {
  readonly #writer = new SectionWriter();
  readonly #table = new EncoderTable(MAX_TABLE_SIZE);
  readonly #lines = new Map<string, TableEntry>();
  #fixedLines = 0;
  readonly #method = new KnownField(':method', 2);
  readonly #path = new KnownField(':path', 4);
  readonly #authority = new KnownField(':authority', 1);
  readonly #status = new KnownField(':status', 8);
  readonly #protocol = new KnownField(':protocol', 0);
  readonly #transferCoding = new KnownField('te', 0);
  /** Where entries go that are in the table for their name. */
  readonly #unkeyed = new Map<string, TableEntry>();
  readonly #recent = new RecentFields();
  readonly #templates: BlockTemplate[] = [];
  /** The last template that matched, and the block that it matched: its values' offsets are in `#values`. */
  #matched: BlockTemplate | null = null;
  #matchedText = '';
  readonly #values = new Int32Array(2 * MAX_TEMPLATE_VALUES);
  /** Smallest table size since the last section; -1 when the peer must not be told of any (RFC 7541 section 4.2). */
  #smallestSize = -1;
  #sections = 0;
  /** `secretNames.generation` that lines and templates agree with. */
  #secrets = secretNames.generation;
  /** `#sections` at the last insertion that evicted. */
  #evictedAt = -SECTIONS_PER_EVICTION;
  #sawGrpc = false;
  /** Where the value of the line last encoded begins, in the block and on the wire. */
  #valueFrom = 0;
  #valueAt = 0;

  /** The peer's SETTINGS_HEADER_TABLE_SIZE; announced at the beginning of the next field section where it matters. */
  setMaxTableSize(bytes: number): void {
    const size = Math.min(bytes, MAX_TABLE_SIZE);
    const present = this.#table.maxSize;
    if (size === present) return;
    this.#smallestSize = Math.min(size, this.#smallestSize < 0 ? present : this.#smallestSize);
    this.#table.resize(size);
  }

  /** Begins a field section at `out[at]`. */
  begin(out: Buffer, at: number): void {
    this.#writer.begin(out, at);
    this.#sections++;
    if (this.#secrets !== secretNames.generation) this.#forgetLines();
    if (this.#smallestSize < 0) return;
    const size = this.#table.maxSize;
    if (this.#smallestSize < size) this.#writer.integer(this.#smallestSize, 0x1f, 0x20);
    this.#writer.integer(size, 0x1f, 0x20);
    this.#smallestSize = -1;
  }

  /** Ends the section; returns the offset behind it. */
  end(): number {
    return this.#writer.end();
  }

  /** Method, scheme, path and protocol of a request whose block is this; the empty ones are left out. */
  requestPseudo(method: string, scheme: string, path: string, protocol: string, block: string): void {
    if (method === 'GET') this.#writer.octet(0x82);
    else if (method === 'POST') this.#writer.octet(0x83);
    else this.#known(this.#method, method);
    if (scheme !== '') this.#writer.octet(scheme === 'http' ? 0x86 : 0x87);
    if (path === '/') this.#writer.octet(0x84);
    else if (path !== '') this.#known(this.#path, path);
    const template = this.#match(block);
    const authority = template === null ? (headerValue(block, 'host') ?? '') : template.authority;
    if (authority !== '') this.#known(this.#authority, authority);
    if (protocol !== '') this.#known(this.#protocol, protocol);
  }

  status(value: number): void {
    if (value === 200) this.#writer.octet(0x88);
    else this.#known(this.#status, String(value));
  }

  /** Writes all lines of a block, each ending in CRLF and already known to be valid. */
  block(text: string): void {
    this.#block(text, false);
  }

  /** The block of a request; one whose content is gRPC also says `te: trailers`, as gRPC over HTTP/2 demands. */
  requestBlock(text: string): void {
    this.#block(text, true);
  }

  #block(text: string, isRequest: boolean): void {
    if (text === '') return;
    const template = this.#match(text);
    if (template === null) this.#walk(text, isRequest);
    else this.#fill(template, text);
  }

  /** The template of a block's form, with the offsets of its values in `#values`. */
  #match(text: string): BlockTemplate | null {
    const templates = this.#templates;
    const { version } = this.#table;
    // a request asks twice, for its host and for its lines; an answer is often the very string of the one before it
    if (this.#matched?.version === version && text === this.#matchedText) return this.#matched;
    this.#matched = null;
    this.#matchedText = '';
    for (let i = 0; i < templates.length; i++) {
      const template = templates[i] as BlockTemplate;
      if (template.version !== version) {
        templates.splice(i--, 1);
      } else if (template.matches(text, this.#values)) {
        if (i > 0) {
          templates[i] = templates[0] as BlockTemplate;
          templates[0] = template;
        }
        this.#matched = template;
        this.#matchedText = text;
        return template;
      }
    }
    return null;
  }

  #fill(template: BlockTemplate, text: string): void {
    const { segments } = template;
    for (let i = 0; i < segments.length; i++) {
      if (i > 0)
        this.#writer.string(text.substring(this.#values[2 * i - 2] as number, this.#values[2 * i - 1] as number));
      this.#writer.bytes((segments[i] as TemplateSegment).bytes);
    }
  }

  /** Encodes line by line, and keeps what it did as a template where the next block of this form will be encoded so too. */
  #walk(text: string, isRequest: boolean): void {
    const segments: TemplateSegment[] = [];
    let isSettled = text.length <= MAX_TEMPLATE_TEXT;
    let textFrom = 0;
    let bytesFrom = this.#writer.at;
    this.#sawGrpc = false;
    for (let at = 0; at < text.length; ) {
      const next = text.indexOf('\r\n', at) + 2;
      const outcome = this.#line(text, at, next);
      at = next;
      if (outcome === 'same' || !isSettled) continue;
      if (outcome === 'unsettled' || segments.length === MAX_TEMPLATE_VALUES) {
        isSettled = false;
        continue;
      }
      segments.push(this.#segment(text, textFrom, this.#valueFrom, bytesFrom, this.#valueAt));
      textFrom = next - 2;
      bytesFrom = this.#writer.at;
    }
    if (isRequest && this.#sawGrpc && this.#known(this.#transferCoding, 'trailers') !== 'same') isSettled = false;
    if (!isSettled) return;
    segments.push(this.#segment(text, textFrom, text.length, bytesFrom, this.#writer.at));
    const authority = isRequest ? (headerValue(text, 'host') ?? '') : '';
    if (this.#templates.length === MAX_TEMPLATES) this.#templates.pop();
    this.#templates.unshift(new BlockTemplate(this.#table.version, segments, authority));
  }

  #segment(text: string, from: number, to: number, bytesFrom: number, bytesTo: number): TemplateSegment {
    return {
      text: ownCopy(text, from, to),
      bytes: this.#writer.copy(bytesFrom, bytesTo),
    };
  }

  /** A field that was indexed has turned out to be secret: every line is looked at anew. */
  #forgetLines(): void {
    this.#secrets = secretNames.generation;
    this.#lines.clear();
    this.#fixedLines = 0;
    this.#templates.length = 0;
    this.#matched = null;
  }

  #line(text: string, from: number, to: number): LineOutcome {
    if (to - from <= MAX_INDEXED_LINE) {
      const entry = this.#lines.get(text.substring(from, to));
      if (entry !== undefined) return this.#entry(entry);
    }
    const colon = text.indexOf(':', from);
    const form = nameForm(text.substring(from, colon).toLowerCase());
    const value = trimWhitespace(text.substring(colon + 1, to - 2));
    if (form.name === 'content-type' && isGrpcContentType(value)) this.#sawGrpc = true;
    switch (form.policy) {
      case 'drop':
        this.#remember(text, from, to, 0);
        return 'same';
      case 'volatile':
        return this.#volatile(form, value, text, colon, to);
      case 'secret':
        return this.#literal(form.name, form.staticIndex || this.#table.indexOfName(form.name), 0x0f, 0x10, value);
      case 'crumb':
        if (value.length < GUESSABLE_COOKIE) return this.#literal(form.name, form.staticIndex, 0x0f, 0x10, value);
        return this.#repeat(form, value, text, from, to);
      case 'repeat':
        return this.#repeat(form, value, text, from, to);
    }
  }

  #entry(entry: TableEntry): LineOutcome {
    if (entry.isGrpc) this.#sawGrpc = true;
    if (entry.position >= 0) this.#writer.integer(this.#table.indexOf(entry.position), 0x7f, 0x80);
    else if (entry.staticIndex > 0) this.#writer.octet(0x80 | entry.staticIndex);
    return 'same';
  }

  #volatile(form: NameForm, value: string, text: string, colon: number, to: number): LineOutcome {
    const index = form.staticIndex || this.#table.indexOfName(form.name);
    if (index === 0 && this.#canAdd(form.name, value)) {
      // for its name alone; the value will not come again
      this.#literal(form.name, 0, 0x3f, 0x40, value);
      this.#table.add(form.name, value, '', this.#unkeyed);
      return 'unsettled';
    }
    this.#literal(form.name, index, 0x0f, 0, value);
    this.#valueFrom = text.indexOf(value, colon + 1);
    return value !== '' && this.#valueFrom + value.length === to - 2 ? 'value' : 'unsettled';
  }

  #repeat(form: NameForm, value: string, text: string, from: number, to: number): LineOutcome {
    const index = staticIndexOf(form.name, value);
    if (index > 0) {
      this.#remember(text, from, to, index);
      this.#writer.octet(0x80 | index);
      return 'same';
    }
    const nameIndex = form.staticIndex || this.#table.indexOfName(form.name);
    if (to - from > MAX_INDEXED_LINE) return this.#literal(form.name, nameIndex, 0x0f, 0, value);
    if (!this.#recent.hasSeen(form.name, value)) {
      this.#literal(form.name, nameIndex, 0x0f, 0, value);
      return 'unsettled';
    }
    if (!this.#canAdd(form.name, value)) return this.#literal(form.name, nameIndex, 0x0f, 0, value);
    this.#literal(form.name, nameIndex, 0x3f, 0x40, value);
    this.#table.add(form.name, value, ownCopy(text, from, to), this.#lines);
    return 'unsettled';
  }

  /** A field that the caller knows by name: found by its value alone. */
  #known(field: KnownField, value: string): LineOutcome {
    const entry = field.find(value);
    if (entry !== undefined) return this.#entry(entry);
    const { name } = field;
    const index = staticIndexOf(name, value);
    if (index > 0) {
      this.#writer.octet(0x80 | index);
      return 'same';
    }
    const nameIndex = field.staticIndex || this.#table.indexOfName(name);
    if (
      field.entries.size < MAX_INDEXED_PSEUDO &&
      value.length <= MAX_INDEXED_LINE &&
      this.#recent.hasSeen(name, value) &&
      this.#canAdd(name, value)
    ) {
      this.#literal(name, nameIndex, 0x3f, 0x40, value);
      this.#table.add(name, value, ownCopy(value, 0, value.length), field.entries);
    } else {
      this.#literal(name, nameIndex, 0x0f, 0, value);
    }
    return 'unsettled';
  }

  /** Whether the table has room for a field, or may make room for it now. */
  #canAdd(name: string, value: string): boolean {
    const size = name.length + value.length + 32;
    if (this.#table.size + size <= this.#table.maxSize) return true;
    if (size > this.#table.maxSize / 2 || this.#sections - this.#evictedAt < SECTIONS_PER_EVICTION) return false;
    this.#evictedAt = this.#sections;
    return true;
  }

  /** Keeps the form of a line that does not depend on the dynamic table. */
  #remember(text: string, from: number, to: number, staticIndex: number): void {
    if (this.#fixedLines >= MAX_FIXED_LINES || to - from > MAX_INDEXED_LINE) return;
    this.#fixedLines++;
    const line = ownCopy(text, from, to);
    this.#lines.set(line, new TableEntry(-1, staticIndex, '', '', line, this.#lines));
  }

  #literal(name: string, nameIndex: number, mask: number, bits: number, value: string): LineOutcome {
    this.#writer.integer(nameIndex, mask, bits);
    if (nameIndex === 0) this.#writer.string(name);
    this.#valueAt = this.#writer.at;
    this.#writer.string(value);
    return 'same';
  }
}

/**
 * Octets that a section can become at most whose blocks and pseudo-header values have this length together: a literal has
 * no more octets of lengths than its line has punctuation, save two for every string beyond 127.
 */
export function maxEncodedSize(textLength: number): number {
  return textLength + (textLength >>> 5) + 64;
}

/** A copy that does not keep the block alive which it was cut from. */
function ownCopy(text: string, from: number, to: number): string {
  return Buffer.from(text.substring(from, to), 'latin1').toString('latin1');
}

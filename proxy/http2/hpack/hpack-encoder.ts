import { Buffer } from 'node:buffer';
import { trimWhitespace } from '../../message-head.ts';
import { isGrpcContentType } from '../field-rules.ts';
import { EncoderTable, TableEntry } from './encoder-table.ts';
import type { NameForm } from './index-policy.ts';
import { GUESSABLE_COOKIE, nameForm, staticIndexOf } from './index-policy.ts';
import { RecentFields } from './recent-fields.ts';

/** The largest dynamic table we make use of, whatever the peer allows: the protocol's default. */
const MAX_TABLE_SIZE = 4096;
/** Lines longer than this are never looked up or indexed: they would push out everything else. */
const MAX_INDEXED_LINE = 1024;
/** Lines without a place in the dynamic table that are remembered: static entries and what is dropped. */
const MAX_FIXED_LINES = 64;

/**
 * Hot loop: bench/http2/hpack.ts.
 *
 * The encoder of one connection. A field section is written between `begin` and `end`: pseudo-header fields first, then
 * blocks of `name: value\r\n` lines, which may come from HTTP/1 and are then lower-cased and rid of what HTTP/2 forbids.
 * The caller's buffer needs room for `maxEncodedSize` of the text. Strings are sent as they are, without Huffman coding:
 * between sidecars the wire is short, and fields that repeat are sent as an index anyway.
 */
export class HpackEncoder {
  readonly #table = new EncoderTable(MAX_TABLE_SIZE);
  readonly #lines = new Map<string, TableEntry>();
  #fixedLines = 0;
  readonly #methods = new Map<string, TableEntry>();
  readonly #paths = new Map<string, TableEntry>();
  readonly #authorities = new Map<string, TableEntry>();
  readonly #statuses = new Map<string, TableEntry>();
  readonly #protocols = new Map<string, TableEntry>();
  readonly #transferCodings = new Map<string, TableEntry>();
  /** Where entries go that are in the table for their name. */
  readonly #unkeyed = new Map<string, TableEntry>();
  readonly #recent = new RecentFields();
  /** Smallest table size since the last section; -1 when the peer must not be told of any (RFC 7541 section 4.2). */
  #smallestSize = -1;
  #sawGrpc = false;
  #out: Buffer | null = null;
  #at = 0;

  /** The peer's SETTINGS_HEADER_TABLE_SIZE; announced at the beginning of the next field section where it matters. */
  setMaxTableSize(bytes: number): void {
    const size = Math.min(bytes, MAX_TABLE_SIZE);
    if (size === this.#table.maxSize) return;
    this.#smallestSize =
      this.#smallestSize < 0 ? Math.min(size, this.#table.maxSize) : Math.min(size, this.#smallestSize);
    this.#table.resize(size);
  }

  /** Begins a field section at `out[at]`. */
  begin(out: Buffer, at: number): void {
    this.#out = out;
    this.#at = at;
    if (this.#smallestSize < 0) return;
    const size = this.#table.maxSize;
    if (this.#smallestSize < size) this.#integer(this.#smallestSize, 0x1f, 0x20);
    this.#integer(size, 0x1f, 0x20);
    this.#smallestSize = -1;
  }

  /** Ends the section; returns the offset behind it. */
  end(): number {
    this.#out = null;
    return this.#at;
  }

  method(value: string): void {
    if (value === 'GET') this.#octet(0x82);
    else if (value === 'POST') this.#octet(0x83);
    else this.#named(this.#methods, ':method', 2, value);
  }

  scheme(value: 'http' | 'https'): void {
    this.#octet(value === 'http' ? 0x86 : 0x87);
  }

  path(value: string): void {
    if (value === '/') this.#octet(0x84);
    else this.#named(this.#paths, ':path', 4, value);
  }

  authority(value: string): void {
    this.#named(this.#authorities, ':authority', 1, value);
  }

  protocol(value: string): void {
    this.#named(this.#protocols, ':protocol', 0, value);
  }

  status(value: number): void {
    if (value === 200) this.#octet(0x88);
    else this.#named(this.#statuses, ':status', 8, String(value));
  }

  /** Writes all lines of a block, each ending in CRLF and already known to be valid. */
  block(text: string): void {
    let at = 0;
    while (at < text.length) {
      const next = text.indexOf('\r\n', at) + 2;
      this.#line(text, at, next);
      at = next;
    }
  }

  /** The block of a request; one whose content is gRPC also says `te: trailers`, as gRPC over HTTP/2 demands. */
  requestBlock(text: string): void {
    this.#sawGrpc = false;
    this.block(text);
    if (this.#sawGrpc) this.#named(this.#transferCodings, 'te', 0, 'trailers');
  }

  #line(text: string, from: number, to: number): void {
    if (to - from <= MAX_INDEXED_LINE) {
      const known = this.#lines.get(text.substring(from, to));
      if (known !== undefined) {
        this.#known(known);
        return;
      }
    }
    const colon = text.indexOf(':', from);
    const form = nameForm(text.substring(from, colon).toLowerCase());
    const value = trimWhitespace(text.substring(colon + 1, to - 2));
    switch (form.policy) {
      case 'drop':
        this.#remember(text, from, to, 0);
        break;
      case 'volatile':
        this.#volatile(form, value);
        break;
      case 'secret':
        this.#literal(form.name, form.staticIndex || this.#table.indexOfName(form.name), 0x0f, 0x10, value);
        break;
      case 'crumb':
        if (value.length < GUESSABLE_COOKIE) this.#literal(form.name, form.staticIndex, 0x0f, 0x10, value);
        else this.#repeat(form, value, text, from, to);
        break;
      case 'repeat':
        if (form.name === 'content-type' && isGrpcContentType(value)) this.#sawGrpc = true;
        this.#repeat(form, value, text, from, to);
        break;
    }
  }

  #known(entry: TableEntry): void {
    if (entry.isGrpc) this.#sawGrpc = true;
    if (entry.position >= 0) this.#integer(this.#table.indexOf(entry.position), 0x7f, 0x80);
    else if (entry.staticIndex > 0) this.#octet(0x80 | entry.staticIndex);
  }

  #volatile(form: NameForm, value: string): void {
    const index = form.staticIndex || this.#table.indexOfName(form.name);
    if (index > 0 || value.length > MAX_INDEXED_LINE) {
      this.#literal(form.name, index, 0x0f, 0, value);
      return;
    }
    // for its name alone; the value will not come again
    this.#literal(form.name, 0, 0x3f, 0x40, value);
    this.#table.add(form.name, value, '', this.#unkeyed);
  }

  #repeat(form: NameForm, value: string, text: string, from: number, to: number): void {
    const index = staticIndexOf(form.name, value);
    if (index > 0) {
      this.#remember(text, from, to, index);
      this.#octet(0x80 | index);
      return;
    }
    this.#literalOrAdd(form.name, form.staticIndex, value, text, from, to, this.#lines);
  }

  /** A field that the caller knows by name: found by its value alone. */
  #named(keys: Map<string, TableEntry>, name: string, nameIndex: number, value: string): void {
    const known = keys.get(value);
    if (known !== undefined) {
      this.#known(known);
      return;
    }
    const index = staticIndexOf(name, value);
    if (index > 0) this.#octet(0x80 | index);
    else this.#literalOrAdd(name, nameIndex, value, value, 0, value.length, keys);
  }

  #literalOrAdd(
    name: string,
    staticIndex: number,
    value: string,
    text: string,
    from: number,
    to: number,
    keys: Map<string, TableEntry>,
  ): void {
    const nameIndex = staticIndex || this.#table.indexOfName(name);
    if (to - from > MAX_INDEXED_LINE || !this.#recent.hasSeen(name, value)) {
      this.#literal(name, nameIndex, 0x0f, 0, value);
      return;
    }
    this.#literal(name, nameIndex, 0x3f, 0x40, value);
    this.#table.add(name, value, ownCopy(text, from, to), keys);
  }

  /** Keeps the form of a line that does not depend on the dynamic table. */
  #remember(text: string, from: number, to: number, staticIndex: number): void {
    if (this.#fixedLines >= MAX_FIXED_LINES || to - from > MAX_INDEXED_LINE) return;
    this.#fixedLines++;
    const line = ownCopy(text, from, to);
    this.#lines.set(line, new TableEntry(-1, staticIndex, '', '', line, this.#lines));
  }

  #literal(name: string, nameIndex: number, mask: number, bits: number, value: string): void {
    this.#integer(nameIndex, mask, bits);
    if (nameIndex === 0) this.#string(name);
    this.#string(value);
  }

  #octet(octet: number): void {
    (this.#out as Buffer)[this.#at++] = octet;
  }

  /** RFC 7541 section 5.1. */
  #integer(value: number, mask: number, bits: number): void {
    const out = this.#out as Buffer;
    if (value < mask) {
      out[this.#at++] = bits | value;
      return;
    }
    out[this.#at++] = bits | mask;
    let rest = value - mask;
    while (rest > 0x7f) {
      out[this.#at++] = (rest & 0x7f) | 0x80;
      rest >>>= 7;
    }
    out[this.#at++] = rest;
  }

  #string(text: string): void {
    const length = text.length;
    this.#integer(length, 0x7f, 0);
    const out = this.#out as Buffer;
    if (length > 32) {
      out.write(text, this.#at, 'latin1');
      this.#at += length;
      return;
    }
    let at = this.#at;
    for (let i = 0; i < length; i++) out[at++] = text.charCodeAt(i);
    this.#at = at;
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

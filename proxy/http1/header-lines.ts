import { isForgedSpelling, isTrusted, reasonHeader } from '../../proto/protected-headers.ts';
import type { HeaderTrust } from '../message/header-trust.ts';
import { hopsHeader, hopsOf } from '../message/hops.ts';
import type { BodyFraming } from '../message-head.ts';
import { trimWhitespace } from '../message-head.ts';

/** What went wrong in a block of header lines; null when nothing did. */
export type HeaderFault = 'badRequest' | 'unsupportedCoding' | 'headersTooLarge';

/**
 * What the header lines of one message say about its framing and its connection, and the lines to forward.
 *
 * The walk looks only at lines whose first letter can begin a header that matters here; everything else is passed
 * over with one table look-up. It never validates characters: the sticky expression of the caller has done so.
 */
export class HeaderLines {
  block = '';
  host = '';
  framing: BodyFraming = 'none';
  contentLength = -1;
  hasClose = false;
  hasKeepAlive = false;
  expects = '';
  /** What `Connection: upgrade` asks to change to, lower case; empty where one of the two is missing. */
  upgrade = '';
  /** Value of `Keep-Alive`: how long, and for how many requests, the sender keeps an idle connection. */
  keepAlive = '';
  peerMetadata = '';
  requestId = '';
  hops = 0;
  hasControls = false;
  fault: HeaderFault | null = null;
  #hosts = 0;
  #hasTransferEncoding = false;
  #hasUpgradeOption = false;
  /** Header names that `Connection` says are for this hop only; null when it names none. */
  #nominated: Set<string> | null = null;
  readonly #keepsReason: boolean;

  /** `keepsReason`: these are answers of another sidecar, whose word for why it has answered itself is forwarded. */
  constructor(keepsReason = false) {
    this.#keepsReason = keepsReason;
  }

  /**
   * Reads `text[from, to)`, whole lines each ending in CRLF, already known to be `token ":" value`.
   *
   * Refused: a second Host or Content-Length, both Content-Length and Transfer-Encoding, a length that is not
   * digits, any coding but `chunked`, more than `maxHeaders` lines (RFC 9112 sections 3.2, 6.1, 6.3). Dropped: what
   * is for one hop only, the mesh's own headers, and other spellings of trusted names (`isForgedSpelling`).
   */
  read(text: string, from: number, to: number, maxHeaders: number, trust: HeaderTrust): void {
    this.#reset();
    let kept = '';
    let segment = from;
    let count = 0;
    let at = from;
    while (at < to) {
      const line = at;
      at = text.indexOf('\n', at) + 1; // one byte is found faster than two, and no line holds another
      if (++count > maxHeaders) {
        this.fault = 'headersTooLarge';
        return;
      }
      if (matters[text.charCodeAt(line)] === 0) continue;
      if (this.#isCut(text, line, at, trust)) {
        kept += text.substring(segment, line);
        segment = at;
      }
      if (this.fault !== null) return;
    }
    if (this.#hasTransferEncoding) {
      if (this.contentLength >= 0) this.fault = 'badRequest';
      this.framing = 'chunked';
    } else if (this.contentLength >= 0) {
      this.framing = 'length';
    }
    if (!this.#hasUpgradeOption) this.upgrade = '';
    this.block = kept === '' ? text.substring(segment, to) : kept + text.substring(segment, to);
    if (this.#nominated !== null) this.block = cutNominated(this.block, this.#nominated);
  }

  #reset(): void {
    this.block = '';
    this.host = '';
    this.framing = 'none';
    this.contentLength = -1;
    this.hasClose = false;
    this.hasKeepAlive = false;
    this.expects = '';
    this.upgrade = '';
    this.keepAlive = '';
    this.peerMetadata = '';
    this.requestId = '';
    this.hops = 0;
    this.hasControls = false;
    this.fault = null;
    this.#hosts = 0;
    this.#hasTransferEncoding = false;
    this.#hasUpgradeOption = false;
    this.#nominated = null;
  }

  /** Notes what one line says; true when it must not be forwarded. */
  #isCut(text: string, line: number, next: number, trust: HeaderTrust): boolean {
    const colon = text.indexOf(':', line);
    if (lower[text.charCodeAt(line)] === LETTER_X) return this.#isCutExtension(text, line, colon, next, trust);
    switch (colon - line) {
      case 2:
        return isName(text, line, 'te');
      case 4:
        if (isName(text, line, 'host')) this.#host(fieldValue(text, colon, next));
        return false;
      case 6:
        if (isName(text, line, 'expect')) this.expects = fieldValue(text, colon, next).toLowerCase();
        return false;
      case 7:
        if (!isName(text, line, 'upgrade')) return false;
        // a second line makes it a list, which nobody here chooses from
        this.upgrade += (this.upgrade === '' ? '' : ', ') + fieldValue(text, colon, next).toLowerCase();
        return true;
      case 10:
        if (isName(text, line, 'connection')) {
          this.#connection(fieldValue(text, colon, next));
          return true;
        }
        if (!isName(text, line, 'keep-alive')) return false;
        this.keepAlive = fieldValue(text, colon, next);
        return true;
      case 14:
        if (isName(text, line, 'content-length')) this.#length(text, colon + 1, next - 2);
        else if (isSpelledLike(text, line, 'content-length')) return true;
        return isName(text, line, 'http2-settings');
      case 16:
        return isName(text, line, 'proxy-connection');
      case 17:
        if (isName(text, line, 'transfer-encoding')) this.#coding(fieldValue(text, colon, next));
        else return isSpelledLike(text, line, 'transfer-encoding');
        return false;
      default:
        return false;
    }
  }

  /** Headers whose names begin with `x-`: those of the mesh are cut, except where a sidecar sent them. */
  #isCutExtension(text: string, line: number, colon: number, next: number, trust: HeaderTrust): boolean {
    const length = colon - line;
    if (length === 12 && isName(text, line, 'x-request-id')) {
      this.requestId = fieldValue(text, colon, next);
      return false;
    }
    if (length === 23 && isName(text, line, 'x-forwarded-client-cert')) return true;
    if (length === 13 && isName(text, line, 'x-heddle-peer') && trust === 'sidecar') {
      this.peerMetadata = fieldValue(text, colon, next);
      return true;
    }
    if (length >= 9 && isName(text, line, 'x-heddle-')) {
      if (length === hopsHeader.length && isName(text, line, hopsHeader))
        this.hops = hopsOf(fieldValue(text, colon, next));
      return !this.#keepsReason || length !== reasonHeader.length || !isName(text, line, reasonHeader);
    }
    if (length >= 16 && isName(text, line, 'x-envoy-')) this.hasControls = true;
    if (trust === 'application' && length === 21 && isName(text, line, 'x-envoy-attempt-count')) return true;
    return isUnusual(text, line, colon) && isForgedSpelling(text.substring(line, colon).toLowerCase());
  }

  #host(value: string): void {
    if (++this.#hosts > 1) this.fault = 'badRequest';
    this.host = value;
  }

  get hasHost(): boolean {
    return this.#hosts === 1;
  }

  /** A length of `text[start, end)`, digits with blanks around them. */
  #length(text: string, start: number, end: number): void {
    let from = start;
    let to = end;
    while (from < to && isBlank(text.charCodeAt(from))) from++;
    while (to > from && isBlank(text.charCodeAt(to - 1))) to--;
    const digits = to - from;
    if (this.contentLength >= 0 || digits === 0 || digits > MAX_LENGTH_DIGITS) {
      this.fault = 'badRequest';
      return;
    }
    let length = 0;
    for (; from < to; from++) {
      const digit = text.charCodeAt(from) - 48;
      if (digit < 0 || digit > 9) {
        this.fault = 'badRequest';
        return;
      }
      length = length * 10 + digit;
    }
    this.contentLength = length;
  }

  #coding(value: string): void {
    if (this.#hasTransferEncoding) this.fault = 'badRequest';
    else if (value.toLowerCase() !== 'chunked') this.fault = judgeCodings(value);
    this.#hasTransferEncoding = true;
  }

  #connection(value: string): void {
    if (value === 'keep-alive' || value === 'Keep-Alive') {
      this.hasKeepAlive = true;
      return;
    }
    for (const part of value.toLowerCase().split(',')) {
      const token = trimWhitespace(part);
      if (token === 'close') this.hasClose = true;
      else if (token === 'keep-alive') this.hasKeepAlive = true;
      else if (token === 'upgrade') this.#hasUpgradeOption = true;
      else if (token !== '' && !protectedNames.has(token) && !isTrusted(token)) {
        this.#nominated ??= new Set();
        this.#nominated.add(token);
      }
    }
  }
}

const LETTER_X = 120;

/** Every number of so many digits is exact, and no body is longer than a petabyte. */
const MAX_LENGTH_DIGITS = 15;

/**
 * Headers that `Connection` cannot take away besides the trusted ones: what decides who may do what, and what ties
 * requests together (RFC 9110 section 7.6.1 forbids nominating what is meant for all recipients).
 */
const protectedNames = new Set([
  'authorization',
  'cookie',
  'expect',
  'traceparent',
  'tracestate',
  // already cut by name, or meaningless without the upgrade that is cut
  'te',
  'keep-alive',
  'http2-settings',
]);

/**
 * Codings other than `chunked` alone. Where `chunked` is not the last, or comes twice, the end of the body cannot be
 * known (RFC 9112 section 6.3); otherwise it is just that nobody here can undo the others (section 6.1).
 */
function judgeCodings(value: string): HeaderFault {
  const codings = value.toLowerCase().split(',').map(trimWhitespace);
  const first = codings.indexOf('chunked');
  return first > 0 && first === codings.length - 1 ? 'unsupportedCoding' : 'badRequest';
}

/** 1 for the first letters of the headers that `HeaderLines` acts on. */
const matters = new Uint8Array(256);
for (const letter of 'tThHeEuUcCkKpPxX') matters[letter.charCodeAt(0)] = 1;

/** Compares the name at `at` with a lower-case one, without case (RFC 9110 section 5.1). */
function isName(text: string, at: number, name: string): boolean {
  for (let i = 0; i < name.length; i++) {
    if (lower[text.charCodeAt(at + i)] !== name.charCodeAt(i)) return false;
  }
  return true;
}

/** The same with any other sign read as `-`: not the header itself, but what some application would take for it. */
function isSpelledLike(text: string, at: number, name: string): boolean {
  for (let i = 0; i < name.length; i++) {
    const code = text.charCodeAt(at + i);
    if ((unusual[code] === 1 ? 45 : lower[code]) !== name.charCodeAt(i)) return false;
  }
  return true;
}

/** Whether a name holds more than letters, digits and `-`. */
function isUnusual(text: string, from: number, to: number): boolean {
  for (let at = from; at < to; at++) {
    if (unusual[text.charCodeAt(at)] === 1) return true;
  }
  return false;
}

const unusual = new Uint8Array(256);
for (const sign of "!#$%&'*+.^_`|~") unusual[sign.charCodeAt(0)] = 1;

const lower = new Uint8Array(256);
for (let code = 0; code < 256; code++) lower[code] = code >= 65 && code <= 90 ? code + 32 : code;

function isBlank(code: number): boolean {
  return code === 32 || code === 9;
}

function fieldValue(text: string, colon: number, next: number): string {
  return trimWhitespace(text.substring(colon + 1, next - 2));
}

function cutNominated(block: string, names: ReadonlySet<string>): string {
  return block
    .split('\r\n')
    .filter((line) => !names.has(line.slice(0, Math.max(0, line.indexOf(':'))).toLowerCase()))
    .join('\r\n');
}

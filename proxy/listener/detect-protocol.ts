import { isTokenByte } from '../message/field-bytes.ts';
import { readRecordHeader } from './client-hello.ts';

/**
 * What the first bytes of a connection are. `more`: they could still become several things. `tcp`: none that is known
 * here, and so bytes that are only carried.
 */
export type DetectedProtocol = 'tls' | 'http2' | 'http1' | 'tcp' | 'more';

/** A request line with a method that is not registered is looked for up to here. */
export const MAX_DETECTED_LINE_BYTES = 8192;

/**
 * Tells the protocol of a connection from the bytes that its client sent first, with as few as decide. Pure: the same
 * bytes in other pieces give the same answer, and an answer other than `more` does not change with what follows.
 *
 * - TLS: the head of a handshake record, and in it the type of a ClientHello (RFC 8446 sections 4 and 5.1).
 * - HTTP/2: the preface up to its version; an HTTP/1 request of the method `PRI` parts from it there (RFC 9113 section 3.4).
 * - HTTP/1: a registered method and a blank; the parser judges the rest. Any other word is the beginning of a request
 *   only if its line ends with a version of HTTP/1, because text protocols begin with words too (`SET key 1`). Empty lines
 *   and blanks before a request are gone over however many there are: more servers than RFC 9112 section 2.2 asks to do
 *   so, and what such a server takes for a request must not go past the rules for requests.
 *
 * What Envoy does with `tls_inspector` and `http_inspector`.
 */
export function detectProtocol(bytes: Uint8Array): DetectedProtocol {
  const first = bytes[0];
  if (first === undefined) return 'more';
  if (first === TLS_HANDSHAKE) return detectTls(bytes);
  return detectHttp(bytes);
}

const TLS_HANDSHAKE = 0x16;
const CLIENT_HELLO = 1;

function detectTls(bytes: Uint8Array): DetectedProtocol {
  const header = readRecordHeader(bytes, 0);
  if (header === 'malformed') return 'tcp';
  const type = bytes[5];
  if (header === 'more' || type === undefined) return 'more';
  return type === CLIENT_HELLO ? 'tls' : 'tcp';
}

function detectHttp(bytes: Uint8Array): DetectedProtocol {
  let start = 0;
  while (start < bytes.length && isSpace(bytes[start] as number)) start++; // below the length
  if (start > MAX_DETECTED_LINE_BYTES) return 'http1'; // for the parser, which refuses it
  if (start === bytes.length) return 'more';
  if (start === 0) {
    const shared = sharedLength(bytes, http2Preface);
    if (shared === http2Preface.length) return 'http2';
    if (shared === bytes.length) return 'more';
  }
  let at = start;
  while (at < bytes.length && isTokenByte(bytes[at] as number)) at++; // below the length
  const length = at - start;
  if (length > MAX_METHOD_BYTES) return 'tcp';
  if (at === bytes.length) return 'more';
  if (length === 0 || (bytes[at] !== BLANK && bytes[at] !== TAB)) return 'tcp';
  if (registeredMethods.has(String.fromCharCode(...bytes.subarray(start, at)))) return 'http1';
  return detectVersion(bytes, at);
}

/** Whether the line that is at its first blank ends as a request line of HTTP/1 does. */
function detectVersion(bytes: Uint8Array, from: number): DetectedProtocol {
  for (let at = from; at < bytes.length; at++) {
    const byte = bytes[at] as number; // below the length
    if (at >= MAX_DETECTED_LINE_BYTES) return 'tcp';
    if (byte === CR || byte === LF) return endsWithVersion(bytes, at) ? 'http1' : 'tcp';
    if ((byte < BLANK && byte !== TAB) || byte === DEL) return 'tcp';
  }
  return 'more';
}

function endsWithVersion(bytes: Uint8Array, end: number): boolean {
  return /^[ \t]HTTP\/1\.[01]$/.test(String.fromCharCode(...bytes.subarray(Math.max(0, end - 9), end)));
}

function sharedLength(bytes: Uint8Array, pattern: Uint8Array): number {
  const end = Math.min(bytes.length, pattern.length);
  let at = 0;
  while (at < end && bytes[at] === pattern[at]) at++;
  return at;
}

function isSpace(byte: number): boolean {
  return byte === BLANK || byte === TAB || byte === CR || byte === LF;
}

const CR = 0x0d;
const LF = 0x0a;
const BLANK = 0x20;
const TAB = 0x09;
const DEL = 0x7f;

/** Longer than any registered method (`UPDATEREDIRECTREF`). */
const MAX_METHOD_BYTES = 32;

/** The preface as far as it tells HTTP/2 from everything else. */
const http2Preface = new TextEncoder().encode('PRI * HTTP/2');

/** IANA, "HTTP Method Registry", without `PRI`. */
const registeredMethods: ReadonlySet<string> = new Set([
  ...['GET', 'HEAD', 'POST', 'PUT', 'DELETE', 'CONNECT', 'OPTIONS', 'TRACE', 'PATCH'],
  ...['ACL', 'BASELINE-CONTROL', 'BIND', 'CHECKIN', 'CHECKOUT', 'COPY', 'LABEL', 'LINK', 'LOCK', 'MERGE', 'MKACTIVITY'],
  ...['MKCALENDAR', 'MKCOL', 'MKREDIRECTREF', 'MKWORKSPACE', 'MOVE', 'ORDERPATCH', 'PROPFIND', 'PROPPATCH', 'QUERY'],
  ...['REBIND', 'REPORT', 'SEARCH', 'UNBIND', 'UNCHECKOUT', 'UNLINK', 'UNLOCK', 'UPDATE', 'UPDATEREDIRECTREF'],
  'VERSION-CONTROL',
]);

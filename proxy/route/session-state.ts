import { cookieValue, setCookieLine } from '../message/cookie.ts';
import type { RequestHead } from '../message-head.ts';
import { headerValue } from '../message-head.ts';

/** Where a client keeps the address of the endpoint that it is to be answered by. */
export interface SessionState {
  /** Address and port, `10.0.0.7:15006`, that the request brings; empty for none, or one that is no longer to be believed. */
  addressIn(head: RequestHead): string;
  /** The header line that gives a client this address. */
  answerLine(address: string): string;
}

/** Sessions of a route, and where they may lead. */
export interface RouteSession<Destination> {
  readonly state: SessionState;
  /** All of the route's that take requests. */
  readonly destinations: readonly Destination[];
}

/** Longer than any address in base64; what a client sends is not decoded beyond it. */
const maxValueLength = 256;

/**
 * In a header: the address in base64.
 *
 * Source: Envoy `envoy.http.stateful_session.header`.
 */
export function headerSession(name: string): SessionState {
  const lowerCaseName = name.toLowerCase();
  return {
    addressIn(head) {
      const value = headerValue(head.block, lowerCaseName);
      return value === null ? '' : decode(value).toString('latin1');
    },
    answerLine: (address) => `${lowerCaseName}: ${Buffer.from(address, 'latin1').toString('base64')}\r\n`,
  };
}

/**
 * In a cookie: address and end in base64, as Envoy encodes its message `Cookie {address 1, expires 2}`; the bare address is
 * read too. `ttlSeconds` 0 lasts as long as the client's session and has no end.
 *
 * Source: Envoy `envoy.http.stateful_session.cookie`, with the end in seconds since 1970.
 */
export function cookieSession(name: string, path: string, ttlSeconds: number, wallClockMs: () => number): SessionState {
  const form = { name, path, maxAgeSeconds: ttlSeconds, attributes: [] };
  return {
    addressIn(head) {
      const value = cookieValue(head.block, name);
      if (value === null) return '';
      const bytes = decode(value);
      const read = readCookie(bytes);
      if (read === null) return bytes.toString('latin1');
      if (ttlSeconds > 0 && read.expires * 1000 <= wallClockMs()) return '';
      return read.address;
    },
    answerLine(address) {
      const expires = ttlSeconds > 0 ? Math.floor(wallClockMs() / 1000) + ttlSeconds : 0;
      return setCookieLine(form, writeCookie(address, expires).toString('base64'));
    },
  };
}

function decode(value: string): Buffer {
  return value.length > maxValueLength ? Buffer.alloc(0) : Buffer.from(value, 'base64');
}

const addressTag = 0x0a;
const expiresTag = 0x10;

/** `address` is shorter than 128 bytes. */
function writeCookie(address: string, expires: number): Buffer {
  const bytes = [addressTag, address.length, ...Buffer.from(address, 'latin1')];
  if (expires > 0) {
    bytes.push(expiresTag);
    let rest = expires;
    for (; rest > 127; rest = Math.floor(rest / 128)) bytes.push((rest % 128) + 128);
    bytes.push(rest);
  }
  return Buffer.from(bytes);
}

/** Null for what is not such a message, the whole of it. */
function readCookie(bytes: Buffer): { readonly address: string; readonly expires: number } | null {
  if (bytes[0] !== addressTag) return null;
  const end = 2 + (bytes[1] ?? 255);
  if (end > bytes.length) return null;
  const address = bytes.toString('latin1', 2, end);
  if (end === bytes.length) return { address, expires: 0 };
  if (bytes[end] !== expiresTag || bytes.length > end + 9) return null;
  let expires = 0;
  for (let at = bytes.length - 1; at > end; at--) expires = expires * 128 + ((bytes[at] as number) & 127);
  return { address, expires };
}

import { findHeaderLine, trimWhitespace } from '../message-head.ts';

/**
 * Value of a cookie in a block of header lines, without the quotes that it may stand in; null when there is none of that
 * name. Cookies may come in several lines (RFC 9113 section 8.2.3); of several with one name the first counts.
 *
 * Source: RFC 6265 section 4.2.1.
 */
export function cookieValue(block: string, name: string): string | null {
  for (let at = findHeaderLine(block, 'cookie', 0); at >= 0; ) {
    const end = block.indexOf('\r\n', at);
    const value = valueIn(block.slice(at + 'cookie:'.length, end), name);
    if (value !== null) return value;
    at = findHeaderLine(block, 'cookie', end + 2);
  }
  return null;
}

function valueIn(cookies: string, name: string): string | null {
  for (let start = 0; start <= cookies.length; ) {
    const semicolon = cookies.indexOf(';', start);
    const end = semicolon < 0 ? cookies.length : semicolon;
    const pair = trimWhitespace(cookies.slice(start, end));
    if (pair.length > name.length && pair.startsWith(name) && pair.charCodeAt(name.length) === equalsSign) {
      return unquoted(pair.slice(name.length + 1));
    }
    start = end + 1;
  }
  return null;
}

const equalsSign = 61;

function unquoted(value: string): string {
  return value.length >= 2 && value.startsWith('"') && value.endsWith('"') ? value.slice(1, -1) : value;
}

/** What a cookie that the sidecar writes has besides its name and value. */
export interface CookieForm {
  readonly name: string;
  /** 0 lasts as long as the client's session. */
  readonly maxAgeSeconds: number;
  /** Empty for none. */
  readonly path: string;
  readonly attributes: readonly (readonly [name: string, value: string])[];
}

/** The header line that sets a cookie, `HttpOnly` as Envoy's are: no script has a use for it. */
export function setCookieLine({ name, maxAgeSeconds, path, attributes }: CookieForm, value: string): string {
  let line = `set-cookie: ${name}=${value}`;
  if (maxAgeSeconds > 0) line += `; Max-Age=${maxAgeSeconds}`;
  if (path !== '') line += `; Path=${path}`;
  for (const [attribute, text] of attributes) line += text === '' ? `; ${attribute}` : `; ${attribute}=${text}`;
  return `${line}; HttpOnly\r\n`;
}

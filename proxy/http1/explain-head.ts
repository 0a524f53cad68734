import { isAuthority } from '../message/authority.ts';
import { trimWhitespace } from '../message-head.ts';

/** What is looked at: whoever sends more nonsense than this need not be told where it begins. */
const MAX_EXPLAINED = 16_384;
/** First byte of every record in which TLS begins (RFC 8446 section 5.1). */
const TLS_HANDSHAKE = 22;

/**
 * Which rule a request head breaks that was refused as malformed, in a few words with the section that has the rule; empty
 * where none is found. It quotes nothing but names of headers: what a client sends does not come back to it.
 *
 * The parser tells what is malformed in one pass and not why. This reads the head again, rule by rule, and only then.
 */
export function explainHead(text: string): string {
  const head = text.slice(0, MAX_EXPLAINED);
  const bare = /(^|[^\r])\n/.exec(head);
  if (bare !== null) return 'a line ends with LF alone (RFC 9112 section 2.2)';
  const [requestLine = '', ...rest] = head.split('\r\n');
  const ofLine = explainRequestLine(requestLine);
  if (ofLine !== '') return ofLine;
  const end = rest.indexOf('');
  return explainFields(end < 0 ? rest.slice(0, -1) : rest.slice(0, end), requestLine);
}

function explainRequestLine(line: string): string {
  const parts = line.split(' ');
  const [method = '', target = '', version = ''] = parts;
  if (line.charCodeAt(0) === TLS_HANDSHAKE) return 'this is TLS, and the port takes plain HTTP';
  if (!/^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/.test(method))
    return 'the request does not begin with a method (RFC 9112 section 3)';
  if (/[a-z]/.test(method)) return 'the method has lower-case letters (RFC 9110 section 9.1)';
  if (parts.length !== 3)
    return 'the request line is not method, target and version, one blank between them (RFC 9112 section 3)';
  if (!/^HTTP\/\d\.\d$/.test(version)) return 'the request line does not end in a version (RFC 9112 section 2.3)';
  if (target.includes('#')) return 'the target has a fragment (RFC 9112 section 3.2)';
  if (!/^[!"$-~]+$/.test(target)) return 'the target has characters other than visible ASCII (RFC 9112 section 3.2)';
  if (target.includes('%00')) return 'the target hides a NUL';
  return explainTarget(method, target);
}

/** RFC 9112 section 3.2 has four forms. */
function explainTarget(method: string, target: string): string {
  if (method === 'CONNECT') {
    const isOne = isAuthority(target) && /:[0-9]+$/.test(target);
    return isOne ? '' : 'CONNECT asks for something else than host:port (RFC 9112 section 3.2.3)';
  }
  if (target.startsWith('/')) return '';
  if (target === '*')
    return method === 'OPTIONS' ? '' : 'the target is *, which is for OPTIONS alone (RFC 9112 section 3.2.4)';
  const absolute = /^http:\/\/([^/?]+)/i.exec(target);
  if (absolute === null) return 'the target is neither a path nor an http URL (RFC 9112 section 3.2)';
  return isAuthority(absolute[1] ?? '') ? '' : 'the host of the target is none (RFC 9112 section 3.2.2)';
}

function explainFields(lines: readonly string[], requestLine: string): string {
  const values = new Map<string, string[]>();
  for (const line of lines) {
    const fault = explainField(line);
    if (fault !== '') return fault;
    const colon = line.indexOf(':');
    const name = line.slice(0, colon).toLowerCase();
    values.set(name, [...(values.get(name) ?? []), trimWhitespace(line.slice(colon + 1))]);
  }
  const isHttp10 = requestLine.endsWith('1.0');
  return (
    explainHost(values.get('host') ?? [], isHttp10) ||
    explainFraming(values.get('content-length') ?? [], values.get('transfer-encoding') ?? [], isHttp10) ||
    (requestLine.startsWith('CONNECT ') && (values.has('content-length') || values.has('transfer-encoding'))
      ? 'CONNECT has a body (RFC 9110 section 9.3.6)'
      : '')
  );
}

function explainField(line: string): string {
  if (/^[ \t]/.test(line))
    return 'a header line begins with a blank, which folds the line before it (RFC 9112 section 5.2)';
  const colon = line.indexOf(':');
  if (colon < 0) return 'a header line has no colon (RFC 9112 section 5)';
  if (colon === 0) return 'a header has no name (RFC 9110 section 5.1)';
  const name = line.slice(0, colon);
  if (/[ \t]$/.test(name)) return 'a blank stands before the colon of a header (RFC 9112 section 5.1)';
  if (!/^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/.test(name)) return 'the name of a header is no token (RFC 9110 section 5.1)';
  return /^[\t\x20-\x7e\x80-\xff]*$/.test(line.slice(colon + 1))
    ? ''
    : `the value of ${name.toLowerCase().slice(0, 64)} has control characters (RFC 9110 section 5.5)`;
}

function explainHost(hosts: readonly string[], isHttp10: boolean): string {
  const [host, ...others] = hosts;
  if (others.length > 0) return 'there are two Host headers (RFC 9112 section 3.2)';
  if (host === undefined) return isHttp10 ? '' : 'there is no Host header (RFC 9112 section 3.2)';
  return host === '' || isAuthority(host) ? '' : 'the Host header names no host (RFC 9112 section 3.2)';
}

function explainFraming(lengths: readonly string[], codings: readonly string[], isHttp10: boolean): string {
  if (lengths.length > 1) return 'there are two Content-Length headers (RFC 9112 section 6.3)';
  if (lengths.length === 1 && !/^[0-9]{1,15}$/.test(lengths[0] ?? '')) {
    return 'Content-Length is no number of at most 15 digits (RFC 9110 section 8.6)';
  }
  if (codings.length > 0 && lengths.length > 0) {
    return 'there are both Content-Length and Transfer-Encoding (RFC 9112 section 6.3)';
  }
  if (codings.length > 0 && isHttp10) return 'HTTP/1.0 knows no Transfer-Encoding (RFC 9112 section 6.1)';
  return codings.length > 1 || (codings.length === 1 && codings[0]?.toLowerCase() !== 'chunked')
    ? 'Transfer-Encoding is not chunked, once and last (RFC 9112 section 6.3)'
    : '';
}

import { isForgedSpelling, isTrusted } from '../../proto/protected-headers.ts';
import { isAuthority } from '../message/authority.ts';
import { hopsHeader } from '../message/hops.ts';

/**
 * What a header field means to this proxy, worked out once when the field is made: when it enters an HPACK table or is
 * read as a literal. The mapping of a repeated request then costs one comparison and one concatenation per field.
 *
 * Numbers, so that a `switch` over them is a jump; 0 is the field that means nothing to us and is forwarded as it is.
 */
export const RULE_ORDINARY = 0;
/** `:method`, a token without lower-case letters. */
export const RULE_METHOD = 1;
/** `:method: CONNECT`. */
export const RULE_METHOD_CONNECT = 2;
/** `:scheme`, `http` or `https`. */
export const RULE_SCHEME = 3;
/** `:path` in origin form. */
export const RULE_PATH = 4;
/** `:path: *`. */
export const RULE_PATH_ASTERISK = 5;
/** `:protocol`, a token (RFC 8441 section 4). */
export const RULE_PROTOCOL = 6;
/** `:status`, three digits from 100 to 599 without 101 (RFC 9113 section 8.6); the last that HTTP/1 has no line for. */
export const RULE_STATUS = 7;
/** `:authority`, valid: the `Host` of HTTP/1. */
export const RULE_AUTHORITY = 8;
/** A pseudo-header field whose value is refused with 400; the last of the pseudo-header fields. */
export const RULE_BAD_PSEUDO = 9;

/** `host`, valid or empty. */
export const RULE_HOST = 10;
/** `content-length`, at most fifteen digits. */
export const RULE_CONTENT_LENGTH = 11;
export const RULE_COOKIE = 12;
/** `x-request-id`. */
export const RULE_REQUEST_ID = 13;
/** `content-type` of a gRPC message. */
export const RULE_GRPC_CONTENT = 14;
/** `expect: 100-continue`. */
export const RULE_EXPECT_CONTINUE = 15;
/** `x-heddle-peer`. */
export const RULE_PEER = 16;
/** `x-envoy-attempt-count`. */
export const RULE_ATTEMPT_COUNT = 17;
/** What proxies say of a request, such as `x-forwarded-for`: no trailer. */
export const RULE_TRUSTED = 18;
/** Never forwarded: `te: trailers`, `http2-settings`, the mesh's own headers and forged spellings of trusted ones. */
export const RULE_CUT = 19;

/** Refused with 400. */
export const RULE_BAD_VALUE = 20;
/** Any other `expect` (RFC 9110 section 10.1.1). */
export const RULE_BAD_EXPECT = 21;
/** The message is malformed (RFC 9113 sections 8.2 and 8.3): a stream error. */
export const RULE_MALFORMED = 22;

/** Rule of a name alone; values are looked at by `ruleOf`. Names are already known to be lower-case tokens. */
export function ruleOfName(name: string): number {
  const known = knownNames.get(name);
  if (known !== undefined) return known;
  if (name.charCodeAt(0) === 58) return RULE_MALFORMED; // an unknown pseudo-header field
  if (name.startsWith('x-heddle-') || isForgedSpelling(name)) return RULE_CUT;
  return isTrusted(name) ? RULE_TRUSTED : RULE_ORDINARY;
}

/** Rule of a field: that of its name, unless the value is one that must be refused. */
export function ruleOf(nameRule: number, value: string): number {
  switch (nameRule) {
    case RULE_METHOD:
      if (value === 'GET' || value === 'POST') return RULE_METHOD;
      if (value === 'CONNECT') return RULE_METHOD_CONNECT;
      if (!token.test(value)) return RULE_MALFORMED;
      return /[a-z]/.test(value) ? RULE_BAD_PSEUDO : RULE_METHOD;
    case RULE_SCHEME:
      if (value === 'http' || value === 'https') return RULE_SCHEME;
      return /^[A-Za-z][A-Za-z0-9+.-]*$/.test(value) ? RULE_BAD_PSEUDO : RULE_MALFORMED;
    case RULE_PATH:
      return ruleOfPath(value);
    case RULE_AUTHORITY:
      return isAuthority(value) ? RULE_AUTHORITY : RULE_BAD_PSEUDO;
    case RULE_PROTOCOL:
      return token.test(value) ? RULE_PROTOCOL : RULE_MALFORMED;
    case RULE_STATUS:
      return value !== '101' && /^[1-5][0-9][0-9]$/.test(value) ? RULE_STATUS : RULE_MALFORMED;
    case RULE_HOST:
      return isAuthority(value) ? RULE_HOST : RULE_BAD_VALUE;
    case RULE_CONTENT_LENGTH:
      return /^[0-9]{1,15}$/.test(value) ? RULE_CONTENT_LENGTH : RULE_MALFORMED;
    case RULE_GRPC_CONTENT:
      return isGrpcContentType(value) ? RULE_GRPC_CONTENT : RULE_ORDINARY;
    case RULE_EXPECT_CONTINUE:
      return value.toLowerCase() === '100-continue' ? RULE_EXPECT_CONTINUE : RULE_BAD_EXPECT;
    case RULE_TE:
      return value.toLowerCase() === 'trailers' ? RULE_CUT : RULE_MALFORMED;
    default:
      return nameRule;
  }
}

/** Lower-case token, as every field name of HTTP/2 (RFC 9113 section 8.2.1), or one after the colon of a pseudo-header. */
export function isFieldName(name: string): boolean {
  return lowerCaseName.test(name);
}

/** No control characters but tab, no white space at either end (RFC 9113 section 8.2.1); bytes from 0x80 are allowed. */
export function isFieldValue(value: string): boolean {
  return fieldValue.test(value);
}

/** The same of a value that has not become a string yet. */
export function isFieldBytes(bytes: Uint8Array, start: number, end: number): boolean {
  if (start === end) return true;
  let faults = (blanks[bytes[start] as number] as number) | (blanks[bytes[end - 1] as number] as number);
  for (let at = start; at < end; at++) faults |= controls[bytes[at] as number] as number;
  return faults === 0;
}

/** `application/grpc`, with a message format or parameters behind it; not `application/grpc-web`. */
export function isGrpcContentType(value: string): boolean {
  return value === 'application/grpc' || /^application\/grpc(?:$|[+; \t])/i.test(value);
}

/** RFC 9113 section 8.3.1; a fragment, a NUL in disguise and bytes above 0x7e are answered, the rest is malformed. */
function ruleOfPath(value: string): number {
  if (value === '*') return RULE_PATH_ASTERISK;
  if (value.charCodeAt(0) !== 47) return RULE_MALFORMED;
  if (pathPattern.test(value)) return value.includes('%00') ? RULE_BAD_PSEUDO : RULE_PATH;
  return value.includes(' ') || value.includes('\t') ? RULE_MALFORMED : RULE_BAD_PSEUDO;
}

/** `x-heddle-hops`. */
export const RULE_HOPS = 24;

/** Becomes `RULE_CUT` or `RULE_MALFORMED`, so no field ever carries it. */
const RULE_TE = 23;

const knownNames: ReadonlyMap<string, number> = new Map([
  [':method', RULE_METHOD],
  [':scheme', RULE_SCHEME],
  [':path', RULE_PATH],
  [':authority', RULE_AUTHORITY],
  [':protocol', RULE_PROTOCOL],
  [':status', RULE_STATUS],
  ['host', RULE_HOST],
  ['content-length', RULE_CONTENT_LENGTH],
  ['cookie', RULE_COOKIE],
  ['x-request-id', RULE_REQUEST_ID],
  ['content-type', RULE_GRPC_CONTENT],
  ['expect', RULE_EXPECT_CONTINUE],
  ['te', RULE_TE],
  ['http2-settings', RULE_CUT],
  ['x-forwarded-client-cert', RULE_CUT],
  ['x-heddle-peer', RULE_PEER],
  [hopsHeader, RULE_HOPS],
  ['x-envoy-attempt-count', RULE_ATTEMPT_COUNT],
  // connection-specific (RFC 9113 section 8.2.2)
  ['connection', RULE_MALFORMED],
  ['proxy-connection', RULE_MALFORMED],
  ['keep-alive', RULE_MALFORMED],
  ['transfer-encoding', RULE_MALFORMED],
  ['upgrade', RULE_MALFORMED],
]);

const token = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
const lowerCaseName = /^:?[!#$%&'*+\-.^_`|~0-9a-z]+$/;
const fieldValue = /^(?:[\x21-\x7e\x80-\xff](?:[\t\x20-\x7e\x80-\xff]*[\x21-\x7e\x80-\xff])?)?$/;
const pathPattern = /^[!"$-~]+$/;

/** 1 for what no field value may hold, and for what it may hold but not at its ends. */
const controls = Uint8Array.from({ length: 256 }, (_, code) => Number((code < 32 && code !== 9) || code === 127));
const blanks = Uint8Array.from({ length: 256 }, (_, code) => Number(code === 32 || code === 9));

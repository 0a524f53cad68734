/**
 * Headers that are not the users': both planes, and the checks between them, must draw the line at the same place.
 */

/**
 * What says where a message ends or how long its connection lives. A rule that changed one of these would change what the
 * next hop takes for a message (RFC 9112 section 11.2, request smuggling).
 */
const framing: ReadonlySet<string> = new Set([
  'connection',
  'content-length',
  'expect',
  'http2-settings',
  'keep-alive',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
]);

/** Begins the names of what sidecars say to each other. */
const ownPrefix = 'x-heddle-';

/**
 * Why a sidecar has answered itself: Envoy's response flag. A sidecar forwards it of answers that come over mutual TLS from
 * another sidecar, which has cut it from what its own application says; from anybody else it is cut.
 */
export const reasonHeader = 'x-heddle-reason';

/**
 * Whether no rule may set, add to or remove the header, in requests and in responses. `host` is among them: it decides the
 * destination, and a rewrite of it has a field of its own.
 */
export function isProtectedHeader(lowerCaseName: string): boolean {
  return framing.has(lowerCaseName) || lowerCaseName === 'host' || lowerCaseName.startsWith(ownPrefix);
}

/** Cut from a request before its route is looked up: for one connection only, or a claim that is not the caller's to make. */
const cut: ReadonlySet<string> = new Set([
  'connection',
  'http2-settings',
  'keep-alive',
  'proxy-connection',
  'te',
  'upgrade',
]);
const cutClaims: ReadonlySet<string> = new Set(['x-envoy-attempt-count', 'x-forwarded-client-cert']);

/** Whether no route ever sees the header, so that a condition on it would never hold. */
export function isHiddenFromRoutes(lowerCaseName: string): boolean {
  return (
    cut.has(lowerCaseName) ||
    cutClaims.has(lowerCaseName) ||
    lowerCaseName.startsWith(ownPrefix) ||
    isForgedSpelling(lowerCaseName)
  );
}

/**
 * Whether the name is a trusted one with another character in place of `-`. Many applications see all of them as one
 * variable, since CGI has `_` for `-` and some servers have it for every character that is no letter or digit. They would
 * take `x_forwarded_for` or `x.forwarded.for` for what proxies vouch for, or `content_length` for a length; so such
 * headers are dropped.
 *
 * Source: RFC 3875 section 4.1.18; the request environment of lighttpd.
 */
export function isForgedSpelling(lowerCaseName: string): boolean {
  return unusual.test(lowerCaseName) && isTrusted(lowerCaseName.replace(everyUnusual, '-'));
}

/** What a name may hold besides letters, digits and `-` (RFC 9110 section 5.6.2). */
const unusual = /[!#$%&'*+.^_`|~]/;
const everyUnusual = new RegExp(unusual, 'g');

/** Whether receivers act on the header as something that proxies say: `Connection` cannot remove it, trailers cannot hold it. */
export function isTrusted(lowerCaseName: string): boolean {
  return (
    trusted.has(lowerCaseName) ||
    lowerCaseName.startsWith('x-forwarded-') ||
    lowerCaseName.startsWith('x-envoy-') ||
    lowerCaseName.startsWith(ownPrefix)
  );
}

const trusted: ReadonlySet<string> = new Set([
  'content-length',
  'forwarded',
  'host',
  'transfer-encoding',
  'x-real-ip',
  'x-request-id',
]);

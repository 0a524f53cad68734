import { isForgedSpelling, isTrusted } from '../../proto/protected-headers.ts';

/**
 * Fields that decide framing, routing, access or how content is read must stand in the head (RFC 9110 section 6.5.1). A
 * recipient that merged them into it would act on what nobody has checked. Lower case; those that proxies vouch for come on top.
 */
export const headOnlyFields: ReadonlySet<string> = new Set([
  'authorization',
  'connection',
  'content-encoding',
  'content-length',
  'content-range',
  'content-type',
  'cookie',
  'expect',
  'http2-settings',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authorization',
  'proxy-connection',
  'set-cookie',
  'te',
  'trailer',
  'upgrade',
  'www-authenticate',
]);

/** Whether no trailer may have that name, in any case of its letters: HTTP/1 refuses it, HTTP/2 leaves it out. */
export function isForbiddenTrailer(name: string): boolean {
  const lower = name.toLowerCase();
  return headOnlyFields.has(lower) || isTrusted(lower) || isForgedSpelling(lower);
}

import { isIPv6 } from 'node:net';

/** `host [":" port]`: a name, an IPv4 address or an IPv6 address in brackets; no user, no percent-encoding. */
const authorityPattern = /^(?:[A-Za-z0-9._~-]{1,255}|\[([0-9A-Fa-f:.]{2,45})\])(?::([0-9]{1,5}))?$/;

/**
 * Whether this is a host with an optional port between 1 and 65535 (RFC 9110 section 7.2, without userinfo). What stands in
 * brackets is an IPv6 address: `[ad.beef]` would be the service `ad.beef` to one reader and nothing to another.
 */
export function isAuthority(text: string): boolean {
  const match = authorityPattern.exec(text);
  if (match === null) return false;
  const [, address, port] = match;
  if (address !== undefined && !isIPv6(address)) return false;
  return port === undefined || (Number(port) > 0 && Number(port) <= 65_535);
}

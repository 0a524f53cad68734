/**
 * The IP address in `address:port`, which is how peers are named here; in IPv4's own form where that came over a socket of
 * IPv6. What rules go by: the port of a client is another one with each connection.
 */
export function ipOf(addressAndPort: string): string {
  const colon = addressAndPort.lastIndexOf(':');
  const ip = colon < 0 ? addressAndPort : addressAndPort.slice(0, colon);
  return ip.startsWith('::ffff:') && ip.includes('.') ? ip.slice('::ffff:'.length) : ip;
}

/**
 * Whose connections these are, for balancing by source: the client's address, or `ownWorkload` for a program of this host. It
 * is the sidecar's own application, and the applications of all workloads have loopback addresses: by these, all callers of
 * a service would be taken for one.
 */
export function sourceOf(addressAndPort: string, ownWorkload: string): string {
  const ip = ipOf(addressAndPort);
  return ip.startsWith('127.') || ip === '::1' ? ownWorkload : ip;
}

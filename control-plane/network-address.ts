import { networkInterfaces } from 'node:os';

/** How this host reaches a listener on `host`. */
export function localHost(host: string): string {
  return host === '0.0.0.0' ? '127.0.0.1' : host === '::' ? '::1' : host;
}

/** How other hosts reach it: the first address of ours that is not loopback or link-local, else what we are bound to. */
export function advertisedHost(host: string): string {
  if (host !== '0.0.0.0' && host !== '::') {
    return host;
  }
  const family = host === '::' ? 'IPv6' : 'IPv4';
  const addresses = Object.values(networkInterfaces()).flatMap((entries) => entries ?? []);
  const isReachable = (address: string): boolean => !address.startsWith('169.254.') && !address.startsWith('fe80:');
  const found = addresses.find((entry) => entry.family === family && !entry.internal && isReachable(entry.address));
  return found?.address ?? localHost(host);
}

import { isForbiddenAddress, isLoopbackAddress } from '../../proto/forbidden-addresses.ts';
import { systemClock } from '../clock.ts';
import type { NamesEnvironment } from '../cluster/dns-endpoints.ts';
import { nameLookUp } from '../cluster/name-look-up.ts';
import type { ProxyConfig } from '../config.ts';
import type { Log } from '../log.ts';

/** How this process looks names up, and where it lets them lead; `isOwn` knows the sidecar's own listeners. */
export function namesEnvironment(
  { dnsServers, dnsLoopback }: Pick<ProxyConfig, 'dnsServers' | 'dnsLoopback'>,
  log: Log,
  isOwn: (address: string, port: number) => boolean,
): NamesEnvironment {
  return {
    lookUp: nameLookUp({ servers: dnsServers }),
    after: systemClock.after,
    random: Math.random,
    refusal: (address, port) => {
      const isForbidden = isForbiddenAddress(address) && !(dnsLoopback && isLoopbackAddress(address));
      if (isForbidden) return `leads to ${address}, where sidecars never connect`;
      return isOwn(address, port) ? `leads to ${address}, which is this sidecar` : null;
    },
    onChange: (cluster, { host, addresses, lastFailure }) => {
      if (lastFailure === '')
        log('info', 'a name has other addresses', { cluster, host, addresses: addresses.join(', ') });
      else log('warn', 'a name cannot be looked up', { cluster, host, reason: lastFailure, kept: addresses.length });
    },
  };
}

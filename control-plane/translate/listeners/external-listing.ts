import { formatExternalHosts } from '../../../proto/external-hosts.ts';
import type { Input } from '../../../proto/load.ts';
import { isWildcard } from '../../model/external-service/host.ts';
import type { ServiceCatalog } from '../services/service-catalog.ts';
import type { Abilities } from '../view/abilities.ts';

type Listener = Input<'envoy.config.listener.v3.Listener'>;
type VirtualHost = Input<'envoy.config.route.v3.VirtualHost'>;

/** What a sidecar is told of hosts outside the mesh before it asks for any. */
export interface ExternalListing {
  readonly metadata: Pick<Listener, 'metadata'>;
  /** Hosts that this client must not call. */
  readonly refused: readonly VirtualHost[];
}

/**
 * All hosts that documents name and callers of a namespace can call, for those who ask for the routes of the one that is called. Whoever cannot do that, and would
 * call a host in plaintext for which a document wants TLS, is kept from calling it.
 */
export function externalListing(
  catalog: ServiceCatalog,
  { external }: Pick<Abilities, 'external'>,
  namespace: string,
): ExternalListing {
  const addresses = catalog.external.addresses(namespace).filter((address) => {
    const host = hostOf(address);
    return isWildcard(host) || catalog.homonym(host) === null;
  });
  if (addresses.length === 0) return { metadata: {}, refused: [] };
  if (external)
    return { metadata: { metadata: formatExternalHosts(catalog.external.listed(namespace, addresses)) }, refused: [] };
  const secured = addresses.filter((address) => {
    const at = catalog.external.at(hostOf(address), portOf(address), namespace);
    return at?.service.external.spec.tls !== undefined;
  });
  return { metadata: {}, refused: secured.length === 0 ? [] : [refusedHosts(secured)] };
}

function refusedHosts(addresses: readonly string[]): VirtualHost {
  const reason = 'an ExternalService wants TLS to this host, which this sidecar is too old to open: update it';
  return {
    name: 'external_needs_newer_sidecar',
    domains: addresses.flatMap((address) => (portOf(address) === 80 ? [hostOf(address), address] : [address])),
    routes: [
      {
        name: 'external_needs_newer_sidecar',
        match: { prefix: '/' },
        direct_response: { status: 503, body: { inline_string: reason } },
      },
    ],
  };
}

function hostOf(address: string): string {
  return address.slice(0, address.lastIndexOf(':'));
}

function portOf(address: string): number {
  return Number(address.slice(address.lastIndexOf(':') + 1));
}

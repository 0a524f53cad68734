import { BlockList, isIP } from 'node:net';
import { isForbiddenAddress } from '../../proto/forbidden-addresses.ts';
import { hostAndPort } from '../../proto/host-and-port.ts';
import type { Failure } from '../failure.ts';
import type { Cluster } from './cluster.ts';
import type { EndpointConfig } from './cluster-config.ts';
import type { Endpoint } from './endpoint.ts';
import type { ResolveHost } from './host-resolver.ts';
import { nowhere } from './place.ts';

/** Why an address outside the mesh is not dialled. */
export interface PassthroughFailure {
  readonly failure: Failure;
  readonly detail: string;
}

/**
 * Endpoints outside the mesh: the host of the request itself, resolved by the system, in plaintext.
 *
 * Loopback, link-local and unspecified addresses are refused whatever name leads there: a program must not reach this
 * host's own ports, the sidecar's among them, or a cloud's metadata service through the proxy. The address that was
 * checked is the one that is dialled, so a name that changes its mind in between gains nothing. `isOwn` knows the
 * sidecar's own listeners at this host's other addresses.
 */
export async function resolvePassthrough(
  cluster: Cluster,
  authority: string,
  resolveHost: ResolveHost,
  isOwn: (address: string, port: number) => boolean,
): Promise<Endpoint | PassthroughFailure> {
  const { host, port } = splitAuthority(authority);
  let address: string;
  try {
    address = isIP(host) === 0 ? await resolveHost(host) : host;
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    return { failure: 'nameResolution', detail: `${host}: ${code ?? (error as Error).message}` };
  }
  if (isForbiddenAddress(address)) return { failure: 'forbiddenDestination', detail: `${host} is ${address}` };
  if (isOwn(address, port)) return { failure: 'forbiddenDestination', detail: `${authority} is this sidecar` };
  const endpoint = cluster.ensureEndpoint(endpointConfig(address, port));
  return endpoint ?? { failure: 'upstreamOverflow', detail: 'too many external addresses are in use' };
}

/** Host and port of an authority; IPv6 without its brackets. The port of `http` where none is named. */
export function splitAuthority(authority: string): { readonly host: string; readonly port: number } {
  const colon = authority.lastIndexOf(':');
  const hasPort = colon > authority.lastIndexOf(']');
  const host = hasPort ? authority.slice(0, colon) : authority;
  return { host: host.replace(/^\[|\]$/g, ''), port: hasPort ? Number(authority.slice(colon + 1)) : 80 };
}

/** Whether an address is one of `others`, however it is spelled: one of IPv4 may come in IPv6 clothes. */
export function isAmong(address: string, others: Iterable<string>): boolean {
  const list = new BlockList();
  for (const other of others) {
    if (isIP(other) !== 0) list.addAddress(other, isIP(other) === 4 ? 'ipv4' : 'ipv6');
  }
  return isIP(address) !== 0 && list.check(address, isIP(address) === 4 ? 'ipv4' : 'ipv6');
}

function endpointConfig(address: string, port: number): EndpointConfig {
  return {
    key: hostAndPort(address, port),
    address,
    port,
    isMeshed: false,
    workload: 'unknown',
    namespace: 'unknown',
    service: 'unknown',
    version: 'unknown',
    weight: 1,
    health: 'healthy',
    place: nowhere,
  };
}

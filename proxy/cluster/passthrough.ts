import { lookup } from 'node:dns';
import { BlockList, isIP } from 'node:net';
import type { Failure } from '../failure.ts';
import type { Cluster } from './cluster.ts';
import type { EndpointConfig } from './cluster-config.ts';
import type { Endpoint } from './endpoint.ts';

/** Why an address outside the mesh is not dialled. */
export interface PassthroughFailure {
  readonly failure: Failure;
  readonly detail: string;
}

/** Resolves a host name to one address. Rejects with the resolver's error. */
export type ResolveHost = (host: string) => Promise<string>;

/** A name that does not resolve in this time is given up; the system's resolver may take much longer. */
const RESOLVE_TIMEOUT_MS = 5000;

/**
 * Endpoints outside the mesh: the host of the request itself, resolved by the system, in plaintext.
 *
 * Loopback, link-local and unspecified addresses are refused whatever name leads there: a program must not reach this
 * host's own ports, the sidecar's among them, or a cloud's metadata service through the proxy. The address that was
 * checked is the one that is dialled, so a name that changes its mind in between gains nothing.
 */
export async function resolvePassthrough(
  cluster: Cluster,
  authority: string,
  resolveHost: ResolveHost = systemResolver,
): Promise<Endpoint | PassthroughFailure> {
  const { host, port } = splitAuthority(authority);
  let address: string;
  try {
    address = isIP(host) === 0 ? await resolveHost(host) : host;
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    return { failure: 'nameResolution', detail: `${host}: ${code ?? 'no answer'}` };
  }
  if (isForbiddenAddress(address)) return { failure: 'forbiddenDestination', detail: `${host} is ${address}` };
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

/** Addresses that never leave this host or this link (RFC 6890), in every spelling of them. */
export function isForbiddenAddress(address: string): boolean {
  const family = isIP(address);
  return family === 0 || forbidden.check(address, family === 4 ? 'ipv4' : 'ipv6');
}

const forbidden = new BlockList();
forbidden.addSubnet('0.0.0.0', 8, 'ipv4');
forbidden.addSubnet('127.0.0.0', 8, 'ipv4');
forbidden.addSubnet('169.254.0.0', 16, 'ipv4');
forbidden.addAddress('::', 'ipv6');
forbidden.addAddress('::1', 'ipv6');
forbidden.addSubnet('fe80::', 10, 'ipv6');
// IPv4 in IPv6 clothes: mapped addresses and the well-known translation prefix
for (const prefix of ['::ffff:', '64:ff9b::']) {
  forbidden.addSubnet(`${prefix}0.0.0.0`, 104, 'ipv6');
  forbidden.addSubnet(`${prefix}127.0.0.0`, 104, 'ipv6');
  forbidden.addSubnet(`${prefix}169.254.0.0`, 112, 'ipv6');
}

function systemResolver(host: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error('no answer')), RESOLVE_TIMEOUT_MS);
    lookup(host, (error, address) => {
      clearTimeout(timer);
      if (error) reject(error);
      else resolve(address);
    });
  });
}

function endpointConfig(address: string, port: number): EndpointConfig {
  return {
    key: address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`,
    address,
    port,
    isMeshed: false,
    workload: 'unknown',
    namespace: 'unknown',
    service: 'unknown',
    version: 'unknown',
    weight: 1,
    health: 'healthy',
  };
}

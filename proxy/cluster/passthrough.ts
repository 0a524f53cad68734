import { BlockList, isIP } from 'node:net';
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

/** Addresses that never leave this host or this link (RFC 6890) or that a cloud answers to its guest, however spelled. */
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
forbidden.addSubnet('fec0::', 10, 'ipv6');
// to many at once, which no request is
forbidden.addSubnet('224.0.0.0', 4, 'ipv4');
forbidden.addAddress('255.255.255.255', 'ipv4');
forbidden.addSubnet('ff00::', 8, 'ipv6');
// IPv4 inside that cannot be told from the prefix alone: Teredo, SIIT, and NAT64 for local use with its many lengths
forbidden.addSubnet('2001::', 32, 'ipv6');
forbidden.addSubnet('::ffff:0:0:0', 96, 'ipv6');
forbidden.addSubnet('64:ff9b:1::', 48, 'ipv6');
// what clouds answer to their guests beside 169.254.169.254: AWS, Google, Alibaba, Oracle, Azure
for (const address of ['fd00:ec2::254', 'fd20:ce::254', 'fd00:c1::a9fe:a9fe']) forbidden.addAddress(address, 'ipv6');
for (const address of ['100.100.100.200', '192.0.0.192', '168.63.129.16']) {
  forbidden.addAddress(address, 'ipv4');
  for (const prefix of ['::', '64:ff9b::']) forbidden.addAddress(`${prefix}${address}`, 'ipv6');
}
for (const address of ['2002:6464:64c8::', '2002:c000:c0::', '2002:a83f:8110::']) {
  forbidden.addSubnet(address, 48, 'ipv6'); // the same as 6to4
}
// 6to4 of the same IPv4 addresses
for (const prefix of ['2002::', '2002:7f00::']) forbidden.addSubnet(prefix, 24, 'ipv6');
forbidden.addSubnet('2002:a9fe::', 32, 'ipv6');
// IPv4 in IPv6 clothes: compatible and mapped addresses, and the translation prefixes
for (const prefix of ['::', '::ffff:', '64:ff9b::']) {
  forbidden.addSubnet(`${prefix}0.0.0.0`, 104, 'ipv6');
  forbidden.addSubnet(`${prefix}127.0.0.0`, 104, 'ipv6');
  forbidden.addSubnet(`${prefix}169.254.0.0`, 112, 'ipv6');
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

import { BlockList, isIP } from 'node:net';

/**
 * Addresses that never leave this host or this link (RFC 6890) or that a cloud answers to its guest, however spelled; and
 * what is no address. No name of a host outside the mesh may lead there.
 */
export function isForbiddenAddress(address: string): boolean {
  const family = isIP(address);
  return family === 0 || forbidden.check(address, family === 4 ? 'ipv4' : 'ipv6');
}

/** This host itself, in the plain spelling: 127.0.0.0/8 and ::1. */
export function isLoopbackAddress(address: string): boolean {
  return address === '::1' || (isIP(address) === 4 && address.startsWith('127.'));
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

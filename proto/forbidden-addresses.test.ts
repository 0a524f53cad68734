import { describe, expect, it } from 'vitest';
import { isForbiddenAddress, isLoopbackAddress } from './forbidden-addresses.ts';

describe('isForbiddenAddress', () => {
  it('lets ordinary addresses pass, private ones among them', () => {
    expect(['10.0.0.1', '192.168.1.1', '2001:db8::1', '::ffff:10.0.0.1'].filter(isForbiddenAddress)).toEqual([]);
  });

  it.each([
    ...['127.8.9.1', '0.0.0.0', '169.254.169.254', '100.100.100.200', '192.0.0.192', '168.63.129.16'],
    ...['::', '::1', '::127.0.0.1', '::ffff:7f00:1', '0:0:0:0:0:ffff:169.254.1.1', 'fe80::1', 'fd00:ec2::254'],
    ...['64:ff9b::6464:64c8', '::100.100.100.200', '2002:6464:64c8::1', '2002:c000:c0::1', '2002:a83f:8110::1'],
    ...['64:ff9b::7f00:1', '64:ff9b:1::169.254.169.254', '2002:7f00:1::1', '2002:a9fe:a9fe::1'],
    ...['224.0.0.1', '239.255.255.250', '255.255.255.255', 'ff02::1', 'fec0::1', 'fd00:c1::a9fe:a9fe'],
    ...['2001:0:1::1', '::ffff:0:127.0.0.1', '64:ff9b:1:a9fe:a9:fe00::'],
    ...['not an address', '127.1', '0x7f000001'],
  ])('refuses %s', (address) => {
    expect(isForbiddenAddress(address)).toBe(true);
  });
});

describe('isLoopbackAddress', () => {
  it('knows this host in its plain spelling only', () => {
    const addresses = ['127.0.0.1', '127.8.9.1', '::1', '::ffff:127.0.0.1', '10.0.0.1', '127.1', '::'];
    expect(addresses.filter(isLoopbackAddress)).toEqual(['127.0.0.1', '127.8.9.1', '::1']);
  });
});

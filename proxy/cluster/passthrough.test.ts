import { describe, expect, it } from 'vitest';
import { clusterConfig } from '../testing/forwarder.ts';
import { Cluster } from './cluster.ts';
import { isForbiddenAddress, resolvePassthrough, splitAuthority } from './passthrough.ts';

const cluster = () =>
  new Cluster(clusterConfig([], { discovery: 'passthrough' }), {
    dial() {},
    coarseNow: () => 0,
    now: () => 0,
    random: () => 0,
    onEjection() {},
  });

const unasked = async () => Promise.reject(new Error('an address needs no resolver'));

describe('resolvePassthrough', () => {
  it('dials the address that was checked', async () => {
    const endpoint = await resolvePassthrough(cluster(), 'example.com:8080', async () => '93.184.216.34');
    expect(endpoint).toMatchObject({ key: '93.184.216.34:8080', config: { isMeshed: false } });
  });

  it('refuses a name that leads to this host or link', async () => {
    for (const address of ['127.0.0.1', '169.254.169.254', '::1', 'fe80::1', '::ffff:127.0.0.1', '0.0.0.0']) {
      const refused = await resolvePassthrough(cluster(), 'evil.example', async () => address);
      expect(refused).toEqual({ failure: 'forbiddenDestination', detail: `evil.example is ${address}` });
    }
  });

  it('says what the resolver said', async () => {
    const failing = async () => Promise.reject(Object.assign(new Error(), { code: 'ENOTFOUND' }));
    expect(await resolvePassthrough(cluster(), 'nowhere.example', failing)).toEqual({
      failure: 'nameResolution',
      detail: 'nowhere.example: ENOTFOUND',
    });
  });

  it('keeps a bounded number of addresses, and makes room by dropping unused ones', async () => {
    const target = cluster();
    for (let i = 0; i < 300; i++) {
      expect(await resolvePassthrough(target, `93.184.${i >> 8}.${i & 255}`, unasked)).toHaveProperty('key');
    }
    expect([...target.endpoints]).toHaveLength(256);
    for (const endpoint of target.endpoints) endpoint.activeRequests = 1;
    expect(await resolvePassthrough(target, '93.184.9.9', unasked)).toMatchObject({ failure: 'upstreamOverflow' });
  });
});

describe('splitAuthority', () => {
  it.each([
    ['a', 'a', 80],
    ['a:81', 'a', 81],
    ['[::1]:81', '::1', 81],
    ['[::1]', '::1', 80],
  ])('reads %s', (authority, host, port) => {
    expect(splitAuthority(authority)).toEqual({ host, port });
  });
});

describe('isForbiddenAddress', () => {
  it('lets ordinary addresses pass, private ones among them', () => {
    expect(['10.0.0.1', '192.168.1.1', '2001:db8::1', '::ffff:10.0.0.1'].filter(isForbiddenAddress)).toEqual([]);
  });

  it.each([
    ...['127.8.9.1', '0.0.0.0', '169.254.169.254', '100.100.100.200', '192.0.0.192', '168.63.129.16'],
    ...['::', '::1', '::127.0.0.1', '::ffff:7f00:1', '0:0:0:0:0:ffff:169.254.1.1', 'fe80::1', 'fd00:ec2::254'],
    ...['64:ff9b::7f00:1', '64:ff9b:1::169.254.169.254', '2002:7f00:1::1', '2002:a9fe:a9fe::1'],
    ...['not an address', '127.1', '0x7f000001'],
  ])('refuses %s', (address) => {
    expect(isForbiddenAddress(address)).toBe(true);
  });
});

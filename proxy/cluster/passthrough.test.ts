import { describe, expect, it } from 'vitest';
import { clusterConfig } from '../testing/forwarder.ts';
import { Cluster } from './cluster.ts';
import { isAmong, resolvePassthrough, splitAuthority } from './passthrough.ts';

const cluster = () =>
  new Cluster(clusterConfig([], { discovery: 'passthrough' }), {
    dial() {},
    coarseNow: () => 0,
    now: () => 0,
    random: () => 0,
    onEjection() {},
    healthChecks: null,
  });

const unasked = async () => Promise.reject(new Error('an address needs no resolver'));

const never = () => false;

describe('resolvePassthrough', () => {
  it('dials the address that was checked', async () => {
    const endpoint = await resolvePassthrough(cluster(), 'example.com:8080', async () => '93.184.216.34', never);
    expect(endpoint).toMatchObject({ key: '93.184.216.34:8080', config: { isMeshed: false } });
  });

  it('refuses a name that leads to this host or link', async () => {
    for (const address of ['127.0.0.1', '169.254.169.254', '::1', 'fe80::1', '::ffff:127.0.0.1', '0.0.0.0']) {
      const refused = await resolvePassthrough(cluster(), 'evil.example', async () => address, never);
      expect(refused).toEqual({ failure: 'forbiddenDestination', detail: `evil.example is ${address}` });
    }
  });

  it('refuses the sidecar’s own listeners at whatever address of this host, and nothing else there', async () => {
    const isOwn = (address: string, port: number) => address === '10.0.0.5' && port === 16_006;
    expect(await resolvePassthrough(cluster(), 'me.example:16006', async () => '10.0.0.5', isOwn)).toEqual({
      failure: 'forbiddenDestination',
      detail: 'me.example:16006 is this sidecar',
    });
    expect(await resolvePassthrough(cluster(), '10.0.0.5:8080', async () => '', isOwn)).toHaveProperty('key');
  });

  it('says what the resolver said', async () => {
    const failing = async () => Promise.reject(Object.assign(new Error(), { code: 'ENOTFOUND' }));
    expect(await resolvePassthrough(cluster(), 'nowhere.example', failing, never)).toEqual({
      failure: 'nameResolution',
      detail: 'nowhere.example: ENOTFOUND',
    });
  });

  it('keeps a bounded number of addresses, and makes room by dropping unused ones', async () => {
    const target = cluster();
    for (let i = 0; i < 300; i++) {
      expect(await resolvePassthrough(target, `93.184.${i >> 8}.${i & 255}`, unasked, never)).toHaveProperty('key');
    }
    expect([...target.endpoints]).toHaveLength(256);
    for (const endpoint of target.endpoints) endpoint.activeRequests = 1;
    expect(await resolvePassthrough(target, '93.184.9.9', unasked, never)).toMatchObject({
      failure: 'upstreamOverflow',
    });
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

describe('isAmong', () => {
  const own = ['10.0.0.5', '2001:db8::5', 'name.example'];

  it.each(['10.0.0.5', '::ffff:10.0.0.5', '::FFFF:a00:5', '0:0:0:0:0:ffff:a00:5', '2001:db8::5', '2001:DB8:0:0::5'])(
    'knows %s',
    (address) => {
      expect(isAmong(address, own)).toBe(true);
    },
  );

  it.each(['10.0.0.6', '::ffff:10.0.0.6', '2001:db8::6', 'name.example'])('does not take %s for one', (address) => {
    expect(isAmong(address, own)).toBe(false);
  });
});

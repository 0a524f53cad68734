import { describe, expect, it } from 'vitest';
import type { DnsSettings, EndpointConfig } from './cluster-config.ts';
import type { NameStatus } from './cluster-names.ts';
import { DnsEndpoints, maxAddresses } from './dns-endpoints.ts';
import type { NameAnswer } from './name-look-up.ts';
import { nowhere } from './place.ts';

const settings: DnsSettings = {
  refreshMs: 5000,
  respectsTtl: true,
  failureBaseMs: 1000,
  failureMaxMs: 4000,
  family: 'v4-preferred',
};

function endpoint(address: string, port = 443): EndpointConfig {
  const workload = { workload: 'unknown', namespace: 'unknown', service: 'unknown', version: 'unknown' };
  return {
    key: `${address}:${port}`,
    address,
    port,
    isMeshed: false,
    ...workload,
    weight: 1,
    health: 'healthy',
    place: nowhere,
  };
}

function follower() {
  const published: string[][] = [];
  const timers: { delayMs: number; callback: () => void; isCancelled: boolean }[] = [];
  const news: NameStatus[] = [];
  const asked: { host: string; answer: (answer: NameAnswer) => void; fail: (error: unknown) => void }[] = [];
  const names = new DnsEndpoints(
    {
      name: 'outbound|443||api.example.com',
      setEndpoints: (endpoints) => published.push(endpoints.map(({ key }) => key)),
    },
    {
      lookUp: (host) => new Promise((answer, fail) => asked.push({ host, answer, fail })),
      after: (delayMs, callback) => {
        const timer = { delayMs, callback, isCancelled: false };
        timers.push(timer);
        return () => {
          timer.isCancelled = true;
        };
      },
      random: () => 0,
      refusal: (address) => (address.startsWith('127.') ? `leads to ${address}` : null),
      onChange: (_cluster, status) => news.push({ ...status }),
    },
  );
  const follow = (endpoints: EndpointConfig[], dns: DnsSettings = settings) => names.follow({ dns, endpoints });
  const settle = async (act: () => void) => {
    act();
    await Promise.resolve();
    await Promise.resolve();
  };
  const answer = (addresses: string[], ttlMs: number | null = null) =>
    settle(() => asked.shift()?.answer({ addresses, ttlMs }));
  const fail = (code: string) => settle(() => asked.shift()?.fail(Object.assign(new Error(code), { code })));
  return { names, published, timers, news, asked, follow, answer, fail };
}

describe('DnsEndpoints', () => {
  it('makes every address an endpoint, and has those that wait for it wait no longer', async () => {
    const { names, published, follow, answer } = follower();
    follow([endpoint('api.example.com')]);
    const { pending } = names;
    expect(pending).not.toBeNull();
    await answer(['192.0.2.2', '2001:db8::1', '192.0.2.1']);
    await pending;
    expect(names.pending).toBeNull();
    expect(published.at(-1)).toEqual(['192.0.2.1:443', '192.0.2.2:443', '[2001:db8::1]:443']);
  });

  it.each([
    ['the time to live', 30_000, settings, 30_000],
    ['no less than a second', 10, settings, 1000],
    ['no more than an hour', 1e9, settings, 3_600_000],
    ['its own rate where the time to live says nothing', 0, settings, 5000],
    ['its own rate where there is none', null, settings, 5000],
    ['its own rate where that is said', 30_000, { ...settings, respectsTtl: false }, 5000],
  ])('looks up again after %s', async (_name, ttlMs, dns, delayMs) => {
    const { follow, answer, timers } = follower();
    follow([endpoint('api.example.com')], dns);
    await answer(['192.0.2.1'], ttlMs);
    expect(timers.map((timer) => timer.delayMs)).toEqual([delayMs]);
  });

  it('follows a name that moves', async () => {
    const { follow, answer, timers, published, news } = follower();
    follow([endpoint('api.example.com')]);
    await answer(['192.0.2.1']);
    timers[0]?.callback();
    await answer(['192.0.2.1']);
    timers[1]?.callback();
    await answer(['192.0.2.9']);
    expect(published).toEqual([[], ['192.0.2.1:443'], ['192.0.2.9:443']]);
    expect(news.map(({ addresses }) => addresses)).toEqual([['192.0.2.1'], ['192.0.2.9']]);
  });

  it('keeps what it knows when a look-up fails, and tries again, later each time', async () => {
    const { names, follow, answer, fail, timers, published, news } = follower();
    follow([endpoint('api.example.com')]);
    await answer(['192.0.2.1']);
    for (let round = 0; round < 4; round++) {
      timers.at(-1)?.callback();
      await fail('SERVFAIL');
    }
    expect(timers.slice(1).map(({ delayMs }) => delayMs)).toEqual([1000, 2000, 4000, 4000]);
    expect(published.at(-1)).toEqual(['192.0.2.1:443']);
    expect(names.lastFailure).toBe('api.example.com: SERVFAIL');
    expect(news).toHaveLength(2);
    timers.at(-1)?.callback();
    await answer(['192.0.2.1']);
    expect(names.lastFailure).toBe('');
    expect(names.statuses).toMatchObject([{ lookUps: 6, failures: 4 }]);
  });

  it('never lets a name lead to this host, and says where it leads', async () => {
    const { names, follow, answer, published } = follower();
    follow([endpoint('rebound.example.com')]);
    await answer(['127.0.0.1', '192.0.2.1']);
    expect(published.at(-1)).toEqual(['192.0.2.1:443']);
    follow([endpoint('other.example.com')]);
    await answer(['127.0.0.1']);
    expect(published.at(-1)).toEqual([]);
    expect(names.pending).toBeNull();
    expect(names.lastFailure).toBe('other.example.com: leads to 127.0.0.1');
  });

  it('uses the first 64 addresses', async () => {
    const { follow, answer, published } = follower();
    follow([endpoint('api.example.com')]);
    await answer(Array.from({ length: 200 }, (_, index) => `192.0.2.${index}`));
    expect(published.at(-1)).toHaveLength(maxAddresses);
  });

  it('joins names and addresses, each at its port, and keeps what stays when the list changes', async () => {
    const { names, follow, answer, asked, published } = follower();
    follow([endpoint('a.example.com'), endpoint('a.example.com', 444), endpoint('198.51.100.1')]);
    expect(names.pending).toBeNull();
    await answer(['192.0.2.1']);
    expect(published.at(-1)).toEqual(['198.51.100.1:443', '192.0.2.1:443', '192.0.2.1:444']);
    follow([endpoint('a.example.com'), endpoint('b.example.com')]);
    expect(asked.map(({ host }) => host)).toEqual(['b.example.com']);
    expect(published.at(-1)).toEqual(['192.0.2.1:443']);
  });

  it('looks nothing up any more when it is closed', async () => {
    const { names, follow, answer, timers, published } = follower();
    follow([endpoint('a.example.com'), endpoint('b.example.com')]);
    await answer(['192.0.2.1']);
    names.close();
    expect(timers.every(({ isCancelled }) => isCancelled)).toBe(true);
    await answer(['192.0.2.2']);
    expect(published.at(-1)).toEqual(['192.0.2.1:443']);
  });
});

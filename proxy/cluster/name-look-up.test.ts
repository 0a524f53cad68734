import { describe, expect, it } from 'vitest';
import type { Records } from './name-look-up.ts';
import { nameLookUp } from './name-look-up.ts';

const v4 = [
  { address: '192.0.2.1', ttl: 60 },
  { address: '192.0.2.2', ttl: 30 },
];
const v6 = [{ address: '2001:db8::1', ttl: 20 }];
const none = () => Promise.reject(new Error('ENODATA'));
const both: Records = { resolve4: () => Promise.resolve(v4), resolve6: () => Promise.resolve(v6) };
const onlyV6: Records = { ...both, resolve4: none };
const nothing: Records = { resolve4: none, resolve6: none };
const hostsFile = () =>
  Promise.resolve([
    { address: '10.0.0.1', family: 4 },
    { address: 'fd00::1', family: 6 },
  ]);

describe('nameLookUp', () => {
  it.each([
    ['v4', both, ['192.0.2.1', '192.0.2.2'], 30_000],
    ['v6', both, ['2001:db8::1'], 20_000],
    ['v4-preferred', both, ['192.0.2.1', '192.0.2.2'], 30_000],
    ['v4-preferred', onlyV6, ['2001:db8::1'], 20_000],
    ['v6-preferred', both, ['2001:db8::1'], 20_000],
    ['all', both, ['192.0.2.1', '192.0.2.2', '2001:db8::1'], 20_000],
    ['all', onlyV6, ['2001:db8::1'], 20_000],
    ['v4', nothing, ['10.0.0.1'], null],
    ['all', nothing, ['10.0.0.1', 'fd00::1'], null],
    ['v6-preferred', nothing, ['fd00::1'], null],
  ] as const)('of %s has what there is, and for how long', async (family, records, addresses, ttlMs) => {
    const lookUp = nameLookUp({ records, lookUpHost: hostsFile });
    expect(await lookUp('api.example.com', family)).toEqual({ addresses, ttlMs });
  });

  it('says why the host knows nothing, and that there is nothing of a family', async () => {
    const unknown = () => Promise.reject(Object.assign(new Error('getaddrinfo'), { code: 'ENOTFOUND' }));
    await expect(nameLookUp({ records: nothing, lookUpHost: unknown })('a.b', 'all')).rejects.toMatchObject({
      code: 'ENOTFOUND',
    });
    const v4Only = () => Promise.resolve([{ address: '10.0.0.1', family: 4 }]);
    await expect(nameLookUp({ records: nothing, lookUpHost: v4Only })('a.b', 'v6')).rejects.toMatchObject({
      code: 'ENODATA',
    });
  });

  it('works on as many names at a time as it may, and on the next when one is done', async () => {
    const started: string[] = [];
    const answer = new Map<string, () => void>();
    const resolve4 = (host: string) =>
      new Promise<typeof v4>((resolve) => {
        started.push(host);
        answer.set(host, () => resolve(v4));
      });
    const lookUp = nameLookUp({ records: { ...both, resolve4 }, maxRunning: 2 });
    const all = ['a', 'b', 'c'].map((host) => lookUp(host, 'v4'));
    await expect.poll(() => started).toEqual(['a', 'b']);
    answer.get('a')?.();
    await all[0];
    await expect.poll(() => started).toEqual(['a', 'b', 'c']);
    answer.get('b')?.();
    answer.get('c')?.();
    expect((await Promise.all(all)).length).toBe(3);
  });

  it('gives up a name server that says nothing', async () => {
    const silent = { ...both, resolve4: () => new Promise<typeof v4>(() => {}) };
    await expect(nameLookUp({ records: silent, timeoutMs: 1 })('a.b', 'v4')).rejects.toThrow('no answer');
  });
});

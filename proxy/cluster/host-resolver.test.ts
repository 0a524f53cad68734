import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { HostResolver } from './host-resolver.ts';

interface Asked {
  readonly host: string;
  answer(address: string): void;
  fail(error: Error): void;
}

/** A system whose answers the test gives, in any order. */
function system(): { asked: Asked[]; resolve(host: string): Promise<string> } {
  const asked: Asked[] = [];
  return {
    asked,
    resolve: (host) =>
      new Promise((answer, fail) => {
        asked.push({ host, answer, fail });
      }),
  };
}

const hosts = (asked: readonly Asked[]) => asked.map(({ host }) => host);

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

describe('HostResolver', () => {
  it('asks once for a name that several want', async () => {
    const { asked, resolve } = system();
    const resolver = new HostResolver({ resolve });
    const both = Promise.all([resolver.resolve('a'), resolver.resolve('a')]);
    asked[0]?.answer('10.0.0.1');
    expect(await both).toEqual(['10.0.0.1', '10.0.0.1']);
    expect(hosts(asked)).toEqual(['a']);
  });

  it('asks anew once it was answered', async () => {
    const { asked, resolve } = system();
    const resolver = new HostResolver({ resolve });
    const first = resolver.resolve('a');
    asked[0]?.fail(new Error('ENOTFOUND'));
    await expect(first).rejects.toThrow('ENOTFOUND');
    void resolver.resolve('a').catch(() => {});
    expect(hosts(asked)).toEqual(['a', 'a']);
  });

  it('hands a few names over at a time, in the order they came', async () => {
    const { asked, resolve } = system();
    const resolver = new HostResolver({ resolve, maxRunning: 2 });
    const all = ['a', 'b', 'c', 'd'].map((host) => resolver.resolve(host));
    expect(hosts(asked)).toEqual(['a', 'b']);
    asked[1]?.answer('10.0.0.2');
    await all[1];
    await vi.waitFor(() => expect(hosts(asked)).toEqual(['a', 'b', 'c']));
    for (const promise of all) promise.catch(() => {});
  });

  it('never asks for a name that was given up while it waited', async () => {
    const { asked, resolve } = system();
    const resolver = new HostResolver({ resolve, maxRunning: 1, timeoutMs: 5000 });
    const outcomes = Promise.allSettled(['slow', 'waiting'].map((host) => resolver.resolve(host)));
    await vi.advanceTimersByTimeAsync(5000);
    expect((await outcomes).map(({ status }) => status)).toEqual(['rejected', 'rejected']);
    const late = resolver.resolve('late');
    expect(hosts(asked)).toEqual(['slow']); // its thread is still busy
    asked[0]?.fail(new Error('EAI_AGAIN'));
    await vi.waitFor(() => expect(hosts(asked)).toEqual(['slow', 'late']));
    asked[1]?.answer('10.0.0.3');
    expect(await late).toBe('10.0.0.3');
  });

  it('rejects what would make the queue longer than its bound', async () => {
    const { resolve } = system();
    const resolver = new HostResolver({ resolve, maxRunning: 1, maxQueued: 1 });
    for (const host of ['a', 'b']) resolver.resolve(host).catch(() => {});
    await expect(resolver.resolve('c')).rejects.toThrow('too many names');
  });
});

import { once } from 'node:events';
import type { AddressInfo, Socket } from 'node:net';
import { createServer } from 'node:net';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { freePort } from '../examples/testing/free-port.ts';
import type { RunningProgram } from '../examples/testing/program.ts';
import { run, startProgram } from '../examples/testing/program.ts';
import { hasProgram } from '../examples/testing/programs.ts';
import { counterStoreContract } from './counter-store.contract.ts';
import { RedisStore } from './redis-store.ts';

const at = (port: number, more = {}) => ({ host: '127.0.0.1', port, user: '', password: '', database: 0, ...more });
const hit = { key: 'a', hits: 1, ttlSeconds: 60 };

describe.skipIf(!hasProgram('redis-server') || !hasProgram('redis-cli'))('with redis-server', () => {
  let port = 0;
  let redis: RunningProgram;
  const start = () =>
    startProgram('redis-server', ['--port', String(port), '--save', '', '--requirepass', 'secret word'], port);

  beforeAll(async () => {
    port = await freePort();
    redis = await start();
  });
  afterAll(() => redis?.stop());

  counterStoreContract('RedisStore', async () => {
    const store = new RedisStore(at(port, { password: 'secret word' }));
    await store.reached(10_000);
    return store;
  });

  it('lets counts expire, in the database that it is told', async () => {
    const store = new RedisStore(at(port, { user: 'default', password: 'secret word', database: 3 }));
    await store.reached(10_000);
    await store.add([{ key: 'expires', hits: 2, ttlSeconds: 600 }]);
    const ask = (...words: string[]) =>
      run('redis-cli', ['-p', String(port), '-a', 'secret word', '--no-auth-warning', '-n', '3', ...words]);
    expect((await ask('GET', 'expires')).trim()).toBe('2');
    expect(Number((await ask('TTL', 'expires')).trim())).toBeGreaterThan(590);
    await store.close();
  });

  it('takes a count that is full for one beyond every limit, and goes on counting others', async () => {
    const changes: boolean[] = [];
    const store = new RedisStore(at(port, { password: 'secret word' }), (isThere) => changes.push(isThere));
    await store.reached(10_000);
    const full = { key: 'full', hits: 2 ** 62, ttlSeconds: 60 };
    expect(await store.add([full])).toEqual([2 ** 62]);
    expect(await store.add([full, { ...hit, key: 'other' }])).toEqual([Number.POSITIVE_INFINITY, 1]);
    expect(changes).toEqual([true]);
    await store.close();
  });

  it('gives up the question that Redis refuses, and neither the connection nor the questions of others', async () => {
    const changes: string[] = [];
    const store = new RedisStore(at(port, { password: 'secret word' }), (isThere, why) =>
      changes.push(`${isThere} ${why}`),
    );
    await store.reached(10_000);
    await run('redis-cli', ['-p', String(port), '-a', 'secret word', '--no-auth-warning', 'SET', 'words', 'abc']);
    const words = { key: 'words', hits: 1, ttlSeconds: 60 };
    const fresh = { key: 'fresh', hits: 1, ttlSeconds: 60 };
    const asked = [[words], [words, fresh], [fresh]].map((hits) => store.add(hits));
    expect((await Promise.allSettled(asked)).map(({ status }) => status)).toEqual([
      'rejected',
      'rejected',
      'fulfilled',
    ]);
    await expect(asked[0]).rejects.toThrow('no Redis: ERR value is not an integer');
    expect(changes.map((change) => change.slice(0, 30))).toEqual(['true ', 'false ERR value is not an inte', 'true ']);
    await store.close();
  });

  it('says why when Redis does not let it in', async () => {
    const changes: string[] = [];
    const store = new RedisStore(at(port, { password: 'wrong' }), (isThere, why) => changes.push(`${isThere} ${why}`));
    await vi.waitUntil(() => changes.length > 0);
    expect(changes[0]).toContain('false WRONGPASS');
    await expect(store.add([hit])).rejects.toThrow('WRONGPASS');
    await store.close();
  });

  it('refuses at once while Redis is away, and goes on counting when it is back', async () => {
    const changes: boolean[] = [];
    const store = new RedisStore(at(port, { password: 'secret word' }), (isThere) => changes.push(isThere));
    await store.reached(10_000);
    await redis.stop();
    await vi.waitUntil(() => changes.at(-1) === false);
    await expect(store.add([hit])).rejects.toThrow('no Redis');
    redis = await start();
    await vi.waitUntil(() => changes.at(-1) === true, { timeout: 15_000 });
    expect(await store.add([hit])).toEqual([1]);
    await store.close();
  });
});

describe('RedisStore', () => {
  /** A server that answers the greeting, and then as it is told. */
  async function scripted(onCommand: (socket: Socket) => void) {
    const server = createServer((socket) => {
      socket.on('error', () => {});
      socket.once('data', () => {
        socket.write('+OK\r\n');
        socket.on('data', () => onCommand(socket));
      });
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const store = new RedisStore(at((server.address() as AddressInfo).port));
    await store.reached(10_000);
    return {
      store,
      close: async () => {
        await store.close();
        await new Promise((resolve) => server.close(resolve));
      },
    };
  }

  it.each([
    ['an error', '-OOM command not allowed\r\n:0\r\n', 'OOM'],
    ['something else than RESP', 'HTTP/1.1 400 Bad Request\r\n\r\n', 'not asked for'],
    ['more than was asked', ':1\r\n:1\r\n:1\r\n', null],
  ])('survives %s', async (_name, text, why) => {
    const { store, close } = await scripted((socket) => socket.write(text));
    if (why === null) expect(await store.add([hit])).toEqual([1]);
    else await expect(store.add([hit])).rejects.toThrow(why);
    await close();
  });

  it('does not wait for a Redis that says nothing', async () => {
    const { store, close } = await scripted(() => {});
    await expect(store.add([hit])).rejects.toThrow('no answer in a second');
    await close();
  });

  it('refuses those that wait when the connection breaks', async () => {
    const { store, close } = await scripted((socket) => socket.destroy());
    await expect(Promise.all([store.add([hit]), store.add([hit])])).rejects.toThrow('no Redis');
    await close();
  });
});

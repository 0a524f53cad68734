import { once } from 'node:events';
import type { Socket } from 'node:net';
import { connect, createServer } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { CoarseClock } from '../transport/coarse-clock.ts';
import type { FullReason } from './listener.ts';
import { Listener } from './listener.ts';

const closers: (() => unknown)[] = [];

afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

async function listening(options: { maxConnections?: number; whyFull?: () => FullReason | null }) {
  const refused: string[] = [];
  const listener = await Listener.listen({
    name: 'test',
    host: '127.0.0.1',
    port: 0,
    mesh: null,
    clock: new CoarseClock(),
    serve: ({ transport }) => transport.writeText('served'),
    onRefused: (reason) => refused.push(reason),
    ...options,
  });
  closers.push(() => listener.close(0));
  return { listener, refused };
}

/** What a new client is told at once: something, or that its connection is closed. */
async function greeting(port: number): Promise<string> {
  const socket = connect(port, '127.0.0.1').on('error', () => {});
  closers.push(() => socket.destroy());
  return new Promise((resolve) => {
    socket.once('data', (bytes) => resolve(bytes.toString()));
    socket.once('close', () => resolve('closed'));
  });
}

describe('Listener', () => {
  it('knows where it was when it is closed: requests may still ask whether an address is its own', async () => {
    const { listener } = await listening({});
    const { host, port } = listener;
    await listener.close(0);
    expect([listener.host, listener.port]).toEqual([host, port]);
    expect(port).toBeGreaterThan(0);
  });

  it('closes one connection more than it may have, and takes another when one has gone', async () => {
    const { listener, refused } = await listening({ maxConnections: 1 });
    expect(await greeting(listener.port)).toBe('served');
    expect(await greeting(listener.port)).toBe('closed');
    expect(listener.counters).toMatchObject({ accepted: 1, refused: 1, overflows: 1, globalOverflows: 0 });
    expect(refused).toEqual(['the listener has as many connections as it may']);
    for (const close of closers.splice(1)) close();
    await expect.poll(() => listener.openSockets).toBe(0);
    expect(await greeting(listener.port)).toBe('served');
  });

  it.each([
    ['all', { globalOverflows: 1, overloadRejects: 0 }, 'the sidecar has as many connections as it may'],
    ['overloaded', { globalOverflows: 0, overloadRejects: 1 }, 'the sidecar is close to the end of its memory'],
  ] as const)('takes no connection while the process has no room: %s', async (reason, counts, words) => {
    let whyFull: FullReason | null = null;
    const { listener, refused } = await listening({ whyFull: () => whyFull });
    expect(await greeting(listener.port)).toBe('served');
    whyFull = reason;
    expect(await greeting(listener.port)).toBe('closed');
    expect(listener.counters).toMatchObject({ accepted: 1, refused: 1, overflows: 0, ...counts });
    expect(refused).toEqual([words]);
    whyFull = null;
    expect(await greeting(listener.port)).toBe('served');
  });

  it('nor one that another process has accepted', async () => {
    const { listener } = await listening({ whyFull: () => 'all' });
    const server = createServer();
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    closers.push(() => new Promise((resolve) => server.close(resolve)));
    const { port } = server.address() as { port: number };
    const answer = greeting(port);
    const [socket] = (await once(server, 'connection')) as [Socket];
    listener.take(socket);
    expect(await answer).toBe('closed');
    expect(listener.counters).toMatchObject({ accepted: 0, globalOverflows: 1 });
  });
});

import { afterEach, describe, expect, it } from 'vitest';
import { defaultLimits } from '../resilience/circuit-breaker.ts';
import type { ForwarderOptions } from '../testing/forwarder.ts';
import { plainCluster, startForwarder, startScriptedServer } from '../testing/forwarder.ts';
import { sendRaw } from '../testing/raw-client.ts';

const closers: (() => Promise<void>)[] = [];

afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

const get = 'GET / HTTP/1.1\r\nHost: a\r\n\r\n';
const post = 'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\n';
const isWhole = (text: string) => text.endsWith('spare') || text.endsWith('[]') || text.endsWith('}\n');
const answer = { kind: 'respond', status: 200, lines: 'content-type: application/json\r\n', body: '[]' } as const;
const noRoom = { circuitBreaker: { ...defaultLimits, maxRequests: 0 } };

/** In front of nobody, or of a cluster without room, with another one that answers. */
async function withSpare(options: ForwarderOptions, ports: readonly number[] = []) {
  const upstream = await startScriptedServer((socket, text) => {
    if (text.endsWith('\r\n\r\n') ? text.startsWith('GET') : text.endsWith('hello')) {
      socket.write('HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nspare');
    }
  });
  closers.push(upstream.close);
  const spare = plainCluster([upstream.port]);
  closers.push(async () => spare.close());
  const action = { fallback: { kind: 'forward', destination: spare } as const, ...options.action };
  const forwarder = await startForwarder(ports, { ...options, action });
  closers.push(() => forwarder.close());
  return { forwarder, spare, upstream };
}

describe('the fallback of a route', () => {
  it.each([
    ['no instance is healthy', {}, 'UH'],
    ['the circuit is open', { cluster: noRoom }, 'UO'],
  ])('serves where %s, and the log keeps the flag', async (_, options, flag) => {
    const { forwarder, spare } = await withSpare(options);
    const { status, text } = await sendRaw(forwarder.port, get, isWhole);
    expect([status, text.endsWith('spare')]).toEqual([200, true]);
    expect(forwarder.recorded).toMatchObject([{ status: 200, flag, attempts: 1 }]);
    for (const cluster of [forwarder.cluster, spare]) expect(cluster.breaker.requests.active).toBe(0);
    expect(forwarder.cluster.counters.responsesByClass[5]).toBe(1);
    expect([forwarder.cluster.counters.fallbacks, spare.counters.fallbacks]).toEqual([1, 0]);
    expect(spare.counters.responsesByClass[2]).toBe(1);
  });

  it('gets the body that the client sends', async () => {
    const { forwarder, upstream } = await withSpare({});
    expect((await sendRaw(forwarder.port, [post, 'he', 'llo'], isWhole)).status).toBe(200);
    expect(upstream.received()).toContain('\r\n\r\nhello');
  });

  it.each([
    ['no instance is healthy', {}, 'UH'],
    ['the circuit is open', { cluster: noRoom }, 'UO'],
  ])('answers where %s and it is an answer', async (_, options, flag) => {
    const { forwarder, upstream } = await withSpare({ ...options, action: { fallback: answer } });
    const { status, text } = await sendRaw(forwarder.port, get + get, (each) => each.split('[]').length > 2);
    expect([status, text.match(/\[\]/g)?.length]).toEqual([200, 2]);
    expect(text).toContain('content-type: application/json\r\n');
    expect(forwarder.recorded).toMatchObject([
      { status: 200, flag, attempts: 0 },
      { status: 200, flag, attempts: 0 },
    ]);
    expect(upstream.received()).toBe('');
  });

  it('is asked once: what it cannot serve either fails', async () => {
    const { forwarder, spare } = await withSpare({});
    spare.breaker.requests.max = 0;
    const { status, text } = await sendRaw(forwarder.port, get, isWhole);
    expect([status, text.includes('x-heddle-reason: UH')]).toEqual([503, true]);
    spare.breaker.requests.max = 1;
    spare.setEndpoints([]);
    expect((await sendRaw(forwarder.port, get, isWhole)).status).toBe(503);
    expect([forwarder.cluster.breaker.requests.active, spare.breaker.requests.active]).toEqual([0, 0]);
  });

  it('is not for requests that an instance may have seen', async () => {
    const rude = await startScriptedServer((socket) => socket.destroy());
    closers.push(rude.close);
    const { forwarder, upstream } = await withSpare({}, [rude.port]);
    expect((await sendRaw(forwarder.port, `${post}hello`, isWhole)).status).toBe(503);
    expect(upstream.received()).toBe('');
  });
});

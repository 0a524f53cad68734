import { afterEach, describe, expect, it } from 'vitest';
import { defaultLimits } from '../resilience/circuit-breaker.ts';
import { startForwarder, startScriptedServer } from '../testing/forwarder.ts';
import { sendRaw } from '../testing/raw-client.ts';

const closers: (() => Promise<void>)[] = [];

afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

const get = 'GET / HTTP/1.1\r\nHost: a\r\n\r\n';
const ok = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok';
const isWhole = (text: string) => text.endsWith('ok') || text.endsWith('}\n');

async function server(answer: string) {
  const upstream = await startScriptedServer((socket) => socket.write(answer));
  closers.push(upstream.close);
  return upstream;
}

describe('requests of high priority', () => {
  it('go on while the circuit of all others is open, over connections of their own', async () => {
    const upstream = await server(ok);
    const cluster = { circuitBreaker: { ...defaultLimits, maxRequests: 0 } };
    const forwarder = await startForwarder([upstream.port], { cluster, action: { isHighPriority: true } });
    closers.push(() => forwarder.close());
    expect((await sendRaw(forwarder.port, get, isWhole)).status).toBe(200);
    const { breaker, highBreaker } = forwarder.cluster;
    expect([breaker.connections.active, highBreaker.connections.active]).toEqual([0, 1]);
    expect([highBreaker.requests.active, [...forwarder.cluster.endpoints][0]?.openConnections]).toEqual([0, 1]);
    forwarder.cluster.close();
    await expect.poll(() => highBreaker.connections.active).toBe(0);
  });

  it('have their own limit, and their own retries', async () => {
    const upstream = await server('HTTP/1.1 503 Unavailable\r\nContent-Length: 2\r\n\r\nok');
    const cluster = { highPriority: { ...defaultLimits, maxRequests: 1, maxRetries: 0 } };
    const forwarder = await startForwarder([upstream.port], { cluster, action: { isHighPriority: true } });
    closers.push(() => forwarder.close());
    expect((await sendRaw(forwarder.port, get, isWhole)).status).toBe(503);
    expect(forwarder.recorded).toMatchObject([{ flag: '-' }]);
    forwarder.cluster.highBreaker.requests.max = 0;
    expect((await sendRaw(forwarder.port, get, isWhole)).text).toContain('x-heddle-reason: UO');
  });
});

describe('an instance that answers with Retry-After', () => {
  it('is passed over while there is another', async () => {
    const busy = await server('HTTP/1.1 429 Too Many\r\nRetry-After: 60\r\nContent-Length: 2\r\n\r\nok');
    const free = await server(ok);
    const forwarder = await startForwarder([busy.port, free.port], { cluster: { maxRestMs: 300_000 } });
    closers.push(() => forwarder.close());
    const statuses: number[] = [];
    for (let i = 0; i < 8; i++) statuses.push((await sendRaw(forwarder.port, get, isWhole)).status);
    expect(statuses.filter((status) => status === 429)).toHaveLength(1);
    expect(forwarder.cluster.resting).toBe(1);
  });
});

describe('a limit of connections to each instance', () => {
  it('makes requests wait for those that there are, and counts what it refuses', async () => {
    const upstream = await startScriptedServer((socket, text) => {
      if (upstream.connections.length === 1 && text.match(/GET/g)?.length === 1) setImmediate(() => socket.write(ok));
      else socket.write(ok);
    });
    closers.push(upstream.close);
    const forwarder = await startForwarder([upstream.port], { cluster: { maxConnectionsPerEndpoint: 1 } });
    closers.push(() => forwarder.close());
    const answers = await Promise.all(Array.from({ length: 5 }, () => sendRaw(forwarder.port, get, isWhole)));
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 200, 200]);
    expect(upstream.connections).toHaveLength(1);
    expect(forwarder.cluster.counters.connectionsRefusedByEndpoint).toBeGreaterThan(0);
    expect([...forwarder.cluster.endpoints][0]?.connections.active).toBe(1);
  });

  it('can be changed while connections are open', async () => {
    const upstream = await server(ok);
    const forwarder = await startForwarder([upstream.port], { cluster: { maxConnectionsPerEndpoint: 1 } });
    closers.push(() => forwarder.close());
    forwarder.cluster.update({ ...forwarder.cluster.config, maxConnectionsPerEndpoint: 9 });
    expect([...forwarder.cluster.endpoints].map(({ connections }) => connections.max)).toEqual([9]);
  });
});

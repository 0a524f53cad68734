import { connect } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import type { Cluster } from '../cluster/cluster.ts';
import { OutgoingRequest, RequestHead } from '../message-head.ts';
import { defaultLimits } from '../resilience/circuit-breaker.ts';
import { envoyOutlierDefaults } from '../resilience/outlier/outlier-settings.ts';
import { TimerWheel } from '../resilience/timer-wheel.ts';
import type { Mirror } from '../route/route.ts';
import type { Forwarder, ScriptedServer } from '../testing/forwarder.ts';
import { plainCluster, startForwarder, startScriptedServer } from '../testing/forwarder.ts';
import { sendRaw } from '../testing/raw-client.ts';
import type { ForwardEnvironment } from './forward-environment.ts';
import { Mirrors } from './mirrors.ts';

const closers: (() => Promise<void> | void)[] = [];

afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

const ok = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok';
const isWhole = (text: string) => text.endsWith('ok');

/** Answers when it has so many bytes of a request. */
async function server(answer: string | null, bytes = 1): Promise<ScriptedServer> {
  const scripted = await startScriptedServer((socket, text) => {
    if (answer !== null && text.length >= bytes) socket.write(answer);
  });
  closers.push(scripted.close);
  return scripted;
}

function mirrorAt(ports: readonly number[], options: Partial<Mirror<Cluster>> = {}): Mirror<Cluster> {
  const cluster = plainCluster(ports, { name: 'mirror' });
  closers.push(() => cluster.close());
  return { destination: cluster, isDrawn: null, hasHostSuffix: false, ...options };
}

async function through(upstream: ScriptedServer, ...mirrors: Mirror<Cluster>[]): Promise<Forwarder> {
  const forwarder = await startForwarder([upstream.port], { action: { mirrors } });
  closers.push(() => forwarder.close());
  return forwarder;
}

const get = 'GET /x HTTP/1.1\r\nHost: cart:80\r\nX-Request-Id: r\r\n\r\n';
const post = (body: string) =>
  `POST /x HTTP/1.1\r\nHost: cart:80\r\nX-Request-Id: r\r\nContent-Length: ${body.length}\r\n\r\n${body}`;

describe('a mirrored request', () => {
  it('is a copy, whose answer nobody sees and which is counted apart', async () => {
    const upstream = await server(ok);
    const copies = await server('HTTP/1.1 500 No\r\nx-mirror: 1\r\nContent-Length: 4\r\n\r\nnope');
    const mirror = mirrorAt([copies.port]);
    const forwarder = await through(upstream, mirror);
    const { status, text } = await sendRaw(forwarder.port, get, isWhole);
    expect(status).toBe(200);
    expect(text).not.toContain('x-mirror');
    const { counters, breaker } = mirror.destination;
    await expect.poll(() => counters).toMatchObject({ mirrored: 1, mirrorsFailed: 1, mirrorsSucceeded: 0 });
    expect(copies.received()).toBe(get);
    expect(counters).toMatchObject({ requestsTotal: 0, responsesByClass: [0, 0, 0, 0, 0, 0] });
    await expect.poll(() => breaker.requests.active).toBe(0);
    expect(forwarder.recorded).toHaveLength(1);
  });

  it('has the body as it comes, to several backends, with the suffix where it is asked for', async () => {
    const whole = post('x'.repeat(100_000));
    const upstream = await server(ok, whole.length);
    const [one, other] = [await server(ok, whole.length), await server(ok, whole.length)];
    const mirrors = [mirrorAt([one.port]), mirrorAt([other.port], { hasHostSuffix: true })] as const;
    const forwarder = await through(upstream, ...mirrors);
    const socket = connect(forwarder.port, '127.0.0.1');
    closers.push(() => void socket.destroy());
    socket.write(whole.slice(0, 90));
    await expect.poll(() => one.received().length).toBe(90);
    socket.write(whole.slice(90));
    await expect.poll(() => one.received() === whole).toBe(true);
    const suffixed = `host: cart-shadow:80\r\n`;
    const expected = whole.replace('Host: cart:80\r\n', '').replace('HTTP/1.1\r\n', `HTTP/1.1\r\n${suffixed}`);
    await expect.poll(() => other.received() === expected).toBe(true);
    for (const { destination } of mirrors) {
      await expect.poll(() => destination.counters.mirrorsSucceeded).toBe(1);
      await expect.poll(() => destination.breaker.requests.active).toBe(0);
    }
  });

  it('never holds its request up: one that nobody reads is dropped at the bound', async () => {
    const large = post('x'.repeat(16 * 1024 * 1024));
    const upstream = await server(ok, large.length);
    const deaf = await startScriptedServer((socket) => socket.pause());
    closers.push(deaf.close);
    const mirror = mirrorAt([deaf.port]);
    const forwarder = await through(upstream, mirror);
    const { status } = await sendRaw(forwarder.port, large, isWhole);
    expect(status).toBe(200);
    const { counters, breaker } = mirror.destination;
    await expect.poll(() => counters.mirrorsDropped).toBe(1);
    expect(breaker.requests.active).toBe(0);
  });

  it('holds no more memory than its bound for a body in pieces of a byte', async () => {
    const copies = await server(null);
    const mirrors = Array.from({ length: 20 }, () => mirrorAt([copies.port]));
    const environment = { wheel: new TimerWheel(), ownPeerMetadata: '' } as ForwardEnvironment;
    const request = Object.assign(new OutgoingRequest(), { method: 'POST', framing: 'stream', isComplete: false });
    const started = Mirrors.start(mirrors, request, new RequestHead(), 0, environment);
    const before = process.memoryUsage().heapUsed;
    for (let i = 0; i < 60_000; i++) started?.sendBody(Buffer.from('x'), 0, 1);
    // a copy of each piece would be 100 MB and more
    expect(process.memoryUsage().heapUsed - before).toBeLessThan(40_000_000);
    await expect.poll(() => copies.received().length, { timeout: 10_000 }).toBeGreaterThan(20 * 60_000);
    started?.abort();
  });

  it('costs its request nothing when there is nobody to take it', async () => {
    const upstream = await server(ok);
    const gone = await startScriptedServer(() => {});
    await gone.close();
    const [none, refused] = [mirrorAt([]), mirrorAt([gone.port])];
    const forwarder = await through(upstream, none, refused);
    expect((await sendRaw(forwarder.port, get, isWhole)).status).toBe(200);
    expect(none.destination.counters).toMatchObject({ mirrored: 1, mirrorsDropped: 1 });
    await expect.poll(() => refused.destination.counters.mirrorsFailed).toBe(1);
    expect(refused.destination.breaker.requests.active).toBe(0);
  });

  it('is dropped where its cluster has no room, which is no fault of an instance', async () => {
    const upstream = await server(ok);
    const copies = await server(ok);
    const destination = plainCluster([copies.port, 1], {
      circuitBreaker: { ...defaultLimits, maxPendingRequests: 0 },
      outlierDetection: { ...envoyOutlierDefaults, consecutive5xx: 1, maxEjectionPercent: 100 },
    });
    closers.push(() => destination.close());
    const forwarder = await through(upstream, { destination, isDrawn: null, hasHostSuffix: false });
    expect((await sendRaw(forwarder.port, get, isWhole)).status).toBe(200);
    expect(destination.counters).toMatchObject({ mirrored: 1, mirrorsDropped: 1, mirrorsFailed: 0 });
    expect([...destination.endpoints].map(({ isEjected }) => isEjected)).toEqual([false, false]);
    expect(destination.breaker.requests.active).toBe(0);
  });

  it('is given up when its client goes away in the middle of the body', async () => {
    const upstream = await server(null);
    const copies = await server(null);
    const mirror = mirrorAt([copies.port]);
    const forwarder = await through(upstream, mirror);
    const socket = connect(forwarder.port, '127.0.0.1');
    socket.write(post('x'.repeat(1000)).slice(0, 500));
    await expect.poll(() => copies.received().length).toBe(500);
    socket.destroy();
    await expect.poll(() => mirror.destination.counters.mirrorsDropped).toBe(1);
    expect(mirror.destination.breaker.requests.active).toBe(0);
  });

  it('is made of the share that is drawn', async () => {
    const upstream = await server(ok);
    const copies = await server(ok);
    let drawn = 0;
    const mirror = mirrorAt([copies.port], { isDrawn: () => ++drawn % 2 === 0 });
    const forwarder = await through(upstream, mirror);
    for (let i = 0; i < 4; i++) await sendRaw(forwarder.port, get, isWhole);
    expect(mirror.destination.counters.mirrored).toBe(2);
  });
});

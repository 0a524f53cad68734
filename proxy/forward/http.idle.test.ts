import { once } from 'node:events';
import type { Socket } from 'node:net';
import { connect } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import type { Forwarder, ForwarderOptions, ScriptedServer } from '../testing/forwarder.ts';
import { startForwarder, startMesh, startScriptedServer } from '../testing/forwarder.ts';
import { sendRaw } from '../testing/raw-client.ts';

const closers: (() => Promise<unknown>)[] = [];

afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

const get = 'GET /x HTTP/1.1\r\nHost: a\r\n\r\n';
const post = 'POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nok';
const ok = (lines = '') => `HTTP/1.1 200 OK\r\n${lines}Content-Length: 2\r\n\r\nok`;
const isWhole = (text: string) => text.endsWith('ok') || text.endsWith('}\n');

/** Answers the first request of each connection with `first`; what it does with the next ones is `then`'s business. */
async function upstreamThat(first: string, then: (socket: Socket) => void): Promise<ScriptedServer> {
  const server = await startScriptedServer((socket, text) => {
    const requests = text.split('/x HTTP/1.1').length - 1;
    if (requests === 1) socket.write(first);
    else then(socket);
  });
  closers.push(server.close);
  return server;
}

async function forwarderTo(port: number, options?: ForwarderOptions): Promise<Forwarder> {
  const forwarder = await startForwarder([port], options);
  closers.push(() => forwarder.close());
  return forwarder;
}

const ask = (port: number, request = get) => sendRaw(port, request, isWhole);

describe('HttpExchange and connections that end while they are idle', () => {
  it.each([
    ['ends', (socket: Socket) => socket.end()],
    ['resets', (socket: Socket) => socket.resetAndDestroy()],
  ])('asks once more when the upstream %s one just as it is used', async (_, then) => {
    const upstream = await upstreamThat(ok(), then);
    const { inbound, outbound } = await startMesh(upstream.port, (close) => closers.push(close));
    expect(await ask(outbound.port)).toMatchObject({ status: 200 });
    expect(await ask(outbound.port)).toMatchObject({ status: 200 });
    expect(upstream.connections).toHaveLength(2);
    expect(inbound.recorded).toMatchObject([{ attempts: 1 }, { status: 200, attempts: 2, flag: '-' }]);
    expect([...inbound.cluster.endpoints][0]).toMatchObject({ requestsError: 0, activeRequests: 0 });
  });

  it('does not send a request twice that may do something twice', async () => {
    const upstream = await upstreamThat(ok(), (socket) => socket.end());
    const forwarder = await forwarderTo(upstream.port);
    await ask(forwarder.port);
    const { text } = await ask(forwarder.port, post);
    expect(text).toMatch(/^HTTP\/1\.1 503 .*x-heddle-reason: UC.*"reason":"staleConnection"/s);
    expect(upstream.connections).toHaveLength(1);
  });

  it('does not ask again when the connection is new', async () => {
    const upstream = await startScriptedServer((socket) => socket.end());
    closers.push(upstream.close);
    const forwarder = await forwarderTo(upstream.port);
    expect((await ask(forwarder.port)).text).toContain('"reason":"upstreamReset"');
    expect(upstream.connections).toHaveLength(1);
  });

  it('does not ask again when part of an answer has come', async () => {
    const upstream = await upstreamThat(ok(), (socket) => socket.end('HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 20'));
    const forwarder = await forwarderTo(upstream.port);
    await ask(forwarder.port);
    const { text } = await ask(forwarder.port);
    expect(text).toMatch(/^HTTP\/1\.1 103 .*HTTP\/1\.1 503 .*"reason":"upstreamReset"/s);
    expect(upstream.connections).toHaveLength(1);
  });

  it('asks once more and not for ever', async () => {
    let isUp = true;
    const upstream = await startScriptedServer((socket, text) => {
      if (isUp) socket.write(text.includes('slow') ? '' : ok());
      else socket.end();
    });
    closers.push(upstream.close);
    const forwarder = await forwarderTo(upstream.port);
    // two connections at once, then both idle
    const [pool] = [...forwarder.cluster.endpoints];
    const slow = sendRaw(forwarder.port, get.replace('/x', '/slow'), isWhole);
    await expect.poll(() => upstream.connections.length).toBe(1);
    await ask(forwarder.port);
    upstream.connections[0]?.write(ok());
    await slow;
    expect(pool?.openConnections).toBe(2);
    isUp = false;
    expect(await ask(forwarder.port)).toMatchObject({ status: 503 });
    expect(upstream.connections).toHaveLength(2);
  });

  it('stops using a connection a second before the upstream would close it', async () => {
    let nowMs = 0;
    const upstream = await startScriptedServer((socket) => socket.write(ok('Keep-Alive: timeout=5\r\n')));
    closers.push(upstream.close);
    const forwarder = await forwarderTo(upstream.port, { nowMs: () => nowMs });
    const connectionsAfter = async (ms: number) => {
      nowMs += ms;
      forwarder.clock.tick(); // no sweep of the pool comes with it
      await ask(forwarder.port);
      return upstream.connections.length;
    };
    expect(await connectionsAfter(0)).toBe(1);
    expect(await connectionsAfter(3000)).toBe(1);
    expect(await connectionsAfter(3000)).toBe(1);
    expect(await connectionsAfter(4000)).toBe(2);
    nowMs += 4000;
    forwarder.clock.tick();
    forwarder.cluster.sweep(nowMs);
    await expect.poll(() => [...forwarder.cluster.endpoints][0]?.openConnections).toBe(0);
  });

  it('answers what comes on a connection that was new when the drain began, and closes it', async () => {
    let nowMs = 0;
    const upstream = await upstreamThat(ok(), () => {});
    const forwarder = await forwarderTo(upstream.port, { nowMs: () => nowMs });
    const [late, silent] = [connect(forwarder.port, '127.0.0.1'), connect(forwarder.port, '127.0.0.1')];
    let [answer, hasEnded] = ['', false];
    late.on('data', (bytes) => {
      answer += bytes.toString('latin1');
    });
    silent.resume().on('end', () => {
      hasEnded = true;
    });
    await expect.poll(() => forwarder.openConnections).toBe(2);
    const closed = forwarder.close(5000);
    late.write(get);
    await once(late, 'end');
    expect(answer).toMatch(/^HTTP\/1\.1 200 OK\r\n.*connection: close\r\n.*ok$/is);
    expect(hasEnded).toBe(false);
    nowMs = 1001;
    forwarder.clock.tick();
    await closed;
  });

  it.each(['timeout=1', 'timeout=5, max=0'])('uses a connection with Keep-Alive: %s only once', async (value) => {
    const upstream = await startScriptedServer((socket) => socket.write(ok(`Keep-Alive: ${value}\r\n`)));
    closers.push(upstream.close);
    const forwarder = await forwarderTo(upstream.port);
    await ask(forwarder.port);
    await ask(forwarder.port);
    expect(upstream.connections).toHaveLength(2);
  });
});

import { once } from 'node:events';
import { connect } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import type { Forwarder, ScriptedServer } from '../testing/forwarder.ts';
import { startForwarder, startMesh, startScriptedServer } from '../testing/forwarder.ts';
import { sendRaw } from '../testing/raw-client.ts';

const closers: (() => Promise<void>)[] = [];

afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

async function scripted(...args: Parameters<typeof startScriptedServer>): Promise<ScriptedServer> {
  const server = await startScriptedServer(...args);
  closers.push(server.close);
  return server;
}

async function forwarderTo(ports: readonly number[]): Promise<Forwarder> {
  const forwarder = await startForwarder(ports);
  closers.push(forwarder.close);
  return forwarder;
}

const get = 'GET /x HTTP/1.1\r\nHost: a\r\n\r\n';
const answerOf = (bytes: number) => `HTTP/1.1 200 OK\r\nContent-Length: ${bytes}\r\n\r\n${'x'.repeat(bytes)}`;
const statuses = (text: string) => text.match(/HTTP\/1\.1 \d{3}/g) ?? [];

describe('HttpExchange and the flow of bytes', () => {
  it.each([10_000, 20_000, 300_000])('uses connections again after an answer of %i bytes', async (bytes) => {
    const upstream = await scripted((socket) => socket.write(answerOf(bytes)));
    const { inbound, outbound } = await startMesh(upstream.port, (close) => closers.push(close));
    const isWhole = (count: number) => (text: string) =>
      statuses(text).length === count && text.split('x').length > bytes * count;
    for (let i = 0; i < 3; i++) {
      expect(statuses((await sendRaw(outbound.port, [get, get], isWhole(2))).text)).toHaveLength(2);
    }
    expect([inbound.peers.length, upstream.connections.length]).toEqual([1, 1]);
  });

  it('tells the inbound side once per connection who calls', async () => {
    const upstream = await scripted((socket) => socket.write(answerOf(2)));
    const { inbound, outbound } = await startMesh(upstream.port, (close) => closers.push(close));
    await sendRaw(outbound.port, [get, get], (text) => statuses(text).length === 2);
    expect(inbound.peers.map(({ metadata }) => metadata)).toEqual(['test;default;test;v1;heddle']);
    expect(upstream.received()).not.toContain('x-heddle-peer');
  });

  it('ends an answer that ended with its connection by its last chunk, and keeps the connection', async () => {
    const upstream = await scripted((socket) => socket.end('HTTP/1.1 200 OK\r\n\r\nabc'));
    const { outbound } = await startMesh(upstream.port, (close) => closers.push(close));
    const { text, isClosed } = await sendRaw(outbound.port, get, (received) => received.endsWith('\r\n0\r\n\r\n'));
    expect(text.toLowerCase()).toContain('transfer-encoding: chunked\r\n');
    expect(text).toMatch(/\r\n\r\n3\r\nabc\r\n0\r\n\r\n$/);
    expect(isClosed).toBe(false);
  });

  it('leaves such an answer without an end when its connection was reset', async () => {
    let reset = () => {};
    const upstream = await scripted((socket) => {
      reset = () => socket.resetAndDestroy();
      socket.write('HTTP/1.1 200 OK\r\n\r\nabc');
    });
    const { inbound, outbound } = await startMesh(upstream.port, (close) => closers.push(close));
    const { text, isClosed } = await sendRaw(outbound.port, get, (received) => {
      if (received.endsWith('abc\r\n')) reset(); // a reset before that could overtake the bytes
      return false;
    });
    expect(text).toMatch(/\r\n\r\n3\r\nabc\r\n$/);
    expect(isClosed).toBe(true);
    expect([inbound.recorded[0]?.flag, outbound.recorded[0]?.flag]).toEqual(['UC', 'UC']);
  });

  it('refuses an answer that is not HTTP as soon as that can be seen', async () => {
    const upstream = await scripted((socket) => socket.write('HTTP/1.1 200 OK\nContent-Length: 2\n\nok'));
    const forwarder = await forwarderTo([upstream.port]);
    expect(await sendRaw(forwarder.port, get, (text) => text.endsWith('}\n'))).toMatchObject({ status: 502 });
  });

  it('takes no further request from a client that reads no answers', async () => {
    const bytes = 50_000;
    let answered = 0;
    const upstream = await scripted((socket, text) => {
      const asked = text.split('GET ').length - 1;
      for (; answered < asked; answered++) socket.write(answerOf(bytes));
    });
    const forwarder = await forwarderTo([upstream.port]);
    const client = connect(forwarder.port, '127.0.0.1');
    closers.push(async () => void client.destroy());
    client.pause();
    await once(client, 'connect');
    client.write(get.repeat(1000));
    let before = -1;
    const hasStopped = () => {
      const isSame = answered === before;
      before = answered;
      return isSame && answered > 0;
    };
    // what the kernel takes is not ours to bound, but it does stop
    await expect.poll(hasStopped, { interval: 100, timeout: 10_000 }).toBe(true);
    expect(answered).toBeLessThan(900);
    let received = 0;
    client.on('data', (chunk) => {
      received += chunk.length;
    });
    client.resume();
    await expect.poll(() => received, { timeout: 10_000 }).toBeGreaterThan(1000 * bytes);
    expect(answered).toBe(1000);
  });
});

describe('HttpExchange and CONNECT', () => {
  it.each([
    ['with content', 'CONNECT a:80 HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nab', [400]],
    ['where nothing is tunnelled', 'CONNECT a:80 HTTP/1.1\r\nHost: a\r\n\r\n', [403]],
  ])('refuses it %s', async (_, bytes, expected) => {
    const forwarder = await forwarderTo([1]);
    const { text } = await sendRaw(forwarder.port, bytes, (received) => received.endsWith('}\n'));
    expect(statuses(text)).toEqual(expected.map((status) => `HTTP/1.1 ${status}`));
  });

  it('reads no requests behind one that it refuses: they may be what somebody sent into the tunnel', async () => {
    const forwarder = await forwarderTo([1]);
    const connect = 'CONNECT a:80 HTTP/1.1\r\nHost: a\r\n\r\n';
    const { text, isClosed } = await sendRaw(forwarder.port, [connect, 'DELETE /x HTTP/1.1\r\nHost: a\r\n\r\n']);
    expect(statuses(text)).toEqual(['HTTP/1.1 403']);
    expect(text).toContain('\r\nconnection: close\r\n');
    expect(isClosed).toBe(true);
    expect(forwarder.recorded.map(({ method }) => method)).toEqual(['CONNECT']);
  });
});

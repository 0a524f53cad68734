import { Buffer } from 'node:buffer';
import { once } from 'node:events';
import { connect } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import type { Forwarder, ForwarderOptions } from '../testing/forwarder.ts';
import { startForwarder, startMesh, startScriptedServer } from '../testing/forwarder.ts';
import { sendRaw } from '../testing/raw-client.ts';
import type { AtEnd } from '../testing/web-socket.ts';
import { ask, openWebSocket, startEcho } from '../testing/web-socket.ts';

const closers: (() => Promise<unknown>)[] = [];
const atEnd: AtEnd = (close) => void closers.push(close);
const open = (port: number) => openWebSocket(port, atEnd, ['chat']);

afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

async function forwarderTo(port: number, options?: ForwarderOptions): Promise<Forwarder> {
  const forwarder = await startForwarder([port], options);
  closers.push(() => forwarder.close());
  return forwarder;
}

const handshake = (path = '/') =>
  `GET ${path} HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n`;

describe('HttpExchange and WebSocket', () => {
  it('carries messages of all sizes both ways through two sidecars, and counts 101 with its bytes at the end', async () => {
    const port = await startEcho(atEnd);
    const { inbound, outbound } = await startMesh(port, (close) => closers.push(close));
    const socket = await open(outbound.port);
    expect(socket.protocol).toBe('chat');
    expect((await ask(socket, 'hello')).toString()).toBe('hello');
    const large = Buffer.alloc(3_000_000, 'heddle');
    expect((await ask(socket, large)).equals(large)).toBe(true);
    socket.ping();
    await once(socket, 'pong');
    expect(outbound.recorded).toEqual([]);
    socket.close(4001, 'enough');
    expect(await once(socket, 'close')).toEqual([4001, Buffer.from('enough')]);
    for (const { recorded } of [inbound, outbound]) {
      await expect.poll(() => recorded.length).toBe(1);
      expect(recorded[0]).toMatchObject({ method: 'GET', status: 101, flag: '-', attempts: 1 });
      expect(recorded[0]?.requestBytes).toBeGreaterThan(large.length);
      expect(recorded[0]?.responseBytes).toBeGreaterThan(large.length);
    }
    expect([outbound.cluster.breaker.requests.active, inbound.cluster.breaker.requests.active]).toEqual([0, 0]);
  });

  it('carries many sockets at once', async () => {
    const { outbound } = await startMesh(await startEcho(atEnd), (close) => closers.push(close));
    const sockets = await Promise.all(Array.from({ length: 50 }, () => open(outbound.port)));
    const answers = await Promise.all(sockets.map((socket, index) => ask(socket, `message ${index}`)));
    expect(answers.map(String)).toEqual(sockets.map((_, index) => `message ${index}`));
  });

  it('counts a tunnel that the client cuts as 101 with the flag of a client that went away', async () => {
    const forwarder = await forwarderTo(await startEcho(atEnd));
    const socket = await open(forwarder.port);
    await ask(socket, 'hello');
    (socket as unknown as { _socket: { resetAndDestroy(): void } })._socket.resetAndDestroy(); // ws has no reset
    await expect.poll(() => forwarder.recorded).toMatchObject([{ status: 101, flag: 'DC' }]);
  });

  it.each([
    ['the listener does not allow it', { http: { upgrades: new Set<string>() } }],
    ['the route forbids it', { action: { upgrades: new Map([['websocket', false]]) } }],
  ])('answers 403 and says why where %s', async (_, options: ForwarderOptions) => {
    const upstream = await startScriptedServer(() => {});
    closers.push(upstream.close);
    const forwarder = await forwarderTo(upstream.port, options);
    const { text } = await sendRaw(forwarder.port, handshake(), (received) => received.endsWith('}\n'));
    expect(text).toMatch(/^HTTP\/1\.1 403 .*x-heddle-reason: NR.*"reason":"upgradeNotSupported"/s);
    expect(upstream.connections).toEqual([]);
  });

  it('takes it where the route allows what the listener does not', async () => {
    const options = { http: { upgrades: new Set<string>() }, action: { upgrades: new Map([['websocket', true]]) } };
    const forwarder = await forwarderTo(await startEcho(atEnd), options);
    expect(String(await ask(await open(forwarder.port), 'hello'))).toBe('hello');
  });

  it('ends a tunnel on which nothing moved for an hour, not one that is older', async () => {
    let nowMs = 0;
    const forwarder = await forwarderTo(await startEcho(atEnd), { nowMs: () => nowMs });
    const socket = await open(forwarder.port);
    nowMs += 3_500_000;
    forwarder.clock.tick();
    await ask(socket, 'still here');
    nowMs += 3_500_000;
    forwarder.clock.tick();
    await ask(socket, 'and here');
    nowMs += 3_602_000;
    forwarder.clock.tick();
    await once(socket, 'close');
    expect(forwarder.recorded).toMatchObject([{ status: 101, flag: 'SI' }]);
  });

  it('takes the idle time of the route for a tunnel too', async () => {
    let nowMs = 0;
    const forwarder = await forwarderTo(await startEcho(atEnd), {
      nowMs: () => nowMs,
      action: { idleTimeoutMs: 60_000 },
    });
    const socket = await open(forwarder.port);
    nowMs += 61_001;
    forwarder.clock.tick();
    await once(socket, 'close');
    expect(forwarder.recorded).toMatchObject([{ status: 101, flag: 'SI' }]);
  });

  it('is not bound by the time that the route gives for an answer', async () => {
    const forwarder = await forwarderTo(await startEcho(atEnd), {
      action: { timeoutMs: 30 },
      http: { requestTimeoutMs: 10 },
    });
    const socket = await open(forwarder.port);
    const untilMs = performance.now() + 100;
    while (performance.now() < untilMs) {
      await ask(socket, 'more');
      forwarder.clock.tick();
    }
    expect(socket.readyState).toBe(WebSocket.OPEN);
  });

  it('leaves a tunnel open while the listener drains, for as long as that takes', async () => {
    const forwarder = await startForwarder([await startEcho(atEnd)]);
    const socket = await open(forwarder.port);
    const closed = forwarder.close(10_000);
    expect(String(await ask(socket, 'while draining'))).toBe('while draining');
    socket.close();
    await closed;
    expect(forwarder.recorded).toMatchObject([{ status: 101, flag: '-' }]);
  });

  it('bounds what a client sends before it was answered', async () => {
    const upstream = await startScriptedServer(() => {});
    closers.push(upstream.close);
    const forwarder = await forwarderTo(upstream.port);
    const client = connect(forwarder.port, '127.0.0.1');
    closers.push(async () => client.destroy());
    client.on('error', () => {});
    const early = Buffer.alloc(32_000_000, 'x');
    client.write(handshake());
    client.write(early);
    let before = -1;
    const hasStopped = () => {
      const isSame = client.bytesWritten - client.writableLength === before;
      before = client.bytesWritten - client.writableLength;
      return isSame && upstream.connections.length === 1;
    };
    // what the kernel takes is not ours to bound, but it does stop
    await expect.poll(hasStopped, { interval: 100, timeout: 10_000 }).toBe(true);
    expect(client.writableLength).toBeGreaterThan(0);
    expect(upstream.received()).not.toContain('xxx');
    upstream.connections[0]?.write(
      'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n',
    );
    await expect.poll(() => upstream.received().length, { timeout: 10_000 }).toBeGreaterThan(early.length);
  });
});

import { Buffer } from 'node:buffer';
import { once } from 'node:events';
import type { ClientHttp2Stream, ServerHttp2Stream } from 'node:http2';
import { connect, createServer } from 'node:http2';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { createTestMesh } from '../../certs/testing/test-identity.ts';
import { webSocketAccept } from '../message/websocket-handshake.ts';
import type { Forwarder } from '../testing/forwarder.ts';
import { startForwarder, startScriptedServer } from '../testing/forwarder.ts';
import { holderOf } from '../testing/mesh-identity.ts';
import { sendRaw } from '../testing/raw-client.ts';
import type { AtEnd } from '../testing/web-socket.ts';
import { ask, openWebSocket, startEcho } from '../testing/web-socket.ts';

const closers: (() => Promise<unknown>)[] = [];
const atEnd: AtEnd = (close) => void closers.push(close);

afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

type Version = 'http1' | 'http2';

/** Sends back the bytes of every tunnel as they are, over HTTP/2; the frames of WebSocket are the client's business. */
async function http2Application(): Promise<{ port: number; requests: Record<string, unknown>[] }> {
  const requests: Record<string, unknown>[] = [];
  const server = createServer({ settings: { enableConnectProtocol: true } });
  server.on('stream', (stream: ServerHttp2Stream, headers) => {
    requests.push(headers);
    stream.on('error', () => {});
    stream.respond({ ':status': 200 });
    stream.pipe(stream);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  closers.push(async () => void server.close());
  return { port: (server.address() as AddressInfo).port, requests };
}

async function forwarderTo(port: number, upstreamProtocol: Version): Promise<Forwarder> {
  const forwarder = await startForwarder([port], { cluster: { upstreamProtocol } });
  closers.push(() => forwarder.close());
  return forwarder;
}

/** Two sidecars that speak `between` to each other, and to the application HTTP/1. */
async function meshTo(port: number, between: Version): Promise<{ inbound: Forwarder; outbound: Forwarder }> {
  const mesh = createTestMesh();
  const inbound = await startForwarder([port], {
    inboundAs: holderOf(mesh, 'cart'),
    cluster: { upstreamProtocol: 'http1' },
  });
  closers.push(() => inbound.close());
  const outbound = await startForwarder([inbound.port], {
    outboundAs: { identity: holderOf(mesh, 'web'), expected: mesh.id('cart') },
    cluster: { upstreamProtocol: between },
  });
  closers.push(() => outbound.close());
  return { inbound, outbound };
}

/** RFC 8441 section 4. */
const extendedConnect = {
  ':method': 'CONNECT',
  ':protocol': 'websocket',
  ':scheme': 'http',
  ':path': '/room',
  ':authority': 'shop.example',
};

/** An extended CONNECT, and its answer. */
async function openTunnel(
  port: number,
  more: Record<string, string> = {},
): Promise<{ stream: ClientHttp2Stream; headers: Record<string, unknown> }> {
  const session = connect(`http://127.0.0.1:${port}`);
  session.on('error', () => {});
  closers.push(async () => session.destroy());
  await once(session, 'remoteSettings');
  const stream = session.request({
    ...extendedConnect,
    'sec-websocket-version': '13',
    ...more,
  });
  stream.on('error', () => {});
  const [headers] = (await once(stream, 'response')) as [Record<string, unknown>];
  return { stream, headers };
}

/** A text frame of a client, its mask all zeros; and as a server sends it back. */
const masked = (text: string) =>
  Buffer.concat([Buffer.from([0x81, 0x80 | text.length, 0, 0, 0, 0]), Buffer.from(text)]);
const unmasked = (text: string) => Buffer.concat([Buffer.from([0x81, text.length]), Buffer.from(text)]);

describe('WebSocket where HTTP/1 and HTTP/2 meet', () => {
  it.each(['http1', 'http2'] as const)('is carried between sidecars by %s', async (between) => {
    const { inbound, outbound } = await meshTo(await startEcho(atEnd), between);
    const socket = await openWebSocket(outbound.port, atEnd);
    expect(String(await ask(socket, 'hello'))).toBe('hello');
    const large = Buffer.alloc(2_000_000, 'heddle');
    expect((await ask(socket, large)).equals(large)).toBe(true);
    socket.close(4001, 'enough');
    expect(await once(socket, 'close')).toEqual([4001, Buffer.from('enough')]);
    for (const { recorded } of [inbound, outbound]) {
      await expect.poll(() => recorded).toMatchObject([{ status: 101, flag: '-', method: 'GET' }]);
    }
  });

  it('goes from a client of HTTP/2 to an application of HTTP/1', async () => {
    const forwarder = await forwarderTo(await startEcho(atEnd), 'http1');
    const { stream, headers } = await openTunnel(forwarder.port);
    expect(headers).toMatchObject({ ':status': 200 });
    expect(headers).not.toHaveProperty('sec-websocket-accept');
    expect(headers).not.toHaveProperty('upgrade');
    stream.write(masked('hello'));
    expect(await once(stream, 'data')).toEqual([unmasked('hello')]);
    stream.end();
    await once(stream, 'close');
    await expect.poll(() => forwarder.recorded).toMatchObject([{ status: 101 }]);
  });

  it('goes from a client of HTTP/1 to an application of HTTP/2', async () => {
    const { port, requests } = await http2Application();
    const forwarder = await forwarderTo(port, 'http2');
    const socket = await openWebSocket(forwarder.port, atEnd); // ws has checked sec-websocket-accept
    expect(requests).toMatchObject([{ ':method': 'CONNECT', ':protocol': 'websocket', ':path': '/room?x=1' }]);
    // the application takes WebSocket's frames for bytes and sends them back masked, which a client must refuse
    const failed = once(socket, 'error');
    socket.send('hello');
    expect(String((await failed)[0])).toContain('MASK must be clear');
  });

  it('refuses an application that does not prove that it understood the key', async () => {
    const upstream = await startScriptedServer((socket, text) => {
      if (!text.endsWith('\r\n\r\n')) return;
      const wrong = webSocketAccept('another key');
      socket.write(
        `HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: ${wrong}\r\n\r\n`,
      );
    });
    closers.push(upstream.close);
    const forwarder = await forwarderTo(upstream.port, 'http1');
    const { headers } = await openTunnel(forwarder.port);
    expect(headers).toMatchObject({ ':status': 502, 'x-heddle-reason': 'UPE' });
    expect(upstream.received()).toMatch(/^GET \/room HTTP\/1\.1\r\n/);
    expect(upstream.received()).toMatch(/\r\nsec-websocket-key: [A-Za-z0-9+/]{22}==\r\n/);
  });

  it('tells a client of HTTP/2 what the application says instead', async () => {
    const upstream = await startScriptedServer((socket) =>
      socket.write('HTTP/1.1 401 No\r\nContent-Length: 2\r\n\r\nno'),
    );
    closers.push(upstream.close);
    const forwarder = await forwarderTo(upstream.port, 'http1');
    const { stream, headers } = await openTunnel(forwarder.port);
    expect(headers).toMatchObject({ ':status': 401 });
    stream.resume();
    await once(stream, 'end');
  });

  it('holds back what a client of HTTP/2 sends before the answer', async () => {
    const upstream = await startScriptedServer(() => {});
    closers.push(upstream.close);
    const forwarder = await forwarderTo(upstream.port, 'http1');
    const session = connect(`http://127.0.0.1:${forwarder.port}`);
    session.on('error', () => {});
    closers.push(async () => session.destroy());
    await once(session, 'remoteSettings');
    const stream = session.request(extendedConnect);
    stream.on('error', () => {});
    stream.write('early bytes');
    await expect.poll(() => upstream.received()).toMatch(/\r\n\r\n$/);
    await new Promise<void>((resolve) => session.ping(() => resolve()));
    expect(upstream.received()).not.toContain('early');
    const [, key = ''] = /sec-websocket-key: (.*)\r\n/.exec(upstream.received()) ?? [];
    upstream.connections[0]?.write(
      `HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: ${webSocketAccept(key)}\r\n\r\n`,
    );
    await expect.poll(() => upstream.received()).toMatch(/\r\n\r\nearly bytes$/);
  });

  it.each(['http1', 'http2'] as const)(
    'ends when both have, also for a client that ended with its head (%s)',
    async (version) => {
      const upstream =
        version === 'http2'
          ? await http2Application()
          : await startScriptedServer((socket) => {
              socket.write('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\nbye');
            });
      if ('connections' in upstream) closers.push(upstream.close);
      const forwarder = await forwarderTo(upstream.port, version);
      const session = connect(`http://127.0.0.1:${forwarder.port}`);
      session.on('error', () => {});
      closers.push(async () => session.destroy());
      await once(session, 'remoteSettings');
      const stream = session.request({ ...extendedConnect, 'sec-websocket-key': 'a' }, { endStream: true });
      let heard = '';
      stream.on('data', (bytes: Buffer) => {
        heard += String(bytes);
      });
      await once(stream, 'end'); // the application has heard the end of the other direction, and ends too
      expect(heard).toBe(version === 'http2' ? '' : 'bye');
      await expect.poll(() => forwarder.recorded).toMatchObject([{ status: 101, flag: '-' }]);
      expect([...forwarder.cluster.endpoints].map(({ activeRequests }) => activeRequests)).toEqual([0]);
    },
  );

  it('refuses an upgrade that an application of HTTP/2 cannot take', async () => {
    const server = createServer(); // announces no extended CONNECT
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    closers.push(async () => void server.close());
    const forwarder = await forwarderTo((server.address() as AddressInfo).port, 'http2');
    const request =
      'GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n';
    const { text } = await sendRaw(forwarder.port, request, (received) => received.endsWith('}\n'));
    expect(text).toMatch(/^HTTP\/1\.1 403 /);
  });
});

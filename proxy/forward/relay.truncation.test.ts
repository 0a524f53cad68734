import { once } from 'node:events';
import type { ServerHttp2Stream } from 'node:http2';
import { connect, createServer } from 'node:http2';
import type { AddressInfo, Socket } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { createTestMesh } from '../../certs/testing/test-identity.ts';
import type { UpstreamProtocol } from '../cluster/endpoint.ts';
import type { Forwarder } from '../testing/forwarder.ts';
import { startForwarder, startScriptedServer } from '../testing/forwarder.ts';
import { holderOf } from '../testing/mesh-identity.ts';
import { sendRaw } from '../testing/raw-client.ts';

const closers: (() => Promise<unknown>)[] = [];

afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

/** Two sidecars that speak `protocol` to each other and to the application. */
async function startMesh(port: number, protocol: UpstreamProtocol, toApplication: UpstreamProtocol) {
  const mesh = createTestMesh();
  const inboundAs = holderOf(mesh, 'cart');
  const inbound = await startForwarder([port], { inboundAs, cluster: { upstreamProtocol: toApplication } });
  closers.push(() => inbound.close());
  const outboundAs = { identity: holderOf(mesh, 'web'), expected: mesh.id('cart') };
  const outbound = await startForwarder([inbound.port], { outboundAs, cluster: { upstreamProtocol: protocol } });
  closers.push(() => outbound.close());
  return { inbound, outbound };
}

/** An application of HTTP/1 that says this and, when the client has it, dies. */
async function startDying(answer: string) {
  const app = await startScriptedServer((socket) => socket.write(answer));
  closers.push(app.close);
  return { port: app.port, die: (how: (socket: Socket) => void) => app.connections.forEach(how) };
}

/** The same over HTTP/2, with the head of a gRPC answer and one message. */
async function startDyingHttp2() {
  const server = createServer();
  const streams: ServerHttp2Stream[] = [];
  server.on('stream', (stream) => {
    stream.on('error', () => {});
    streams.push(stream);
    stream.respond({ ':status': 200, 'content-type': 'application/grpc' }, { waitForTrailers: true });
    stream.write('hello');
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  closers.push(async () => void server.close());
  return {
    port: (server.address() as AddressInfo).port,
    die: (how: (stream: ServerHttp2Stream) => void) => streams.forEach(how),
  };
}

/** What a client of HTTP/2 hears, until `hello` is there and then to the end. */
async function askHttp2({ port }: Forwarder, onHello: () => void) {
  const session = connect(`http://127.0.0.1:${port}`);
  session.on('error', () => {});
  closers.push(async () => session.destroy());
  const stream = session.request({ ':path': '/', 'content-type': 'application/grpc', te: 'trailers' });
  const heard = { body: '', hasEnded: false, error: '', trailers: {} };
  stream.setEncoding('latin1');
  stream.on('data', (text: string) => {
    heard.body += text;
    if (heard.body === 'hello') onHello();
  });
  stream.on('trailers', (trailers) => Object.assign(heard, { trailers: { ...trailers } }));
  stream.on('end', () => {
    heard.hasEnded = true;
  });
  stream.on('error', (error) => {
    heard.error = error.message;
  });
  await once(stream, 'close').catch(() => {});
  return { ...heard, code: stream.rstCode };
}

const flags = ({ inbound, outbound }: { inbound: Forwarder; outbound: Forwarder }) =>
  [inbound, outbound].map(({ recorded }) => recorded.map(({ flag }) => flag));

const ends: [string, (socket: Socket) => void][] = [
  ['ends', (socket) => socket.end()],
  ['is reset', (socket) => socket.resetAndDestroy()],
];
const heads: [string, string][] = [
  ['a length', 'HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhello'],
  ['chunks', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n'],
  ['a chunk that is not whole', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\na\r\nhello'],
];

describe.each<UpstreamProtocol>(['http1', 'http2'])(
  'an answer that breaks off, between sidecars that speak %s',
  (hop) => {
    describe.each(ends)('because the connection of the application %s', (_how, how) => {
      it.each(heads)('with %s never looks complete', async (_what, answer) => {
        const app = await startDying(answer);
        const mesh = await startMesh(app.port, hop, 'http1');
        const { text, isClosed } = await sendRaw(mesh.outbound.port, 'GET / HTTP/1.1\r\nHost: a\r\n\r\n', (heard) => {
          if (/hello(\r\n)?$/.test(heard)) app.die(how);
          return false;
        });
        expect(isClosed).toBe(true);
        expect(text).toMatch(/^HTTP\/1\.1 200 (OK)?\r\n/);
        expect(text).not.toMatch(/\r\n0\r\n\r\n$/);
        expect(text.split('hello')[1]).toMatch(/^(\r\n)?$/);
        await expect.poll(() => flags(mesh)).toEqual([['UC'], ['UC']]);
        const http2 = await askHttp2(mesh.outbound, () => app.die(how));
        expect(http2).toMatchObject({ body: 'hello', trailers: {}, code: 2 });
        expect(http2.error).not.toBe('');
      });
    });

    it.each<[string, (stream: ServerHttp2Stream) => void]>([
      ['is gone', (stream) => stream.session?.destroy()],
      ['resets the stream', (stream) => stream.close(2)],
    ])('before the trailers of gRPC when the application %s', async (_how, how) => {
      const app = await startDyingHttp2();
      const mesh = await startMesh(app.port, hop, 'http2');
      const heard = await askHttp2(mesh.outbound, () => app.die(how));
      expect(heard).toMatchObject({ body: 'hello', trailers: {} });
      expect(heard.code).not.toBe(0);
      await expect
        .poll(() =>
          flags(mesh)
            .flat()
            .filter((flag) => /^U[CR]$/.test(flag)),
        )
        .toHaveLength(2);
    });
  },
);

import { once } from 'node:events';
import type { IncomingHttpHeaders, ServerHttp2Stream } from 'node:http2';
import { connect, createServer } from 'node:http2';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { startForwarder, startScriptedServer } from '../testing/forwarder.ts';
import { sendRaw } from '../testing/raw-client.ts';

const closers: (() => Promise<unknown> | unknown)[] = [];

afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

const get = 'GET / HTTP/1.1\r\nHost: a\r\n\r\n';
const isAnswered = (text: string) => text.includes('\r\n\r\n');

describe('the longest time of a stream', () => {
  it('is answered 504 before the answer has begun, and cuts it off afterwards, whatever moves', async () => {
    const upstream = await startScriptedServer((socket, text) => {
      if (!text.includes('/flow')) return;
      socket.write('HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n');
      const drip = setInterval(() => socket.write('x'), 10);
      socket.once('close', () => clearInterval(drip));
    });
    closers.push(upstream.close);
    const forwarder = await startForwarder([upstream.port], { action: { maxStreamMs: 150 } });
    closers.push(() => forwarder.close());
    const silent = await sendRaw(forwarder.port, get, isAnswered);
    expect(silent.status).toBe(504);
    expect(silent.text).toContain('x-heddle-reason: UMSDR');
    const flowing = await sendRaw(forwarder.port, 'GET /flow HTTP/1.1\r\nHost: a\r\n\r\n');
    expect(flowing).toMatchObject({ status: 200, isClosed: true });
    expect(forwarder.recorded).toMatchObject([
      { status: 504, flag: 'UMSDR' },
      { status: 200, flag: 'UMSDR' },
    ]);
  });
});

describe('the most that a caller of gRPC may ask for', () => {
  it.each([
    ['60S', '5000m'],
    ['2S', '2S'],
    [undefined, '5000m'],
  ])('with a call of %s is told as %s', async (asked, told) => {
    const seen: string[] = [];
    const server = createServer();
    server.on('stream', (stream: ServerHttp2Stream, headers: IncomingHttpHeaders) => {
      seen.push(String(headers['grpc-timeout']));
      stream.respond({ ':status': 200, 'content-type': 'application/grpc', 'grpc-status': '0' }, { endStream: true });
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    closers.push(() => server.close());
    const forwarder = await startForwarder([(server.address() as AddressInfo).port], {
      cluster: { upstreamProtocol: 'http2' },
      action: { maxCallMs: 5000 },
    });
    closers.push(() => forwarder.close());
    const session = connect(`http://127.0.0.1:${forwarder.port}`);
    closers.push(() => session.destroy());
    const call = { ':method': 'POST', ':path': '/a.B/C', 'content-type': 'application/grpc', te: 'trailers' };
    for (let i = 0; i < 2; i++) {
      const stream = session.request({ ...call, ...(asked !== undefined && { 'grpc-timeout': asked }) });
      stream.end('x');
      await once(stream, 'response');
    }
    // the second call goes over the connection of the first: no time has passed, unless the machine is slow
    expect(Number.parseInt(seen[1] ?? '', 10)).toBeLessThanOrEqual(Number.parseInt(told, 10));
    if (told.endsWith('m')) expect(seen[1]).toMatch(/^[45][0-9]{3}m$/);
  });
});

describe('the longest time of a connection', () => {
  it.each(['http1', 'http2'] as const)(
    'lets no other request on it, and is no end of the one under way: %s',
    async (version) => {
      const clock = { nowMs: 1_000_000 };
      const waiting: (() => void)[] = [];
      const sessions = new Set<unknown>();
      const server = createServer();
      server.on('stream', (stream) => {
        sessions.add(stream.session);
        waiting.push(() => stream.respond({ ':status': 200, 'content-length': 0 }, { endStream: true }));
      });
      server.listen(0, '127.0.0.1');
      await once(server, 'listening');
      closers.push(() => server.close());
      const http1 = await startScriptedServer((socket) => {
        sessions.add(socket);
        waiting.push(() => socket.write('HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n'));
      });
      closers.push(http1.close);
      const port = version === 'http1' ? http1.port : (server.address() as AddressInfo).port;
      const forwarder = await startForwarder([port], {
        nowMs: () => clock.nowMs,
        cluster: { upstreamProtocol: version, maxConnectionDurationMs: 60_000 },
      });
      closers.push(() => forwarder.close());
      const ask = async (meanwhile: () => void = () => {}) => {
        const answered = sendRaw(forwarder.port, get, isAnswered);
        await expect.poll(() => waiting.length).toBe(1);
        meanwhile();
        waiting.pop()?.();
        expect((await answered).status).toBe(200);
      };
      const sweepAfter = (ms: number) => () => {
        clock.nowMs += ms;
        forwarder.clock.tick();
        forwarder.cluster.sweep(clock.nowMs);
      };
      await ask();
      await ask(sweepAfter(59_000));
      expect(sessions.size).toBe(1);
      await ask(sweepAfter(2_000));
      await ask();
      expect(sessions.size).toBe(2);
    },
  );
});

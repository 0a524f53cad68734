import type { Buffer } from 'node:buffer';
import { once } from 'node:events';
import type { Http2Session, IncomingHttpHeaders, ServerHttp2Stream } from 'node:http2';
import { connect as connectHttp2, createServer } from 'node:http2';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import type { SlowedOptions } from '../testing/slowed-answers.ts';
import { AT_ONCE, RATE, slowed as slowedBy } from '../testing/slowed-answers.ts';

const closers: (() => Promise<unknown> | unknown)[] = [];

afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

const x = (length: number) => 'x'.repeat(length);
const slowed = (port: number, options?: SlowedOptions) => slowedBy(port, (stop) => closers.push(stop), options);

/** An application of HTTP/2; its port. */
async function http2Server(answer: (stream: ServerHttp2Stream) => void): Promise<number> {
  const server = createServer();
  server.on('stream', (stream) => {
    stream.on('error', () => {});
    stream.resume();
    answer(stream);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  closers.push(async () => {
    server.close();
  });
  return (server.address() as AddressInfo).port;
}

describe('a stream of HTTP/2 that a fault slows down', () => {
  it('keeps its trailers, behind the last byte, and says in them what the limit beside it has added', async () => {
    const port = await http2Server((stream) => {
      stream.respond({ 'content-type': 'application/grpc' }, { waitForTrailers: true });
      stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '0' }));
      stream.end(x(2000));
    });
    const { stream, pass, faults } = await slowed(port, {
      shared: RATE / 2,
      cluster: { upstreamProtocol: 'http2' },
    });
    const heard = stream({ ':method': 'POST', 'content-type': 'application/grpc', te: 'trailers' });
    heard.stream.end();
    let trailers: IncomingHttpHeaders | null = null;
    heard.stream.on('trailers', (told) => {
      trailers = told;
    });
    await expect.poll(() => heard.body).toBe(AT_ONCE);
    pass(2000);
    await expect.poll(() => heard.body).toBeGreaterThan(1300);
    expect([heard.body <= 1500, trailers]).toEqual([true, null]);
    pass(1500);
    await expect
      .poll(() => trailers)
      .toMatchObject({
        'grpc-status': '0',
        'x-cart-bandwidth-response-filter-delay-ms': expect.stringMatching(/^\d+$/),
      });
    expect([heard.body, faults.activeFaults]).toEqual([2000, 0]);
  });

  it('leaves the other streams of its connection alone', async () => {
    const port = await http2Server((stream) => stream.end(x(2000)));
    const { forwarder, pass } = await slowed(port, {
      cluster: { upstreamProtocol: 'http2' },
      fault: { headers: [{ matches: ({ path }) => path === '/slow' }] },
    });
    const session = connectHttp2(`http://127.0.0.1:${forwarder.port}`);
    closers.push(async () => session.destroy());
    const bytes = { '/slow': 0, '/fast': 0 };
    for (const path of ['/slow', '/fast'] as const) {
      session.request({ ':path': path }).on('data', (data: Buffer) => {
        bytes[path] += data.length;
      });
    }
    await expect.poll(() => bytes).toEqual({ '/slow': AT_ONCE, '/fast': 2000 });
    pass(2100);
    await expect.poll(() => bytes['/slow']).toBe(2000);
  });

  it.each(['close', 'destroy'] as const)(
    'is whole, although its connection is gone when all has come: %s',
    async (end) => {
      const total = 50_000; // some of it waits in the codec
      const sessions: Http2Session[] = [];
      let isSent = false;
      let isGone = false;
      const port = await http2Server((stream) => {
        stream.end(x(total));
        stream.on('close', () => {
          isSent = true;
        });
        if (stream.session === undefined) return;
        sessions.push(stream.session);
        stream.session.on('close', () => {
          isGone = true;
        });
      });
      const { stream, pass, forwarder } = await slowed(port, { cluster: { upstreamProtocol: 'http2' } });
      const heard = stream();
      await expect.poll(() => [heard.body, isSent]).toEqual([AT_ONCE, true]);
      sessions[0]?.[end]();
      await expect.poll(() => isGone).toBe(true);
      const ended = once(heard.stream, 'end');
      const passed = () => {
        pass(1000);
        return heard.body;
      };
      await expect.poll(passed, { interval: 1, timeout: 10_000 }).toBe(total);
      await ended;
      await expect.poll(() => forwarder.recorded).toMatchObject([{ status: 200, flag: '-', responseBytes: total }]);
    },
  );

  it.each(['its connection there', 'its connection gone'])(
    'gives everything back when it is reset, %s',
    async (name) => {
      const sessions: Http2Session[] = [];
      let isSent = false;
      let isGone = false;
      const port = await http2Server((stream) => {
        stream.end(x(50_000));
        stream.on('close', () => {
          isSent = true;
        });
        if (stream.session !== undefined) sessions.push(stream.session);
        stream.session?.on('close', () => {
          isGone = true;
        });
      });
      const { stream, pass, faults, forwarder, wheel } = await slowed(port, { cluster: { upstreamProtocol: 'http2' } });
      const heard = stream();
      await expect.poll(() => [heard.body, isSent]).toEqual([AT_ONCE, true]);
      if (name.endsWith('gone')) {
        sessions[0]?.destroy();
        await expect.poll(() => isGone).toBe(true);
      }
      heard.stream.close(8);
      await expect.poll(() => forwarder.recorded).toMatchObject([{ flag: 'DC' }]);
      pass(100);
      expect([faults.activeFaults, forwarder.cluster.breaker.requests.active, wheel.armedCount]).toEqual([0, 0, 0]);
      const again = stream();
      await expect.poll(() => again.body).toBe(AT_ONCE);
    },
  );
});

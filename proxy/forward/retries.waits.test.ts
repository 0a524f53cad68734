import { once } from 'node:events';
import type { ServerHttp2Stream } from 'node:http2';
import { connect, createServer } from 'node:http2';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { RateLimitedBackOff } from '../resilience/rate-limited-back-off.ts';
import type { RetrySettings } from '../resilience/retry-policy.ts';
import { compileRetryPolicy } from '../resilience/retry-policy.ts';
import type { ForwarderOptions } from '../testing/forwarder.ts';
import { startForwarder, startScriptedServer } from '../testing/forwarder.ts';
import { sendRaw } from '../testing/raw-client.ts';

const closers: (() => Promise<unknown> | unknown)[] = [];

afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

function retry(retryOn: string): ReturnType<typeof compileRetryPolicy> {
  const settings: RetrySettings = {
    retryOn,
    retriableStatusCodes: [],
    maxRetries: 1,
    backOffBaseMs: 1,
    backOffMaxMs: 2,
    rateLimitedBackOff: new RateLimitedBackOff([{ lowerCaseName: 'retry-after', format: 'seconds' }], 300_000),
    retryNonIdempotent: true,
  };
  return compileRetryPolicy(settings);
}

async function startForwarding(port: number, options: ForwarderOptions) {
  const forwarder = await startForwarder([port], options);
  closers.push(() => forwarder.close());
  return forwarder;
}

describe('a wait that an answer asks for', () => {
  it.each([
    ['the time of the route', { timeoutMs: 5_000 }, '60'],
    ['the time of the stream', { maxStreamMs: 5_000 }, '60'],
    ['the time of the route, as a date', { timeoutMs: 5_000 }, new Date(Date.now() + 120_000).toUTCString()],
  ])('beyond %s is not waited for: the answer is passed on', async (_, bound, retryAfter) => {
    let requests = 0;
    const upstream = await startScriptedServer((socket) => {
      requests++;
      socket.write(`HTTP/1.1 503 x\r\nRetry-After: ${retryAfter}\r\nContent-Length: 4\r\n\r\nbusy`);
    });
    closers.push(upstream.close);
    const action = { ...bound, retry: retry('5xx') };
    const { port, cluster, recorded } = await startForwarding(upstream.port, { action });
    const text = 'GET / HTTP/1.1\r\nHost: a\r\n\r\n';
    const answered = await sendRaw(port, text, (got) => got.includes('busy'));
    expect(answered.status).toBe(503);
    expect(requests).toBe(1);
    expect(recorded).toMatchObject([{ status: 503, flag: '-', attempts: 1 }]);
    const { requestsRetried, retriesSucceeded, retriesExhausted } = cluster.counters;
    expect([requestsRetried, retriesSucceeded, retriesExhausted]).toEqual([0, 0, 0]);
    expect(cluster.breaker.retries.active).toBe(0);
  });

  it('within them is waited for', async () => {
    let requests = 0;
    const upstream = await startScriptedServer((socket) => {
      const status = ++requests === 1 ? '503 x\r\nRetry-After: 0' : '200 OK';
      socket.write(`HTTP/1.1 ${status}\r\nContent-Length: 0\r\n\r\n`);
    });
    closers.push(upstream.close);
    const { port, cluster } = await startForwarding(upstream.port, {
      action: { timeoutMs: 5_000, retry: retry('5xx') },
    });
    const answered = await sendRaw(port, 'GET / HTTP/1.1\r\nHost: a\r\n\r\n', (got) => got.includes('\r\n\r\n'));
    expect([answered.status, requests, cluster.counters.retriesSucceeded]).toEqual([200, 2, 1]);
  });
});

/** Calls a server of gRPC that refuses the first call like this; what the client gets, and how often it was called. */
async function call(pushback: string | null, fields: Record<string, string> = {}) {
  let streams = 0;
  const server = createServer();
  server.on('stream', (stream: ServerHttp2Stream) => {
    const isFirst = ++streams === 1;
    stream.respond(
      {
        ':status': 200,
        'content-type': 'application/grpc',
        'grpc-status': isFirst ? '14' : '0',
        ...(isFirst && pushback !== null && { 'grpc-retry-pushback-ms': pushback }),
      },
      { endStream: true },
    );
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  closers.push(() => server.close());
  const { port, cluster } = await startForwarding((server.address() as AddressInfo).port, {
    cluster: { upstreamProtocol: 'http2' },
    action: { retry: retry('unavailable') },
  });
  const session = connect(`http://127.0.0.1:${port}`);
  closers.push(() => session.destroy());
  const head = { ':method': 'POST', ':path': '/a.B/C', 'content-type': 'application/grpc', te: 'trailers', ...fields };
  const stream = session.request(head);
  stream.end('x');
  const [answer] = (await once(stream, 'response')) as [Record<string, string>];
  expect(cluster.breaker.retries.active).toBe(0);
  return { status: answer['grpc-status'], pushback: answer['grpc-retry-pushback-ms'], streams };
}

describe('a server of gRPC that pushes back', () => {
  it('is called again after as long as it says', async () => {
    expect(await call('3')).toEqual({ status: '0', pushback: undefined, streams: 2 });
    expect(await call(null)).toMatchObject({ status: '0', streams: 2 });
  });

  it.each(['-1', 'never', '', '300001'])(
    'is not called again when it says %j, and the client hears it',
    async (said) => {
      expect(await call(said)).toEqual({ status: '14', pushback: said, streams: 1 });
    },
  );

  it('is not waited for beyond the deadline of the call', async () => {
    expect(await call('60000', { 'grpc-timeout': '5S' })).toMatchObject({ status: '14', streams: 1 });
  });
});

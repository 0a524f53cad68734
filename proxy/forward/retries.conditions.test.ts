import { once } from 'node:events';
import type { Http2Server, ServerHttp2Stream } from 'node:http2';
import { connect, constants, createServer } from 'node:http2';
import type { AddressInfo, Socket } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import type { RetrySettings } from '../resilience/retry-policy.ts';
import { compileRetryPolicy } from '../resilience/retry-policy.ts';
import { HeaderMatcher } from '../route/header-matcher.ts';
import type { Forwarder } from '../testing/forwarder.ts';
import { startForwarder, startScriptedServer } from '../testing/forwarder.ts';
import { sendRaw } from '../testing/raw-client.ts';

const closers: (() => Promise<unknown>)[] = [];

afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

function settings(retryOn: string, more: Partial<RetrySettings> = {}): RetrySettings {
  return {
    retryOn,
    retriableStatusCodes: [418],
    retriableHeaders: [new HeaderMatcher('x-stale', { kind: 'present' })],
    maxRetries: 1,
    perTryTimeoutMs: 0,
    backOffBaseMs: 1,
    backOffMaxMs: 2,
    retryNonIdempotent: false,
    ...more,
  };
}

async function forwarderTo(ports: readonly number[], retry: RetrySettings, isHttp2 = false): Promise<Forwarder> {
  const forwarder = await startForwarder(ports, {
    cluster: { upstreamProtocol: isHttp2 ? 'http2' : 'http1' },
    action: { retry: compileRetryPolicy(retry) },
  });
  closers.push(forwarder.close);
  return forwarder;
}

const answer = (status: number, lines = '') => `HTTP/1.1 ${status} x\r\n${lines}Content-Length: 0\r\n\r\n`;
const respond = (status: number, lines?: string) => (socket: Socket) => void socket.write(answer(status, lines));
const hangUp = (socket: Socket) => void socket.destroy();
const silence = () => {};

/** How the first try ends over HTTP/1, and which conditions take that for a failure. */
const http1Rows: readonly [string, (socket: Socket) => void, readonly string[]][] = [
  ['500', respond(500), ['5xx']],
  ['501', respond(501), ['5xx']],
  ['502', respond(502), ['5xx', 'gateway-error']],
  ['503', respond(503), ['5xx', 'gateway-error']],
  ['504', respond(504), ['5xx', 'gateway-error']],
  ['409', respond(409), ['retriable-4xx']],
  ['404', respond(404), []],
  ['418 of the list', respond(418), ['retriable-status-codes']],
  ['429 with x-envoy-ratelimited', respond(429, 'x-envoy-ratelimited: true\r\n'), ['envoy-ratelimited']],
  ['503 with x-envoy-ratelimited', respond(503, 'x-envoy-ratelimited: true\r\n'), ['envoy-ratelimited']],
  ['200 with a header of the list', respond(200, 'x-stale: 1\r\n'), ['retriable-headers']],
  ['a connection that ends', hangUp, ['5xx', 'gateway-error', 'reset']],
  ['a try that takes too long', silence, ['5xx', 'gateway-error', 'reset']],
];

const httpConditions = [
  '5xx',
  'gateway-error',
  'reset',
  'reset-before-request',
  'connect-failure',
  'envoy-ratelimited',
  'retriable-4xx',
  'refused-stream',
  'retriable-status-codes',
  'retriable-headers',
];

/** Requests that reach the upstream when the first one ends so. */
async function requestsSent(first: (socket: Socket) => void, method: string, retry: RetrySettings): Promise<number> {
  let requests = 0;
  const upstream = await startScriptedServer((socket) => {
    if (++requests === 1) first(socket);
    else socket.write(answer(200));
  });
  closers.push(upstream.close);
  const forwarder = await forwarderTo([upstream.port], retry);
  const text = `${method} / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n`;
  await sendRaw(forwarder.port, text, (got) => got.includes('\r\n\r\n'));
  expect(forwarder.cluster.breaker.retries.active).toBe(0);
  expect([...forwarder.cluster.endpoints][0]?.activeRequests).toBe(0);
  expect(forwarder.cluster.counters.requestsRetried).toBe(requests - 1);
  return requests;
}

describe('retries over HTTP/1', () => {
  it.each(http1Rows)('after %s happen on the conditions that say so, and on no other', async (_, first, conditions) => {
    for (const condition of httpConditions) {
      const retry = settings(condition, { perTryTimeoutMs: first === silence ? 20 : 0 });
      expect(await requestsSent(first, 'GET', retry), condition).toBe(conditions.includes(condition) ? 2 : 1);
    }
  });

  it.each(http1Rows)(
    'after %s never happen for a POST, unless the user vouched for it',
    async (_, first, conditions) => {
      const perTryTimeoutMs = first === silence ? 20 : 0;
      const retry = settings(httpConditions.join(), { perTryTimeoutMs });
      expect(await requestsSent(first, 'POST', retry)).toBe(1);
      const vouched = settings(httpConditions.join(), { perTryTimeoutMs, retryNonIdempotent: true });
      expect(await requestsSent(first, 'POST', vouched)).toBe(conditions.length > 0 ? 2 : 1);
    },
  );

  it.each([
    ['connect-failure', 200],
    ['reset-before-request', 200],
    ['reset', 200],
    ['5xx', 200],
    ['gateway-error', 200],
    ['retriable-4xx', 503],
    ['refused-stream', 503],
    ['envoy-ratelimited', 503],
  ])('on %s, a POST to an instance that takes no connection ends with %i', async (condition, status) => {
    const gone = await startScriptedServer(() => {});
    await gone.close();
    const upstream = await startScriptedServer((socket) => socket.write(answer(200)));
    closers.push(upstream.close);
    const forwarder = await forwarderTo([gone.port, upstream.port], settings(condition));
    const statuses = new Set<number>();
    for (let i = 0; i < 2; i++) {
      const text = 'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n';
      statuses.add((await sendRaw(forwarder.port, text, (got) => got.includes('\r\n\r\n'))).status);
    }
    expect(statuses.has(503)).toBe(status === 503);
  });

  it('happen only for requests with one of the headers, where the policy names any', async () => {
    const retriableRequestHeaders = [new HeaderMatcher('idempotency-key', { kind: 'present' })];
    let requests = 0;
    const upstream = await startScriptedServer((socket) => {
      requests++;
      socket.write(answer(503));
    });
    closers.push(upstream.close);
    const forwarder = await forwarderTo([upstream.port], settings('5xx', { retriableRequestHeaders }));
    const send = async (line: string) => {
      requests = 0;
      await sendRaw(forwarder.port, `GET / HTTP/1.1\r\nHost: a\r\n${line}\r\n`, (got) => got.includes('\r\n\r\n'));
      return requests;
    };
    expect(await send('Idempotency-Key: 1\r\n')).toBe(2);
    expect(await send('')).toBe(1);
    expect(forwarder.recorded.map(({ flag }) => flag)).toEqual(['URX', '-']);
    expect(forwarder.cluster.counters.retriesExhausted).toBe(1);
  });
});

/** A server of HTTP/2 that does `first` with its first stream and answers the others. */
async function startHttp2(first: (stream: ServerHttp2Stream) => void): Promise<{ port: number; streams(): number }> {
  let streams = 0;
  const server: Http2Server = createServer();
  server.on('stream', (stream) => {
    stream.on('error', () => {});
    if (++streams === 1) first(stream);
    else
      stream.respond({ ':status': 200, 'content-type': 'application/grpc', 'grpc-status': '0' }, { endStream: true });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  closers.push(async () => server.close());
  return { port: (server.address() as AddressInfo).port, streams: () => streams };
}

async function call(port: number, contentType: string): Promise<void> {
  const session = connect(`http://127.0.0.1:${port}`);
  const stream = session.request({ ':method': 'POST', ':path': '/a.B/C', 'content-type': contentType, te: 'trailers' });
  stream.on('error', () => {});
  stream.resume().end();
  await once(stream, 'close');
  session.close();
}

const trailersOnly =
  (status: number, more: Record<string, string> = {}) =>
  (stream: ServerHttp2Stream) => {
    const fields = { ':status': 200, 'content-type': 'application/grpc', 'grpc-status': String(status), ...more };
    stream.respond(fields, { endStream: true });
  };

describe('retries of gRPC calls', () => {
  const conditions = { cancelled: 1, 'deadline-exceeded': 4, 'resource-exhausted': 8, internal: 13, unavailable: 14 };

  it.each(Object.entries(conditions))(
    'happen on %s after status %i alone, and only when the user vouched',
    async (name, code) => {
      for (const status of [0, 2, ...Object.values(conditions)]) {
        for (const retryNonIdempotent of [true, false]) {
          const upstream = await startHttp2(trailersOnly(status));
          const forwarder = await forwarderTo([upstream.port], settings(name, { retryNonIdempotent }), true);
          await call(forwarder.port, 'application/grpc');
          expect(upstream.streams(), `${status}`).toBe(status === code && retryNonIdempotent ? 2 : 1);
        }
      }
    },
  );

  it.each([
    ['unavailable', 1],
    ['unavailable,envoy-ratelimited', 2],
    ['envoy-ratelimited', 2],
  ])('on %s, one with x-envoy-ratelimited is sent %i times', async (retryOn, sent) => {
    const upstream = await startHttp2(trailersOnly(14, { 'x-envoy-ratelimited': 'true' }));
    const forwarder = await forwarderTo([upstream.port], settings(retryOn, { retryNonIdempotent: true }), true);
    await call(forwarder.port, 'application/grpc');
    expect(upstream.streams()).toBe(sent);
  });
});

describe('retries over HTTP/2', () => {
  it.each([
    ['refused-stream', constants.NGHTTP2_REFUSED_STREAM, 2],
    ['reset', constants.NGHTTP2_REFUSED_STREAM, 2],
    ['reset', constants.NGHTTP2_INTERNAL_ERROR, 1],
    ['refused-stream', constants.NGHTTP2_INTERNAL_ERROR, 1],
    ['5xx', constants.NGHTTP2_CANCEL, 1],
  ])('on %s, a POST whose stream is reset with code %i is sent %i times', async (retryOn, code, sent) => {
    const upstream = await startHttp2((stream) => stream.close(code));
    const forwarder = await forwarderTo([upstream.port], settings(retryOn), true);
    await call(forwarder.port, 'text/plain');
    expect(upstream.streams()).toBe(sent);
  });
});

import { once } from 'node:events';
import type { ServerHttp2Stream } from 'node:http2';
import { constants, createServer } from 'node:http2';
import type { AddressInfo, Socket } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import type { RetrySettings } from '../resilience/retry-policy.ts';
import { compileRetryPolicy } from '../resilience/retry-policy.ts';
import type { Forwarder, ScriptedServer } from '../testing/forwarder.ts';
import { clusterConfig, startForwarder, startScriptedServer } from '../testing/forwarder.ts';
import { sendRaw } from '../testing/raw-client.ts';

const closers: (() => Promise<unknown> | unknown)[] = [];

afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

const answer = (status: number, body: string) =>
  `HTTP/1.1 ${status} x\r\nContent-Length: ${body.length}\r\n\r\n${body}`;
const request = (method: string, body = '') =>
  `${method} / HTTP/1.1\r\nHost: a\r\nContent-Length: ${body.length}\r\n\r\n${body}`;
const isWhole = (text: string) => /\r\n\r\n(?:first|second|third|busy|.*\}\n)$/s.test(text);

function hedging(more: Partial<RetrySettings> = {}) {
  return compileRetryPolicy({
    retryOn: '5xx',
    retriableStatusCodes: [],
    maxRetries: 2,
    perTryTimeoutMs: 100,
    hedgesOnTryTimeout: true,
    backOffBaseMs: 1,
    backOffMaxMs: 2,
    retryNonIdempotent: false,
    ...more,
  });
}

/** An instance that does with its requests, in order over all connections, what the test says. */
async function scripted(
  script: readonly ((socket: Socket) => void)[],
): Promise<{ port: number; asked(): number; connections(): number; left(): number }> {
  let asked = 0;
  let left = 0;
  const server: ScriptedServer = await startScriptedServer((socket) => {
    socket.once('close', () => left++);
    script[asked++]?.(socket);
  });
  closers.push(server.close);
  return { port: server.port, asked: () => asked, connections: () => server.connections.length, left: () => left };
}

async function forwarderTo(port: number, retry = hedging(), options: Parameters<typeof startForwarder>[1] = {}) {
  const forwarder = await startForwarder([port], { ...options, action: { retry, timeoutMs: 5000 } });
  closers.push(() => forwarder.close());
  return forwarder;
}

function expectNothingHeld({ cluster }: Forwarder): void {
  expect(cluster.breaker.retries.active).toBe(0);
  expect(cluster.breaker.requests.active).toBe(0);
  expect([...cluster.endpoints].map(({ activeRequests }) => activeRequests)).toEqual([0]);
}

const say = (status: number, body: string) => (socket: Socket) => void socket.write(answer(status, body));
const later = (ms: number, status: number, body: string) => (socket: Socket) =>
  void setTimeout(() => socket.write(answer(status, body)), ms);
const silence = () => {};

describe('a try that runs out of its time', () => {
  it('goes on beside the next one, whose answer wins; the slow one is reset, and the request counts once', async () => {
    const upstream = await scripted([silence, say(200, 'second')]);
    const forwarder = await forwarderTo(upstream.port);
    expect((await sendRaw(forwarder.port, request('GET'), isWhole)).text).toContain('second');
    await expect.poll(upstream.left).toBe(1);
    expect(forwarder.recorded).toMatchObject([{ status: 200, attempts: 2 }]);
    expect(forwarder.cluster.counters).toMatchObject({
      ...{ requestsTotal: 1, requestsRetried: 1, requestsHedged: 1, perTryTimeouts: 1 },
    });
    expect(forwarder.cluster.counters.responsesByClass).toEqual([0, 0, 1, 0, 0, 0]);
    expectNothingHeld(forwarder);
  });

  it('wins when it answers first after all, and its connection carries the next request', async () => {
    const upstream = await scripted([later(400, 200, 'first'), silence, say(200, 'third')]);
    const forwarder = await forwarderTo(upstream.port, hedging({ maxRetries: 1 }));
    expect((await sendRaw(forwarder.port, request('GET'), isWhole)).text).toContain('first');
    expectNothingHeld(forwarder);
    expect((await sendRaw(forwarder.port, request('GET'), isWhole)).text).toContain('third');
    expect(upstream.connections()).toBe(2);
  });

  it('wins with an answer that comes in pieces', async () => {
    const upstream = await scripted([
      (socket) => {
        setTimeout(() => socket.write('HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nfi'), 400);
        setTimeout(() => socket.write('rst'), 500);
      },
      silence,
    ]);
    const forwarder = await forwarderTo(upstream.port, hedging({ maxRetries: 1 }));
    expect((await sendRaw(forwarder.port, request('GET'), isWhole)).text).toContain('first');
    expectNothingHeld(forwarder);
  });

  it('wins with an answer that fills a whole read', async () => {
    const upstream = await scripted([later(400, 200, `${'x'.repeat(60_000)}first`), silence]);
    const forwarder = await forwarderTo(upstream.port, hedging({ maxRetries: 1 }));
    const whole = await sendRaw(forwarder.port, request('GET'), (text) => text.endsWith('xfirst'));
    expect(whole.text.slice(-60_005)).toBe(`${'x'.repeat(60_000)}first`);
    expectNothingHeld(forwarder);
  });

  it('is reset when another one has begun to answer, and cannot answer into that', async () => {
    let first: Socket | null = null;
    const upstream = await scripted([
      (socket) => {
        first = socket;
      },
      (socket) => {
        socket.write('HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nsec');
        first?.write(answer(200, 'first'));
        first?.once('close', () => socket.write('ond'));
      },
    ]);
    const forwarder = await forwarderTo(upstream.port, hedging({ maxRetries: 1 }));
    const { text } = await sendRaw(forwarder.port, request('GET'), (got) => got.endsWith('second'));
    expect([text.match(/HTTP\/1\.1 /g), forwarder.recorded.length]).toEqual([['HTTP/1.1 '], 1]);
    expectNothingHeld(forwarder);
  });

  it('is not believed with a failure while another try is under way', async () => {
    const upstream = await scripted([later(250, 503, 'busy'), later(750, 200, 'second')]);
    const forwarder = await forwarderTo(upstream.port, hedging({ maxRetries: 1 }));
    expect((await sendRaw(forwarder.port, request('GET'), isWhole)).text).toContain('second');
    expectNothingHeld(forwarder);
  });

  it('is waited for when the other tries have failed', async () => {
    const upstream = await scripted([later(750, 200, 'first'), say(503, 'busy')]);
    const forwarder = await forwarderTo(upstream.port, hedging({ maxRetries: 1 }));
    expect((await sendRaw(forwarder.port, request('GET'), isWhole)).text).toContain('first');
    expectNothingHeld(forwarder);
  });

  it('is answered for when it ends without an answer, as the last of them', async () => {
    const upstream = await scripted([(socket) => setTimeout(() => socket.destroy(), 300), say(503, 'busy')]);
    const forwarder = await forwarderTo(upstream.port, hedging({ maxRetries: 1 }));
    const got = await sendRaw(forwarder.port, request('GET'), isWhole);
    expect(got.status).toBe(503);
    expect(got.text).toContain('x-heddle-reason: UC');
    expectNothingHeld(forwarder);
  });

  it('goes on alone for a POST, which is asked once whatever happens', async () => {
    const upstream = await scripted([later(400, 200, 'first'), say(200, 'second')]);
    const forwarder = await forwarderTo(upstream.port);
    expect((await sendRaw(forwarder.port, request('POST', 'pay'), isWhole)).text).toContain('first');
    expect(upstream.asked()).toBe(1);
    expect(forwarder.cluster.counters).toMatchObject({ requestsRetried: 0, requestsHedged: 0, perTryTimeouts: 1 });
  });

  it('is doubled for a POST when the user vouched for it', async () => {
    const upstream = await scripted([silence, say(200, 'second')]);
    const forwarder = await forwarderTo(upstream.port, hedging({ retryNonIdempotent: true }));
    expect((await sendRaw(forwarder.port, request('POST', 'pay'), isWhole)).text).toContain('second');
    expect(upstream.asked()).toBe(2);
  });

  it('goes on alone where the budget has no room', async () => {
    const upstream = await scripted([later(400, 200, 'first'), say(200, 'second')]);
    const { circuitBreaker } = clusterConfig([]);
    const cluster = { circuitBreaker: { ...circuitBreaker, retryBudgetPercent: 0, maxRetries: 0 } };
    const forwarder = await forwarderTo(upstream.port, hedging(), { cluster });
    expect((await sendRaw(forwarder.port, request('GET'), isWhole)).text).toContain('first');
    expect(upstream.asked()).toBe(1);
  });

  it('takes all that is under way with it when the whole request runs out of time', async () => {
    const upstream = await scripted([silence, silence, silence]);
    const forwarder = await startForwarder([upstream.port], { action: { retry: hedging(), timeoutMs: 500 } });
    closers.push(() => forwarder.close());
    expect((await sendRaw(forwarder.port, request('GET'), isWhole)).text).toContain('requestTimeout');
    expect(upstream.asked()).toBe(3);
    expectNothingHeld(forwarder);
    await expect.poll(upstream.left).toBe(3);
  });

  it.each([
    ['the next one', sayNothing, 2],
    ['the slow one', answerLater, 1],
  ])('is hedged over HTTP/2 too, where %s wins', async (_, first, winner) => {
    const streams: ServerHttp2Stream[] = [];
    const server = createServer();
    server.on('stream', (stream) => {
      stream.on('error', () => {});
      const number = streams.push(stream);
      if (number === 1) first(stream);
      else if (winner === 2) stream.respond({ ':status': 200, 'x-stream': '2' }, { endStream: true });
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    closers.push(() => server.close());
    const { port } = server.address() as AddressInfo;
    const forwarder = await forwarderTo(port, hedging({ maxRetries: 1 }), { cluster: { upstreamProtocol: 'http2' } });
    const got = await sendRaw(forwarder.port, request('GET'), (text) => text.includes('\r\n\r\n'));
    expect(got.text).toContain(`x-stream: ${winner}\r\n`);
    await expect.poll(() => streams[2 - winner]?.rstCode).toBe(constants.NGHTTP2_CANCEL);
    expectNothingHeld(forwarder);
  });
});

function sayNothing(): void {}

function answerLater(stream: ServerHttp2Stream): void {
  setTimeout(() => stream.respond({ ':status': 200, 'x-stream': '1' }, { endStream: true }), 400);
}

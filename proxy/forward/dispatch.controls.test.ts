import { once } from 'node:events';
import type { IncomingHttpHeaders, ServerHttp2Stream } from 'node:http2';
import { connect, createServer as createHttp2Server } from 'node:http2';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { grpcTimeoutMs } from '../message/grpc.ts';
import { compileRetryPolicy } from '../resilience/retry-policy.ts';
import type { ForwarderOptions, ScriptedServer } from '../testing/forwarder.ts';
import { startForwarder, startMesh, startScriptedServer } from '../testing/forwarder.ts';
import { sendRaw } from '../testing/raw-client.ts';

const closers: (() => Promise<unknown> | unknown)[] = [];

afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

async function scripted(...args: Parameters<typeof startScriptedServer>): Promise<ScriptedServer> {
  const server = await startScriptedServer(...args);
  closers.push(server.close);
  return server;
}

async function forwarderTo(port: number, options: ForwarderOptions = {}) {
  const forwarder = await startForwarder([port], options);
  closers.push(() => forwarder.close());
  return forwarder;
}

const isAnswered = (text: string) => text.includes('\r\n\r\n');
const request = (method: string, ...lines: string[]) =>
  `${method} / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n${lines.map((line) => `${line}\r\n`).join('')}\r\n`;
const status = (code: number) => `HTTP/1.1 ${code} x\r\nContent-Length: 0\r\n\r\n`;

/** What the upstream was told it has, of each request. */
const expectedTimes = (received: string) =>
  [...received.matchAll(/^x-envoy-expected-rq-timeout-ms: (\d+)\r$/gm)].map(([, ms]) => Number(ms));

describe('what an application says of its own requests', () => {
  it.each([
    ['GET', 3],
    ['POST', 1],
  ])('asks for retries of a %s, which is sent %i times, and is not forwarded', async (method, sent) => {
    const upstream = await scripted((socket) => socket.write(status(503)));
    const forwarder = await forwarderTo(upstream.port);
    const lines = ['X-Envoy-Retry-On: 5xx', 'x-envoy-max-retries: 2'];
    expect((await sendRaw(forwarder.port, request(method, ...lines), isAnswered)).status).toBe(503);
    expect(upstream.received().split(' HTTP/1.1').length - 1).toBe(sent);
    expect(upstream.received().toLowerCase()).not.toContain('x-envoy-retry');
    expect(upstream.received().toLowerCase()).not.toContain('x-envoy-max');
  });

  it('bounds a request in time, and one try of it', async () => {
    const upstream = await scripted(() => {});
    const forwarder = await forwarderTo(upstream.port);
    const all = await sendRaw(forwarder.port, request('GET', 'x-envoy-upstream-rq-timeout-ms: 100'), isAnswered);
    expect(all.text).toContain('requestTimeout');
    const line = 'x-envoy-upstream-rq-per-try-timeout-ms: 100';
    const one = await sendRaw(forwarder.port, request('GET', line), isAnswered);
    expect(one.text).toContain('perTryTimeout');
    const [first, second] = expectedTimes(upstream.received());
    expect(first).toBeLessThanOrEqual(100);
    expect(second).toBe(100);
  });

  it('is not looked for in a request without such headers, which stays as it was', async () => {
    const upstream = await scripted((socket) => socket.write(status(200)));
    const forwarder = await forwarderTo(upstream.port);
    await sendRaw(forwarder.port, request('GET', 'X-Request-Id: r'), isAnswered);
    expect(upstream.received()).toBe(request('GET', 'X-Request-Id: r'));
  });
});

describe('the time that is left', () => {
  it('is told to each attempt', async () => {
    const upstream = await scripted((socket) => {
      if (upstream.connections.length === 1) setTimeout(() => socket.end(status(503)), 60);
      else socket.write(status(200));
    });
    const retry = compileRetryPolicy({
      retryOn: '5xx',
      retriableStatusCodes: [],
      backOffBaseMs: 1,
      backOffMaxMs: 2,
      retryNonIdempotent: false,
    }); // prettier-ignore
    const forwarder = await forwarderTo(upstream.port, { action: { timeoutMs: 5000, retry } });
    expect((await sendRaw(forwarder.port, request('GET'), isAnswered)).status).toBe(200);
    const [first = 0, second = 0] = expectedTimes(upstream.received());
    expect(first).toBeGreaterThan(4000);
    expect(second).toBeLessThanOrEqual(first - 50);
  });

  it('is not less because a filter has held the request up: that is no part of it', async () => {
    const upstream = await scripted((socket) => socket.write(status(200)));
    const heldUpMs = 200;
    const filter = {
      onRequest: () => ({
        kind: 'wait' as const,
        failure: null,
        start: (resume: (verdict: null) => void) => {
          const timer = setTimeout(resume, heldUpMs, null);
          return () => clearTimeout(timer);
        },
      }),
    };
    const forwarder = await forwarderTo(upstream.port, { action: { timeoutMs: 5000 }, filters: [filter] });
    expect((await sendRaw(forwarder.port, request('GET'), isAnswered)).status).toBe(200);
    expect(expectedTimes(upstream.received())[0]).toBeGreaterThan(5000 - heldUpMs);
  });

  it('goes from sidecar to sidecar, and ends the request in the one behind too', async () => {
    const upstream = await scripted(() => {});
    const { inbound, outbound } = await startMesh(upstream.port, (close) => closers.push(close));
    const lines = ['x-envoy-upstream-rq-timeout-ms: 100', 'x-envoy-retry-on: 5xx'];
    const answer = await sendRaw(outbound.port, request('GET', ...lines), isAnswered);
    expect(answer.status).toBe(504);
    await expect.poll(() => inbound.recorded.length).toBe(1);
    expect(['UT', 'DC']).toContain(inbound.recorded[0]?.flag);
    const [told = 0] = expectedTimes(upstream.received());
    expect(told).toBeGreaterThan(0);
    expect(told).toBeLessThanOrEqual(100);
  });

  it('is what a call of gRPC is told that is sent a second time', async () => {
    const told: string[] = [];
    const server = createHttp2Server();
    server.on('stream', (stream: ServerHttp2Stream, headers: IncomingHttpHeaders) => {
      stream.on('error', () => {});
      told.push(String(headers['grpc-timeout']));
      const grpcStatus = told.length === 1 ? '14' : '0';
      const fields = { ':status': 200, 'content-type': 'application/grpc', 'grpc-status': grpcStatus };
      setTimeout(() => stream.respond(fields, { endStream: true }), told.length === 1 ? 60 : 0);
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    closers.push(() => server.close());
    const retry = compileRetryPolicy({
      retryOn: 'unavailable',
      retriableStatusCodes: [],
      backOffBaseMs: 1,
      backOffMaxMs: 2,
      retryNonIdempotent: true,
    }); // prettier-ignore
    const { port } = server.address() as AddressInfo;
    const forwarder = await forwarderTo(port, { cluster: { upstreamProtocol: 'http2' }, action: { retry } });
    const session = connect(`http://127.0.0.1:${forwarder.port}`);
    closers.push(() => session.destroy());
    const stream = session.request({
      ':method': 'POST',
      ':path': '/a.B/C',
      'content-type': 'application/grpc',
      'grpc-timeout': '5S',
      te: 'trailers',
    });
    stream.end('x');
    const [headers] = await once(stream, 'response');
    expect(headers['grpc-status']).toBe('0');
    const [first = 0, second = 0] = told.map((value) => grpcTimeoutMs(`grpc-timeout: ${value}\r\n`));
    expect(first).toBeGreaterThan(4000);
    expect(second).toBeLessThanOrEqual(first - 50);
  });
});

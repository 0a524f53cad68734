import { connect } from 'node:net';
import type { Metadata, sendUnaryData } from '@grpc/grpc-js';
import { Server, ServerCredentials, status } from '@grpc/grpc-js';
import { afterEach, describe, expect, it } from 'vitest';
import type { Output } from '../../proto/load.ts';
import { serviceDefinition } from '../../proto/load.ts';
import type { Cluster } from '../cluster/cluster.ts';
import { GlobalRateLimit } from '../filter/global-rate-limit.ts';
import { OverLimitMemory } from '../filter/over-limit-memory.ts';
import { genericKey } from '../filter/rate-limit-descriptor.ts';
import { defaultLimits } from '../resilience/circuit-breaker.ts';
import { envoyOutlierDefaults } from '../resilience/outlier/outlier-settings.ts';
import { TimerWheel } from '../resilience/timer-wheel.ts';
import { endpointConfig, plainCluster, startForwarder, startScriptedServer } from '../testing/forwarder.ts';
import { sendRaw } from '../testing/raw-client.ts';
import { RateLimitClient } from './rate-limit-client.ts';

type Question = Output<'envoy.service.ratelimit.v3.RateLimitRequest'>;
type Call = { readonly request: Question; readonly metadata: Metadata; getPath(): string };

const closers: (() => Promise<unknown> | unknown)[] = [];

afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

const get = 'GET /x HTTP/1.1\r\nHost: a\r\n\r\n';
const isWhole = (text: string) => text.endsWith('ok') || text.includes('}\n');

/** grpc-js as the rate limit service. */
async function grpcServer(handle: (call: Call, answer: sendUnaryData<object>) => void): Promise<number> {
  const server = new Server();
  server.addService(serviceDefinition('envoy.service.ratelimit.v3.RateLimitService'), { ShouldRateLimit: handle });
  closers.push(() => server.forceShutdown());
  return new Promise((resolve, reject) => {
    server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, port) =>
      error === null ? resolve(port) : reject(error),
    );
  });
}

interface SetUp {
  readonly timeoutMs?: number;
  readonly denyOnFailure?: boolean;
  readonly maxRequests?: number;
}

/** A forwarder whose requests are counted by the service at that port; -1 for a service without instances. */
async function countedBy(port: number, { timeoutMs = 5000, denyOnFailure = false, maxRequests = 1024 }: SetUp = {}) {
  const counting = plainCluster(port < 0 ? [] : [port], { circuitBreaker: { ...defaultLimits, maxRequests } });
  const counters = { ok: 0, overLimit: 0, error: 0, failureModeAllowed: 0 };
  const service = new RateLimitClient(
    counting,
    { authority: '', timeoutMs },
    { wheel: new TimerWheel(), ownPeerMetadata: '' },
  );
  const filter = new GlobalRateLimit(
    {
      domain: 'heddle',
      limits: [{ rule: [genericKey('rule', '0')], rate: { requests: 5, unit: 'MINUTE' }, hits: 1, origin: '' }],
      denyOnFailure,
      grpcStatus: 8,
    },
    service,
    { globalRateLimits: counters, overLimit: new OverLimitMemory(), now: () => performance.now() },
  );
  const upstream = await startScriptedServer((socket) =>
    socket.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok'),
  );
  const forwarder = await startForwarder([upstream.port], { filters: [filter] });
  closers.push(
    upstream.close,
    () => forwarder.close(),
    () => counting.close(),
  );
  return { send: () => sendRaw(forwarder.port, get, isWhole), forwarder, upstream, counters, counting };
}

/** What the service's cluster still holds of questions. */
const held = ({ breaker, endpoints }: Cluster) =>
  defaultLimits.maxRequests - breaker.requests.remaining + [...endpoints].reduce((sum, e) => sum + e.activeRequests, 0);

describe('a global rate limit', () => {
  it('asks a gRPC service, and lets the request go on with the headers of its answer', async () => {
    const calls: { readonly path: string; readonly question: Question; readonly headers: object }[] = [];
    const port = await grpcServer((call, answer) => {
      calls.push({ path: call.getPath(), question: call.request, headers: call.metadata.getMap() });
      answer(null, { overall_code: 'OK', response_headers_to_add: [{ key: 'x-quota', value: '7' }] });
    });
    const { send, counters, counting } = await countedBy(port);
    const { status: code, text } = await send();
    expect(code).toBe(200);
    expect(text).toContain('\r\nx-quota: 7\r\n');
    expect((await send()).status).toBe(200);
    expect(calls).toHaveLength(2);
    expect(calls[0]).toMatchObject({
      path: '/envoy.service.ratelimit.v3.RateLimitService/ShouldRateLimit',
      question: {
        domain: 'heddle',
        descriptors: [{ entries: [{ key: 'rule', value: '0' }], limit: { requests_per_unit: 5, unit: 'MINUTE' } }],
      },
    });
    expect(counters).toEqual({ ok: 2, overLimit: 0, error: 0, failureModeAllowed: 0 });
    expect([held(counting), [...counting.endpoints][0]?.poolCounters.connectionsTotal]).toEqual([0, 1]);
  });

  it('answers 429 RL when the service says so', async () => {
    const port = await grpcServer((_call, answer) =>
      answer(null, { overall_code: 'OVER_LIMIT', statuses: [{ code: 'OVER_LIMIT' }] }),
    );
    const { send, forwarder, upstream, counters } = await countedBy(port);
    const { status: code, text } = await send();
    expect(code).toBe(429);
    expect(text).toContain('\r\nx-envoy-ratelimited: true\r\n');
    expect(JSON.parse(text.slice(text.indexOf('\r\n\r\n')))).toMatchObject({ reason: 'rateLimitedGlobally' });
    expect(forwarder.recorded).toMatchObject([{ status: 429, flag: 'RL', attempts: 0 }]);
    expect([upstream.received(), counters.overLimit]).toEqual(['', 1]);
  });

  it.each<[string, (call: Call, answer: sendUnaryData<object>) => void]>([
    ['says that it cannot count', (_call, answer) => answer({ code: status.UNAVAILABLE, details: 'no Redis' })],
    ['never answers', () => {}],
    ['answers with no code', (_call, answer) => answer(null, {})],
    [
      'answers far too much',
      (_call, answer) =>
        answer(null, {
          overall_code: 'OVER_LIMIT',
          response_headers_to_add: [{ key: 'a', value: 'x'.repeat(70_000) }],
        }),
    ],
  ])('lets a request go on when the service %s', async (_name, handle) => {
    const { send, counters, counting } = await countedBy(await grpcServer(handle), { timeoutMs: 200 });
    expect((await send()).status).toBe(200);
    expect(counters).toEqual({ ok: 0, overLimit: 0, error: 1, failureModeAllowed: 1 });
    expect(held(counting)).toBe(0);
  });

  it.each([
    ['is nowhere', async () => -1],
    ['is no server', async () => 1],
    [
      'does not speak HTTP/2',
      async () => {
        const server = await startScriptedServer((socket) => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n'));
        closers.push(server.close);
        return server.port;
      },
    ],
  ])('answers 500 RLSE where failures are to deny and the service %s', async (_name, find) => {
    const { send, forwarder, counters } = await countedBy(await find(), { denyOnFailure: true });
    expect((await send()).status).toBe(500);
    expect(forwarder.recorded).toMatchObject([{ status: 500, flag: 'RLSE' }]);
    expect(counters).toEqual({ ok: 0, overLimit: 0, error: 1, failureModeAllowed: 0 });
  });

  it('asks another instance where there is no connection, and only then', async () => {
    const asked: string[] = [];
    const port = await grpcServer(({ request }, answer) => {
      asked.push(request.domain);
      answer(null, { overall_code: 'OK' });
    });
    const { send, counters, counting } = await countedBy(port);
    counting.setEndpoints([endpointConfig(1), endpointConfig(port)]);
    for (let i = 0; i < 4; i++) expect((await send()).status).toBe(200);
    expect([counters.ok, counters.error, asked.length, held(counting)]).toEqual([4, 0, 4, 0]);
    expect(counting.counters.connectFailures).toBeGreaterThan(0);
  });

  it('has no more questions in flight than the circuit breaker of the service lets it', async () => {
    const answers: sendUnaryData<object>[] = [];
    const port = await grpcServer((_call, answer) => answers.push(answer));
    const { send, counters } = await countedBy(port, { maxRequests: 1, denyOnFailure: true });
    const first = send();
    await expect.poll(() => answers.length).toBe(1);
    expect((await send()).status).toBe(500);
    answers[0]?.(null, { overall_code: 'OK' });
    expect((await first).status).toBe(200);
    expect(counters).toMatchObject({ ok: 1, error: 1 });
  });

  it('does not blame an instance for the limits of its cluster, and says so of one that is silent', async () => {
    const ejecting = { ...envoyOutlierDefaults, splitsLocalOriginErrors: true, consecutiveLocalOriginFailure: 1 };
    const port = await grpcServer(() => {});
    const { send, counting, counters } = await countedBy(port, { timeoutMs: 100 });
    const outlierDetection = { ...ejecting, maxEjectionPercent: 100 };
    const full = { ...defaultLimits, maxPendingRequests: 0 };
    counting.update({ ...counting.config, outlierDetection, circuitBreaker: full });
    const [endpoint] = counting.endpoints;
    expect((await send()).status).toBe(200);
    expect([endpoint?.isEjected, counting.counters.connectFailures, counters.error]).toEqual([false, 0, 1]);
    counting.update({ ...counting.config, outlierDetection, circuitBreaker: defaultLimits });
    expect((await send()).status).toBe(200);
    expect([endpoint?.isEjected, counters.error, held(counting)]).toEqual([true, 2, 0]);
  });

  it('withdraws the question when the client goes away', async () => {
    let cancelled = 0;
    const port = await grpcServer((call) => {
      (call as unknown as NodeJS.EventEmitter).on('cancelled', () => cancelled++);
    });
    const { forwarder, counting, counters } = await countedBy(port);
    const socket = connect(forwarder.port, '127.0.0.1');
    socket.write(get);
    await expect.poll(() => held(counting)).toBeGreaterThan(0);
    socket.destroy();
    await expect.poll(() => cancelled, { timeout: 5000 }).toBeGreaterThan(0);
    expect(counters.error).toBe(0);
  });
});

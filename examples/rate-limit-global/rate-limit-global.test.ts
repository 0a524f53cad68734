import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { credentials, Metadata, status } from '@grpc/grpc-js';
import { request } from 'undici';
import { afterEach, describe, expect, it, vi } from 'vitest';
import type { BackendTrafficPolicy } from '../../control-plane/model/backend-traffic-policy.ts';
import { kinds } from '../../control-plane/model/kinds.ts';
import type { Mesh } from '../../control-plane/model/mesh.ts';
import { parseDocuments } from '../../control-plane/model/parse-documents.ts';
import { clientOf } from '../../proto/client.ts';
import type { RunningProxy } from '../../proxy/main.ts';
import type { CounterStore } from '../../rate-limit/counter-store.ts';
import { MemoryStore } from '../../rate-limit/memory-store.ts';
import { RedisStore } from '../../rate-limit/redis-store.ts';
import { startRateLimitServer } from '../../rate-limit/server.ts';
import { freePort } from '../testing/free-port.ts';
import { TestMesh } from '../testing/mesh.ts';
import { startProgram } from '../testing/program.ts';
import { hasProgram } from '../testing/programs.ts';

const RateLimits = clientOf('envoy.service.ratelimit.v3.RateLimitService');

/** A quarter past an hour: no window ends during a test. */
const now = () => Date.UTC(2026, 0, 1, 12, 15);

const closers: (() => Promise<unknown>)[] = [];

afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

const documentsOf = (file: string) =>
  parseDocuments(readFileSync(join(import.meta.dirname, file), 'utf8'), { fileName: file }).documents.map(
    ({ document }) => document,
  );
const [settings, policy] = documentsOf('rate-limit-global.yaml') as [Mesh, BackendTrafficPolicy];
const [costs] = documentsOf('costs.yaml') as [BackendTrafficPolicy];

/** The documents of the example, with more time for answers than a machine with all tests running may need. */
async function applyExample(mesh: TestMesh, more: object = {}, limits = policy): Promise<void> {
  const rateLimit = { ...settings.spec.rateLimit, timeout: '10s', ...more };
  const written = [
    await mesh.api.apply(kinds.Mesh, { ...settings, spec: { ...settings.spec, rateLimit } } as Mesh),
    await mesh.api.apply(kinds.BackendTrafficPolicy, limits),
  ];
  for (const { document } of written) await mesh.api.convergence(document.metadata.resourceVersion ?? '0', 15_000);
}

interface Caller {
  readonly name: string;
  readonly url: string;
}

/** Two instances of cart, two callers, and as many rate limit servers as there are stores. */
async function startMesh(stores: readonly CounterStore[]) {
  const mesh = await TestMesh.start();
  closers.push(() => mesh.close());
  const served = new Map<string, number>();
  const counting: RunningProxy[] = [];
  for (const [index, store] of stores.entries()) {
    const server = await startRateLimitServer({ host: '127.0.0.1', port: 0, store, now });
    closers.push(() => server.close());
    const name = `ratelimit-${index + 1}`;
    counting.push(await mesh.sidecar(name, { service: 'ratelimit', ports: [{ port: server.port, protocol: 'grpc' }] }));
  }
  const carts: RunningProxy[] = [];
  for (const name of ['cart-1', 'cart-2']) {
    const port = await mesh.application((_request, response) => {
      served.set(name, (served.get(name) ?? 0) + 1);
      response.end(name);
    });
    carts.push(await mesh.sidecar(name, { service: 'cart', ports: [{ port, protocol: 'http' }] }));
  }
  const callers: Caller[] = [];
  for (const name of ['web', 'batch']) {
    const localPort = await freePort();
    await mesh.sidecar(`${name}-1`, { service: name, upstreams: [{ service: 'cart', localPort }] });
    callers.push({ name, url: `http://127.0.0.1:${localPort}` });
  }
  const [web, batch] = callers as [Caller, Caller];
  for (const caller of callers) {
    await vi.waitUntil(async () => (await call(caller, '/')).statusCode === 200, { timeout: 15_000 });
  }
  served.clear();
  return { mesh, counting, carts, web, batch, served };
}

async function call({ url }: Caller, path: string) {
  const { statusCode, headers, body } = await request(`${url}${path}`);
  return { statusCode, headers, text: await body.text() };
}

/** How many of so many requests are answered with each status. */
async function calls(caller: Caller, path: string, count: number): Promise<Record<number, number>> {
  const statuses: Record<number, number> = {};
  for (let i = 0; i < count; i++) {
    const { statusCode } = await call(caller, path);
    statuses[statusCode] = (statuses[statusCode] ?? 0) + 1;
  }
  return statuses;
}

async function metric({ adminAddress }: RunningProxy, name: string): Promise<number> {
  const { body } = await request(`http://${adminAddress}/stats/prometheus`);
  const found = new RegExp(`^${name}(?:\\{[^}]*\\})? ([0-9.e+]+)$`, 'm').exec(await body.text());
  return Number(found?.[1] ?? Number.NaN);
}

/** Rate limit servers that a sidecar would ask. */
async function countersOf({ adminAddress }: RunningProxy): Promise<number> {
  const { body } = await request(`http://${adminAddress}/clusters`);
  const lines = (await body.text()).matchAll(/^outbound\|80\|\|ratelimit[^:]*::([\d.]+:\d+)::/gm);
  return new Set(Array.from(lines, ([, endpoint]) => endpoint)).size;
}

async function total(proxies: readonly RunningProxy[], name: string): Promise<number> {
  const numbers = await Promise.all(proxies.map((proxy) => metric(proxy, name)));
  return numbers.reduce((sum, number) => sum + number, 0);
}

describe('a global rate limit', () => {
  it('holds for all instances together, and for each caller by its certificate', async () => {
    const { mesh, carts, web, batch, served } = await startMesh([new MemoryStore(now)]);
    // one after the other, or a few requests might all go to one of them
    const inTurn = { ...policy, spec: { ...policy.spec, loadBalancer: { type: 'RoundRobin' as const } } };
    await applyExample(mesh, {}, inTurn);
    // 5 of each caller on /orders, 8 in all: what is refused for one rule is counted by the other as well
    expect(await calls(web, '/orders/1?x=y', 6)).toEqual({ 200: 5, 429: 1 });
    expect(await calls(batch, '/orders', 2)).toEqual({ 200: 2 });
    expect(await calls(batch, '/', 3)).toEqual({ 429: 3 });
    expect([...served.values()].reduce((sum, count) => sum + count, 0)).toBe(7);
    expect([...served.keys()].sort()).toEqual(['cart-1', 'cart-2']);
    expect(await total(carts, 'heddle_rate_limit_ok_total')).toBe(7);
    expect(await total(carts, 'heddle_rate_limit_over_limit_total')).toBe(4);
  });

  it('counts requests for what they cost, and services together that share a limit', async () => {
    const { mesh, web } = await startMesh([new MemoryStore(now)]);
    const port = await mesh.application((_request, response) => response.end('wishes'));
    await mesh.sidecar('wishes-1', { service: 'wishes', ports: [{ port, protocol: 'http' }] });
    const localPort = await freePort();
    await mesh.sidecar('app-1', { service: 'app', upstreams: [{ service: 'wishes', localPort }] });
    const app: Caller = { name: 'app', url: `http://127.0.0.1:${localPort}` };
    await vi.waitUntil(async () => (await call(app, '/')).statusCode === 200, { timeout: 15_000 });
    await applyExample(mesh, {}, costs);
    expect(await calls(web, '/orders', 2)).toEqual({ 200: 2 });
    expect(await calls(app, '/orders', 3)).toEqual({ 200: 2, 429: 1 });
    expect(await calls(web, '/orders', 1)).toEqual({ 429: 1 });
    expect(await calls(web, '/', 9)).toEqual({ 200: 9 });
  });

  it('says why, and when to come again', async () => {
    const { mesh, web } = await startMesh([new MemoryStore(now)]);
    await applyExample(mesh);
    await calls(web, '/', 8);
    const { statusCode, headers, text } = await call(web, '/');
    expect(statusCode).toBe(429);
    expect(headers).toMatchObject({ 'x-envoy-ratelimited': 'true', 'x-ratelimit-limit': '8' });
    expect(Number(headers['retry-after'])).toBeGreaterThan(2690);
    expect(Number(headers['retry-after'])).toBeLessThanOrEqual(2700);
    expect(JSON.parse(text)).toMatchObject({
      reason: 'rateLimitedGlobally',
      detail: '8 requests each hour, over all instances',
      rule: 'BackendTrafficPolicy/default/cart rateLimit rule 0 (rate-limit-global.yaml:22)',
      answered_by: expect.stringMatching(/^sidecar of cart-[12]$/),
      service: 'cart.default.svc.cluster.local', // the caller's Host was that of its local port
    });
  });

  it('is not used up by a sidecar of another namespace that asks for itself', async () => {
    const { mesh, web } = await startMesh([new MemoryStore(now)]);
    await applyExample(mesh);
    const localPort = await freePort();
    const upstreams = [{ service: 'ratelimit.default', localPort }];
    await mesh.sidecar('mallory-1', { service: 'mallory', namespace: 'other', upstreams });
    const client = new RateLimits(`127.0.0.1:${localPort}`, credentials.createInsecure());
    closers.push(async () => client.close());
    const descriptor = {
      entries: [
        { key: 'service', value: 'cart.default.svc.cluster.local:80' },
        { key: 'rule', value: '0.0' },
      ],
      limit: { requests_per_unit: 8, unit: 'HOUR' as const },
    };
    const metadata = new Metadata();
    metadata.set('x-forwarded-client-cert', 'URI=spiffe://cluster.local/ns/default/sa/cart');
    const ask = (): Promise<number> =>
      new Promise((resolve) => {
        const question = { domain: 'heddle', descriptors: [descriptor], hits_addend: 100 };
        client.ShouldRateLimit(question, metadata, (error) => resolve(error?.code ?? status.OK));
      });
    await vi.waitUntil(async () => (await ask()) === status.PERMISSION_DENIED, { timeout: 15_000 });
    expect(await calls(web, '/', 9)).toEqual({ 200: 8, 429: 1 });
  });

  it('lets requests go on while nobody counts, and refuses them where it is told to', async () => {
    const { mesh, counting, carts, web } = await startMesh([new MemoryStore(now)]);
    await applyExample(mesh);
    expect(await calls(web, '/', 2)).toEqual({ 200: 2 });
    for (const proxy of counting) await mesh.stopSidecar(proxy);
    expect(await calls(web, '/', 20)).toEqual({ 200: 20 });
    expect(await total(carts, 'heddle_rate_limit_failure_mode_allowed_total')).toBe(20);
    await applyExample(mesh, { failClosed: true });
    expect(await calls(web, '/', 3)).toEqual({ 500: 3 });
    const problem = JSON.parse((await call(web, '/')).text);
    expect(problem).toMatchObject({ reason: 'rateLimitError' });
  });

  it.skipIf(!hasProgram('redis-server'))('is counted by several servers with one Redis', async () => {
    const port = await freePort();
    const redis = await startProgram('redis-server', ['--port', String(port), '--save', ''], port);
    closers.push(() => redis.stop());
    const stores = [1, 2].map(() => new RedisStore({ host: '127.0.0.1', port, user: '', password: '', database: 0 }));
    for (const store of stores) expect(await store.reached(10_000)).toBe(true);
    const { mesh, counting, carts, web } = await startMesh(stores);
    await applyExample(mesh);
    expect(await calls(web, '/', 6)).toEqual({ 200: 6 });
    // the other server goes on counting where this one was
    await counting[0]?.drain();
    await vi.waitUntil(async () => (await Promise.all(carts.map(countersOf))).every((count) => count === 1));
    await mesh.stopSidecar(counting[0] as RunningProxy);
    expect(await calls(web, '/', 4)).toEqual({ 200: 2, 429: 2 });
  });
});

import type { ServerResponse } from 'node:http';
import { request } from 'undici';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import type { RunningProxy } from '../../proxy/main.ts';
import { applyText } from '../testing/apply-documents.ts';
import { statOf } from '../testing/cluster-stats.ts';
import { freePort } from '../testing/free-port.ts';
import { TestMesh } from '../testing/mesh.ts';
import { plainInstance, policyFor } from '../testing/plain-services.ts';

let mesh: TestMesh;
let web: RunningProxy;
let outbound: number;
let port: number;
/** Requests that the application does not answer yet. */
const held: ServerResponse[] = [];
/** How often each path was asked for. */
const tries = new Map<string, number>();
/** Ports that the requests came from. */
const connections = new Set<number>();

beforeAll(async () => {
  mesh = await TestMesh.start();
  port = await mesh.application((asked, response) => {
    const { url = '' } = asked;
    connections.add(asked.socket.remotePort ?? 0);
    const count = (tries.get(url) ?? 0) + 1;
    tries.set(url, count);
    if (url.startsWith('/retried') && count === 1) response.writeHead(503).end();
    else if (url === '/') response.end();
    else held.push(response);
  });
  outbound = await freePort();
  // each process has a share of a limit
  web = await mesh.sidecar('web-1', { service: 'web', outboundPort: outbound, concurrency: 1 });
}, 60_000);

afterAll(() => mesh?.close());
afterEach(() => {
  for (const response of held.splice(0)) response.end();
});

async function start(service: string, ...sections: string[]): Promise<void> {
  const balancer = 'healthCheck: { passive: { consecutive5XxErrors: 0 } }';
  await applyText(mesh, plainInstance(service, service, port) + policyFor(service, balancer, ...sections));
  await vi.waitUntil(async () => (await get(service, '/')).status === 200, { timeout: 15_000 });
  connections.clear();
}

async function get(service: string, path: string) {
  const answer = await request(`http://127.0.0.1:${outbound}${path}`, { headers: { host: service } });
  const text = await answer.body.text();
  const detail = text.startsWith('{') ? (JSON.parse(text) as { detail: string }).detail : '';
  return { status: answer.statusCode, reason: answer.headers['x-heddle-reason'], detail };
}

const stat = (service: string, name: string) => statOf(web, service, name);
const gauge = (service: string, name: string) => stat(service, `circuit_breakers.default.${name}`);

describe('a limit', () => {
  it('of connections lets requests wait, and of those that wait refuses more', async () => {
    await start('narrow', 'circuitBreaker: { maxConnections: 1, maxPendingRequests: 1 }');
    expect([await gauge('narrow', 'remaining_cx'), await gauge('narrow', 'remaining_pending')]).toEqual([0, 1]);
    const first = get('narrow', '/held/1');
    await vi.waitUntil(() => held.length === 1);
    const second = get('narrow', '/held/2');
    await vi.waitUntil(async () => (await gauge('narrow', 'remaining_pending')) === 0);
    expect(await get('narrow', '/')).toMatchObject({ status: 503, reason: 'UO' });
    expect(await gauge('narrow', 'cx_open')).toBe(1);
    expect(await gauge('narrow', 'rq_pending_open')).toBe(1);
    expect(await stat('narrow', 'upstream_rq_pending_overflow')).toBe(1);
    held.shift()?.end();
    await vi.waitUntil(() => held.length === 1);
    held.shift()?.end();
    expect([(await first).status, (await second).status]).toEqual([200, 200]);
    expect(connections.size).toBe(1);
    expect(await gauge('narrow', 'remaining_pending')).toBe(1);
  });

  it('of connections to one instance refuses what that one has no room for', async () => {
    await start('each', 'circuitBreaker: { perEndpoint: { maxConnections: 1 } }');
    const first = get('each', '/held');
    await vi.waitUntil(() => held.length === 1);
    const second = get('each', '/held/2');
    await vi.waitUntil(async () => (await stat('each', 'upstream_cx_overflow')) > 0);
    held.shift()?.end();
    await vi.waitUntil(() => held.length === 1);
    held.shift()?.end();
    expect([(await first).status, (await second).status]).toEqual([200, 200]);
    expect(connections.size).toBe(1);
  });

  it('of requests for each connection opens a new one after so many', async () => {
    await start('short', 'circuitBreaker: { maxRequestsPerConnection: 2 }');
    for (let i = 0; i < 8; i++) await get('short', '/');
    expect(connections.size).toBeGreaterThanOrEqual(4);
    expect(connections.size).toBeLessThanOrEqual(5);
  });

  it.each([
    ['a number', 'circuitBreaker: { maxParallelRetries: 1 }'],
    ['a budget', 'retryBudget: { percent: 1, minRetryConcurrency: 1 }'],
  ])('of retries, as %s, has what is one too many answered as it was', async (what, section) => {
    const service = what.replace(' ', '-');
    const retry =
      'retry: { numRetries: 1, retryOn: { triggers: [5xx] }, perRetry: { backOff: { baseInterval: 1ms, maxInterval: 1ms } } }';
    await start(service, section, retry);
    expect(await gauge(service, 'remaining_retries')).toBe(1);
    const first = get(service, `/retried/${service}/1`);
    await vi.waitUntil(() => held.length === 1);
    expect(await gauge(service, 'remaining_retries')).toBe(0);
    expect(await gauge(service, 'rq_retry_open')).toBe(1);
    expect((await get(service, `/retried/${service}/2`)).status).toBe(503);
    expect(tries.get(`/retried/${service}/2`)).toBe(1);
    expect(await stat(service, 'upstream_rq_retry_overflow')).toBe(1);
    held.shift()?.end();
    expect((await first).status).toBe(200);
    expect(await gauge(service, 'remaining_retries')).toBe(1);
  });
});

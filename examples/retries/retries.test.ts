import { join } from 'node:path';
import { request } from 'undici';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import type { RunningProxy } from '../../proxy/main.ts';
import { applyDocuments } from '../testing/apply-documents.ts';
import { statOf } from '../testing/cluster-stats.ts';
import { freePort } from '../testing/free-port.ts';
import { TestMesh } from '../testing/mesh.ts';
import type { Tries } from './failing-server.ts';
import { failingServer } from './failing-server.ts';

/** Two instances of cart, each behind its sidecar, and who calls them. */
let mesh: TestMesh;
let web: RunningProxy;
let url: string;
let ordersUrl: string;
let pagesUrl: string;
const tries: Tries = new Map();

beforeAll(async () => {
  mesh = await TestMesh.start();
  for (const name of ['cart-1', 'cart-2']) {
    const port = await mesh.application(failingServer(name, tries));
    await mesh.sidecar(name, { service: 'cart', ports: [{ port, protocol: 'http' }] });
  }
  const orders = await mesh.application(failingServer('orders-1', tries));
  await mesh.sidecar('pages-1', { service: 'pages', ports: [{ port: orders, protocol: 'http' }] });
  await mesh.sidecar('orders-1', { service: 'orders', ports: [{ port: orders, protocol: 'http' }] });
  const [localPort, toOrders, toPages] = [await freePort(), await freePort(), await freePort()];
  pagesUrl = `http://127.0.0.1:${toPages}`;
  ordersUrl = `http://127.0.0.1:${toOrders}`;
  const upstreams = [
    { service: 'cart', localPort },
    { service: 'orders', localPort: toOrders },
    { service: 'pages', localPort: toPages },
  ];
  // one process, so that requests go to the instances in turn
  web = await mesh.sidecar('web-1', { service: 'web', upstreams, concurrency: 1 });
  url = `http://127.0.0.1:${localPort}`;
  await applyDocuments(mesh, join(import.meta.dirname, 'retries.yaml'));
  const seen = new Set<string>();
  await vi.waitUntil(async () => seen.add((await ask('GET', '/ready')).text).size >= 2, { timeout: 15_000 });
}, 60_000);

afterAll(() => mesh?.close());

async function ask(method: 'GET' | 'PUT' | 'POST', path: string, body?: string) {
  const answer = await request(`${url}${path}`, { method, ...(body !== undefined && { body }) });
  return { status: answer.statusCode, text: await answer.body.text() };
}

const instancesOf = (path: string) => tries.get(path)?.map(({ instance }) => instance) ?? [];

describe('retries', () => {
  it('go to another instance than the one that failed', async () => {
    for (let i = 0; i < 12; i++) {
      const path = `/503/elsewhere-${i}`;
      expect((await ask('GET', path)).status).toBe(200);
      expect(new Set(instancesOf(path)).size).toBe(2);
      expect(instancesOf(path)).toHaveLength(2);
    }
    expect(await statOf(web, 'cart', 'upstream_rq_retry_success')).toBeGreaterThanOrEqual(12);
  });

  it('are as many as the policy allows, and then the caller has the last answer', async () => {
    expect((await ask('GET', '/503/always')).status).toBe(503);
    expect(instancesOf('/503/always')).toHaveLength(3);
    expect(await statOf(web, 'cart', 'upstream_rq_retry_limit_exceeded')).toBe(1);
  });

  it('do not happen after an answer has begun', async () => {
    await expect(ask('GET', '/cut-short/1')).rejects.toThrow();
    expect(instancesOf('/cut-short/1')).toHaveLength(1);
  });

  it('send the body again, up to the bytes that are kept', async () => {
    const kept = 'k'.repeat(1024);
    expect((await ask('PUT', '/503/kept', kept)).status).toBe(200);
    expect(tries.get('/503/kept')?.map(({ body }) => body === kept)).toEqual([true, true]);
    expect((await ask('PUT', '/503/too-long', `${kept}k`)).status).toBe(503);
    expect(instancesOf('/503/too-long')).toHaveLength(1);
  });

  it('leave alone what may be done once', async () => {
    expect((await ask('POST', '/503/order', 'one')).status).toBe(503);
    expect(instancesOf('/503/order')).toHaveLength(1);
  });

  it('end a try that is silent', async () => {
    expect((await ask('GET', '/silence/1')).status).toBe(200);
    const [first, second] = tries.get('/silence/1') ?? [];
    expect((second?.atMs ?? 0) - (first?.atMs ?? 0)).toBeGreaterThan(450);
    expect(await statOf(web, 'cart', 'upstream_rq_per_try_idle_timeout')).toBe(1);
  });

  it.each([
    ['in seconds', '/503-later/1', 950],
    // a second is named that begins one to two seconds later
    ['by a time', '/503-reset/1', 900],
  ])('wait as long as the answer says %s', async (_how, path, leastMs) => {
    expect((await ask('GET', path)).status).toBe(200);
    const [first, second] = tries.get(path) ?? [];
    expect((second?.atMs ?? 0) - (first?.atMs ?? 0)).toBeGreaterThan(leastMs);
  });

  it('are for requests with a header alone, where the policy names one', async () => {
    const order = async (path: string, headers: Readonly<Record<string, string>>) => {
      const answer = await request(`${ordersUrl}${path}`, { method: 'POST', headers, body: 'one' });
      await answer.body.dump();
      return [answer.statusCode, instancesOf(path).length];
    };
    await vi.waitUntil(async () => (await order('/ready', {}))[0] === 200, { timeout: 15_000 });
    expect(await order('/503/with-key', { 'idempotency-key': '7' })).toEqual([200, 2]);
    expect(await order('/503/without', {})).toEqual([503, 1]);
    for (const [kind, sent] of [
      ['report-1', 2],
      ['once-again', 2],
      ['whatever', 2],
      ['batch-17', 2],
      ['batch-17b', 1],
      ['a-report-', 1],
      ['again-', 1],
      ['whatever-else', 1],
    ] as const) {
      expect(await order(`/503/${kind}`, { 'x-kind': kind }), kind).toEqual([sent === 2 ? 200 : 503, sent]);
    }
  });

  it.each([
    ['cache-hit', 2],
    ['cache-miss', 1],
    ['cache-exact', 2],
    ['cache-near', 1],
    ['stale', 2],
    ['cache-error', 2],
    ['cache-errors', 1],
  ])('go by headers of the answer: %s', async (kind, sent) => {
    const path = `/${kind}/page`;
    await vi.waitUntil(async () => (await request(`${pagesUrl}/ready`)).statusCode === 200, { timeout: 15_000 });
    await (await request(`${pagesUrl}${path}`)).body.dump();
    expect(instancesOf(path)).toHaveLength(sent);
  });
});

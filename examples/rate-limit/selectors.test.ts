import { join } from 'node:path';
import { request } from 'undici';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import type { RunningProxy } from '../../proxy/main.ts';
import { applyDocuments } from '../testing/apply-documents.ts';
import { freePort } from '../testing/free-port.ts';
import { TestMesh } from '../testing/mesh.ts';

let mesh: TestMesh;
let cart: RunningProxy;
let url: string;

beforeAll(async () => {
  mesh = await TestMesh.start();
  const port = await mesh.application((_asked, response) => response.end('cart'));
  // each process has a share of a limit
  cart = await mesh.sidecar('cart-1', { service: 'cart', ports: [{ port, protocol: 'http' }], concurrency: 1 });
  const localPort = await freePort();
  await mesh.sidecar('web-1', { service: 'web', upstreams: [{ service: 'cart', localPort }] });
  url = `http://127.0.0.1:${localPort}`;
  await vi.waitUntil(async () => (await statuses(1, '/')).includes(200), { timeout: 15_000 });
  await applyDocuments(mesh, join(import.meta.dirname, 'selectors.yaml'));
}, 60_000);

afterAll(() => mesh?.close());

async function statuses(
  count: number,
  path: string,
  headers: Readonly<Record<string, string>> = {},
  method: 'GET' | 'PUT' | 'DELETE' = 'GET',
): Promise<number[]> {
  const list: number[] = [];
  for (let i = 0; i < count; i++) {
    const { statusCode, body } = await request(`${url}${path}`, { headers, method });
    await body.dump();
    list.push(statusCode);
  }
  return list;
}

describe('a selector of a local limit', () => {
  it('goes by path, method, header and caller, each with a count of its own', async () => {
    expect(await statuses(2, '/exact')).toEqual([200, 429]);
    expect(await statuses(1, '/exact/more')).toEqual([200]);
    expect(await statuses(2, '/method', {}, 'DELETE')).toEqual([200, 200]);
    expect(await statuses(1, '/method', {}, 'PUT')).toEqual([429]);
    expect(await statuses(1, '/method')).toEqual([200]);
    expect(await statuses(4, '/', { 'x-plan': 'free' })).toEqual([200, 200, 200, 429]);
    expect(await statuses(1, '/', { 'x-plan': 'gold' })).toEqual([200]);
    for (const user of ['ann', 'bob']) expect(await statuses(2, '/', { 'x-user': user })).toEqual([200, 429]);
    expect(await statuses(2, '/jobs')).toEqual([200, 429]);
    expect(await statuses(3, '/others')).toEqual([200, 200, 200]);
  });

  it('goes by patterns, which a query does not lead past, and by what a header is not', async () => {
    expect(await statuses(1, '/items/1')).toEqual([200]);
    expect(await statuses(1, '/items/2?x=y')).toEqual([200]);
    expect(await statuses(1, `/items/3?${'x'.repeat(8000)}`)).toEqual([429]);
    expect(await statuses(2, '/items/none')).toEqual([200, 200]);
    const bot = { 'user-agent': 'a crawler of pages' };
    expect(await statuses(2, '/scrape', { 'user-agent': 'a person' })).toEqual([200, 200]);
    expect(await statuses(2, '/scrape', { ...bot, 'x-plan': 'gold' })).toEqual([200, 200]);
    expect(await statuses(2, '/scrape', bot)).toEqual([200, 429]);
  });

  it('is not needed: then a limit is for the whole service, and the metrics count what it refuses', async () => {
    const list = await statuses(60, '/');
    const first = list.indexOf(429);
    expect(first).toBeGreaterThan(10);
    expect(list.slice(first)).toEqual(list.slice(first).map(() => 429));
    const page = await (await fetch(`http://${cart.adminAddress}/stats/prometheus`)).text();
    const counted = Number(/^heddle_local_rate_limit_rate_limited_total ([0-9]+)$/m.exec(page)?.[1]);
    // and eight of the tests before
    expect(counted).toBe(list.slice(first).length + 8);
  });
});

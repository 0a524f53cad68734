import { join } from 'node:path';
import { request } from 'undici';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { kinds } from '../../control-plane/model/kinds.ts';
import type { RunningProxy } from '../../proxy/main.ts';
import { applyDocuments, applyText } from '../testing/apply-documents.ts';
import { statOf } from '../testing/cluster-stats.ts';
import { freePort } from '../testing/free-port.ts';
import { TestMesh } from '../testing/mesh.ts';

let mesh: TestMesh;
let web: RunningProxy;
/** Where callers of each namespace send their requests. */
const outbound = { default: 0, partners: 0 };
const copies: string[] = [];
/** How often each path was asked for. */
const tries = new Map<string, number>();

beforeAll(async () => {
  mesh = await TestMesh.start();
  const cart = await mesh.application((asked, response) => {
    const { url = '', headers } = asked;
    const count = (tries.get(url) ?? 0) + 1;
    tries.set(url, count);
    if (url.startsWith('/slow')) return;
    if (url.startsWith('/flaky') && count <= 2) response.statusCode = 418;
    response.setHeader('x-secret', 'yes');
    response.setHeader('x-served', 'cart');
    const seen = [headers.host, headers['x-set'], headers['x-add'], headers['x-gone'] ?? '-'].join(' ');
    response.end(url.startsWith('/seen') ? `${url} ${seen}` : url);
  });
  const copying = await mesh.application((asked, response) => {
    copies.push(`${asked.headers.host} ${asked.url}`);
    response.end();
  });
  const stock = await mesh.application((_asked, response) => response.end('stock'));
  const http = (port: number) => ({ ports: [{ port, protocol: 'http' as const }] });
  await mesh.sidecar('cart-1', { service: 'cart', ...http(cart) });
  await mesh.sidecar('copies-1', { service: 'copies', ...http(copying) });
  await mesh.sidecar('stock-1', { service: 'stock', namespace: 'warehouse', ...http(stock) });
  for (const namespace of ['default', 'partners'] as const) {
    outbound[namespace] = await freePort();
    const proxy = await mesh.sidecar(`web-${namespace}`, {
      service: 'web',
      namespace,
      outboundPort: outbound[namespace],
    });
    if (namespace === 'default') web = proxy;
  }
  await applyDocuments(mesh, join(import.meta.dirname, 'every-field.yaml'));
  const isThere = async (namespace: keyof typeof outbound) => (await call('/m', { namespace })).status === 200;
  await vi.waitUntil(() => isThere('default'), { timeout: 15_000 });
  await vi.waitUntil(() => isThere('partners'), { timeout: 15_000 });
}, 60_000);

afterAll(() => mesh?.close());

interface Asked {
  readonly method?: 'GET' | 'DELETE';
  readonly headers?: Readonly<Record<string, string>>;
  readonly namespace?: keyof typeof outbound;
}

async function call(path: string, { method = 'GET', headers = {}, namespace = 'default' }: Asked = {}) {
  const answer = await request(`http://127.0.0.1:${outbound[namespace]}${path}`, {
    method,
    headers: { host: 'cart.default', ...headers },
  });
  return { status: answer.statusCode, headers: answer.headers, text: await answer.body.text() };
}

describe('a rule', () => {
  // the order of HTTPRouteMatch: exact path, longest prefix, method, number of headers, number of parameters
  it.each<[string, string, Asked]>([
    ['prefix', '/m', {}],
    ['prefix', '/m/other', {}],
    ['longer', '/m/deep/er', {}],
    ['longer', '/m/deep/er?lang=de', { method: 'DELETE', headers: { 'x-plan': 'gold' } }],
    ['exact', '/m/deep', { method: 'DELETE' }],
    ['method', '/m', { method: 'DELETE', headers: { 'x-plan': 'gold', 'x-shop': 'eu-1' } }],
    ['header', '/m?lang=de', { headers: { 'x-plan': 'gold', 'x-shop': 'us-1' } }],
    ['headers', '/m?lang=de', { headers: { 'x-plan': 'gold', 'x-shop': 'eu-1' } }],
    ['query', '/m?page=2&lang=de', {}],
    ['prefix', '/m?lang=den', { headers: { 'x-plan': 'golden' } }],
    ['either', '/either', {}],
    ['either', '/or/else', {}],
  ])('that fits best decides: %s about %s', async (rule, path, asked) => {
    const { status, headers } = await call(path, asked);
    expect([status, headers['x-rule']]).toEqual([200, rule]);
  });

  it.each(['/missing', '/mm', '/orders'])('that there is not answers 404: %s', async (path) => {
    expect((await call(path)).status).toBe(404);
  });

  it.each([
    ['/redirect/all/1?a=b', 301, 'https://shop.example:8443/new/1?a=b'],
    ['/redirect/full/1', 307, 'http://cart.default/elsewhere'],
    ['/redirect/default', 302, 'http://shop.example/redirect/default'],
  ])('redirects %s', async (path, status, location) => {
    const answer = await call(path);
    expect([answer.status, answer.headers.location]).toEqual([status, location]);
  });

  it('changes headers both ways, path and host, with several filters', async () => {
    const { text, headers } = await call('/changed/1?a=b', {
      headers: { 'x-set': 'no', 'x-add': 'a', 'x-gone': 'here' },
    });
    expect(text).toBe('/seen/1?a=b inner.example set a, b -');
    expect(headers).toMatchObject({ 'x-served': 'by-rule', 'x-more': 'more' });
    expect(headers['x-secret']).toBeUndefined();
  });

  // 200 draws: six standard deviations are 43 of one half, and 29 of one eighth, of which there are then at most 53
  it.each([
    ['percentage', '/changed/copied-', 57, 143],
    ['fraction', '/copied-by-fraction/', 1, 53],
  ])('copies its share of the requests, which is a %s', async (_share, path, atLeast, atMost) => {
    const before = await statOf(web, 'copies', 'mirrored_rq_total');
    copies.length = 0;
    for (let i = 0; i < 200; i++) await call(`${path}${i}`);
    const counted = (await statOf(web, 'copies', 'mirrored_rq_total')) - before;
    expect(counted).toBeGreaterThanOrEqual(atLeast);
    expect(counted).toBeLessThanOrEqual(atMost);
    await vi.waitUntil(() => copies.length === counted, { timeout: 10_000 });
  });

  it('has a time for the whole, and one for each try', async () => {
    const whole = await call('/slow/request');
    expect([whole.status, tries.get('/slow/request')]).toEqual([504, 1]);
    const each = await call('/slow/try');
    expect([each.status, tries.get('/slow/try')]).toEqual([504, 2]);
  });

  it('repeats after the statuses that it names', async () => {
    expect((await call('/flaky')).status).toBe(200);
    expect(tries.get('/flaky')).toBe(3);
  });

  it('holds for the callers of a namespace, and another for everybody', async () => {
    expect((await call('/prices', { namespace: 'partners' })).headers['x-rule']).toBe('partners');
    expect((await call('/prices')).headers['x-rule']).toBe('everybody');
  });
});

describe('a backend in another namespace', () => {
  it('is reached where a ReferenceGrant there says so, and nowhere else', async () => {
    expect((await call('/stock')).status).toBe(500);
    expect(JSON.stringify(await mesh.api.get(kinds.HTTPRoute, 'default', 'cart-changes'))).toContain('RefNotPermitted');
    await applyText(
      mesh,
      `apiVersion: gateway.networking.k8s.io/v1beta1
kind: ReferenceGrant
metadata: { name: cart, namespace: warehouse }
spec:
  from: [{ group: gateway.networking.k8s.io, kind: HTTPRoute, namespace: default }]
  to: [{ group: "", kind: Service, name: stock }]
`,
    );
    await vi.waitUntil(async () => (await call('/stock')).text === 'stock', { timeout: 10_000 });
  });
});

describe('a route in the namespace of a caller', () => {
  it('holds for callers there, instead of those of the service', async () => {
    await applyText(
      mesh,
      `apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: { name: cart, namespace: partners }
spec:
  parentRefs: [{ group: "", kind: Service, name: cart, namespace: default }]
  rules:
    - matches: [{ path: { value: /partners } }]
      backendRefs: [{ name: cart, namespace: default, port: 80 }]
`,
    );
    await vi.waitUntil(async () => (await call('/m', { namespace: 'partners' })).status === 404, { timeout: 10_000 });
    expect((await call('/partners', { namespace: 'partners' })).status).toBe(200);
    expect((await call('/partners')).status).toBe(404);
    expect((await call('/m')).status).toBe(200);
  });
});

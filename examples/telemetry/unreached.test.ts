import { request } from 'undici';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import type { HttpRoute } from '../../control-plane/model/http-route.ts';
import { kinds } from '../../control-plane/model/kinds.ts';
import { parseDocuments } from '../../control-plane/model/parse-documents.ts';
import { freePort } from '../testing/free-port.ts';
import { TestMesh } from '../testing/mesh.ts';

const routes = `apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: { name: cart }
spec:
  parentRefs: [{ group: "", kind: Service, name: cart }]
  rules:
    - matches: [{ path: { value: /gone } }]
      backendRefs: [{ name: cart-v9, port: 80 }]
    - matches: [{ path: { value: /half } }]
      backendRefs: [{ name: cart, port: 80 }, { name: cart-v9, port: 80 }]
    - matches: [{ path: { value: /here } }]
      backendRefs: [{ name: cart, port: 80 }]
`;

let mesh: TestMesh;
let url: string;
/** The HTTP proxy port of web. */
let proxyUrl: string;

beforeAll(async () => {
  mesh = await TestMesh.start();
  const port = await mesh.application((_request, response) => response.end('cart'));
  await mesh.sidecar('cart-1', { service: 'cart', ports: [{ port, protocol: 'http' }] });
  const localPort = await freePort();
  const outboundPort = await freePort();
  await mesh.sidecar('web-1', { service: 'web', upstreams: [{ service: 'cart', localPort }], outboundPort });
  proxyUrl = `http://127.0.0.1:${outboundPort}`;
  url = `http://127.0.0.1:${localPort}`;
  await vi.waitUntil(async () => (await call(url, '/here')).statusCode === 200, { timeout: 15_000 });
  const [parsed] = parseDocuments(routes, { fileName: 'routes.yaml' }).documents;
  const { document } = await mesh.api.apply(kinds.HTTPRoute, parsed?.document as HttpRoute);
  await mesh.api.convergence(document.metadata.resourceVersion ?? '0', 10_000);
});

afterAll(async () => {
  await mesh?.close();
});

async function call(to: string, path: string, headers: Record<string, string> = {}) {
  const { statusCode, headers: answered, body } = await request(`${to}${path}`, { headers });
  return { statusCode, reason: answered['x-heddle-reason'], text: await body.text() };
}

async function statuses(count: number, path: string): Promise<number[]> {
  const answers = [];
  for (let i = 0; i < count; i++) answers.push((await call(url, path)).statusCode);
  return answers;
}

describe('a request that a route sends to a backend that does not exist', () => {
  it('is answered with the rule that says so', async () => {
    const { statusCode, reason, text } = await call(url, '/gone');
    expect({ statusCode, reason }).toEqual({ statusCode: 500, reason: 'NC' });
    expect(JSON.parse(text)).toMatchObject({
      reason: 'noCluster',
      service: 'cart.default.svc.cluster.local',
      rule: 'HTTPRoute/default/cart rule 0 (routes.yaml:7)',
      detail: expect.stringContaining('cart-v9'),
    });
  });

  it('is counted as unreached for the service that was called, by whichever port it came', async () => {
    expect(new Set(await statuses(3, '/gone'))).toEqual(new Set([500]));
    const half = (await statuses(30, '/half')).filter((status) => status !== 200).length;
    expect(await statuses(2, '/nowhere')).toEqual([404, 404]);
    const proxied = await call(proxyUrl, '/gone', { host: 'cart' });
    expect(proxied.statusCode).toBe(500);
    const unreached = async () => (await mesh.api.stat(3600)).find(({ service }) => service === 'cart')?.unreached;
    // one from the test before
    await vi.waitUntil(async () => ((await unreached()) ?? 0) >= 7 + half, { timeout: 15_000 });
    expect(await unreached()).toBe(7 + half);
    expect(half).toBeGreaterThan(0);
    expect((await mesh.api.stat(3600)).map(({ service }) => service)).toEqual(['cart']);
  });
});

import { readFileSync } from 'node:fs';
import type { ServerResponse } from 'node:http';
import { join } from 'node:path';
import { request } from 'undici';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { kinds } from '../../control-plane/model/kinds.ts';
import { parseDocuments } from '../../control-plane/model/parse-documents.ts';
import type { RunningProxy } from '../../proxy/main.ts';
import { freePort } from '../testing/free-port.ts';
import { TestMesh } from '../testing/mesh.ts';

let mesh: TestMesh;
let web: RunningProxy;
let url: string;
/** Requests that the application does not answer yet. */
const held: ServerResponse[] = [];

beforeAll(async () => {
  mesh = await TestMesh.start();
  const port = await mesh.application((asked, response) => {
    if (asked.url?.includes('hold')) held.push(response);
    else response.end('cart');
  });
  const localPort = await freePort();
  await mesh.sidecar('cart-1', { service: 'cart', ports: [{ port, protocol: 'http' }] });
  web = await mesh.sidecar('web-1', { service: 'web', upstreams: [{ service: 'cart', localPort }], concurrency: 1 });
  url = `http://127.0.0.1:${localPort}`;
  await vi.waitUntil(async () => (await get('/')).statusCode === 200, { timeout: 15_000 });
  const documents = parseDocuments(readFileSync(join(import.meta.dirname, 'limits.yaml'), 'utf8'), {
    fileName: 'limits.yaml',
  }).documents;
  for (const { document } of documents) {
    const { document: written } = await mesh.api.apply(kinds[document.kind], document as never);
    await mesh.api.convergence(written.metadata.resourceVersion ?? '0', 10_000);
  }
});

afterAll(async () => {
  await mesh?.close();
});

async function get(path: string) {
  const { statusCode, headers, body } = await request(`${url}${path}`);
  return {
    statusCode,
    reason: headers['x-heddle-reason'],
    overloaded: headers['x-envoy-overloaded'],
    text: await body.text(),
  };
}

async function gauge(name: string): Promise<number> {
  const { body } = await request(`http://${web.adminAddress}/stats`);
  const line = (await body.text()).split('\n').find((each) => each.includes('cart.default') && each.includes(name));
  return Number(line?.split(': ')[1]);
}

describe('limits of a circuit', () => {
  it('refuse what is one too many, at once, and not what has priority', async () => {
    const first = [get('/hold'), get('/hold')];
    await vi.waitUntil(() => held.length === 2);
    expect(await gauge('circuit_breakers.default.remaining_rq')).toBe(0);
    expect(await gauge('circuit_breakers.default.rq_open')).toBe(1);
    const refused = await get('/');
    expect(refused).toMatchObject({ statusCode: 503, reason: 'UO', overloaded: 'true' });
    expect(JSON.parse(refused.text)).toMatchObject({
      reason: 'upstreamOverflow',
      detail: 'limit of 2 requests at a time reached (circuitBreaker.maxParallelRequests)',
      rule: 'BackendTrafficPolicy/default/cart-limits circuitBreaker.maxParallelRequests (limits.yaml:5)',
    });

    expect((await get('/checkout')).statusCode).toBe(200);
    const checkout = get('/checkout/hold');
    await vi.waitUntil(() => held.length === 3);
    expect(await gauge('circuit_breakers.high.remaining_rq')).toBe(9);
    for (const response of held.splice(0)) response.end('cart');
    for (const { statusCode } of await Promise.all([...first, checkout])) expect(statusCode).toBe(200);
    expect((await get('/')).statusCode).toBe(200);
    expect(await gauge('circuit_breakers.high.remaining_rq')).toBe(10);
    expect(await gauge('upstream_rq_pending_overflow')).toBe(1);
  });
});

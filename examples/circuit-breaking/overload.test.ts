import { readFileSync } from 'node:fs';
import type { ServerResponse } from 'node:http';
import { join } from 'node:path';
import { request } from 'undici';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import type { BackendTrafficPolicy } from '../../control-plane/model/backend-traffic-policy.ts';
import { kinds } from '../../control-plane/model/kinds.ts';
import { parseDocuments } from '../../control-plane/model/parse-documents.ts';
import type { RunningProxy } from '../../proxy/main.ts';
import { freePort } from '../testing/free-port.ts';
import { TestMesh } from '../testing/mesh.ts';

let mesh: TestMesh;
let cart: RunningProxy;
let web: RunningProxy;
let url: string;
/** Requests that the application does not answer yet. */
const held: ServerResponse[] = [];
let isBroken = false;

beforeAll(async () => {
  mesh = await TestMesh.start();
  const port = await mesh.application((asked, response) => {
    response.statusCode = isBroken ? 500 : 200;
    if (asked.url === '/events')
      response.writeHead(200, { 'content-type': 'text/event-stream' }).write('data: hello\n\n');
    if (asked.url === '/hold' || asked.url === '/events') held.push(response);
    else response.end('cart');
  });
  const localPort = await freePort();
  cart = await mesh.sidecar('cart-1', { service: 'cart', ports: [{ port, protocol: 'http' }], concurrency: 1 });
  web = await mesh.sidecar('web-1', { service: 'web', upstreams: [{ service: 'cart', localPort }], concurrency: 1 });
  url = `http://127.0.0.1:${localPort}`;
  await vi.waitUntil(async () => (await get('/')).statusCode === 200, { timeout: 15_000 });
  const [parsed] = parseDocuments(readFileSync(join(import.meta.dirname, 'overload.yaml'), 'utf8')).documents;
  const policy = parsed?.document as BackendTrafficPolicy;
  const { document } = await mesh.api.apply(kinds.BackendTrafficPolicy, policy);
  await mesh.api.convergence(document.metadata.resourceVersion ?? '0', 10_000);
});

afterAll(async () => {
  await mesh?.close();
});

async function get(path: string) {
  const { statusCode, body } = await request(`${url}${path}`);
  const text = await body.text();
  return { statusCode, problem: text.startsWith('{') ? JSON.parse(text) : null };
}

async function metric(proxy: RunningProxy, name: string): Promise<number> {
  const { body } = await request(`http://${proxy.adminAddress}/stats/prometheus`);
  const line = (await body.text()).split('\n').find((each) => each.startsWith(`${name} `));
  return Number(line?.slice(name.length));
}

describe('adaptive concurrency', () => {
  it('leaves room beside clients that only listen', async () => {
    const listeners = await Promise.all(
      Array.from({ length: 8 }, () => request(`${url}/events`, { headers: { accept: 'text/event-stream' } })),
    );
    for (const { statusCode } of listeners) expect(statusCode).toBe(200);
    for (let i = 0; i < 5; i++) expect((await get('/')).statusCode).toBe(200);
    for (const response of held.splice(0)) response.end();
    for (const { body } of listeners) expect(await body.text()).toBe('data: hello\n\n');
  });

  it('lets few requests through at a time until it knows how fast an instance is, and then more', async () => {
    const slow = [get('/hold'), get('/hold'), get('/hold')];
    await vi.waitUntil(() => held.length === 3);
    const refused = await get('/');
    expect(refused).toMatchObject({
      statusCode: 503,
      problem: { reason: 'concurrencyLimitReached', answered_by: 'sidecar of cart-1' },
    });
    expect(await metric(cart, 'heddle_adaptive_concurrency_rq_blocked_total')).toBeGreaterThan(0);
    for (const response of held.splice(0)) response.end('cart');
    for (const { statusCode } of await Promise.all(slow)) expect(statusCode).toBe(200);
    for (let i = 0; i < 20; i++) expect((await get('/')).statusCode).toBe(200);
    expect(await metric(cart, 'heddle_adaptive_concurrency_min_rtt_ms')).toBeGreaterThan(0);
    await vi.waitUntil(
      async () => {
        await get('/');
        return (await metric(cart, 'heddle_adaptive_concurrency_limit')) > 3;
      },
      { timeout: 10_000 },
    );
  });
});

describe('admission control', () => {
  it('spares a service that fails most of what it would only fail as well', async () => {
    const before = await metric(web, 'heddle_admission_control_rq_rejected_total');
    isBroken = true;
    const answers = [];
    for (let i = 0; i < 400; i++) answers.push(await get('/'));
    const denied = answers.filter(({ problem }) => problem?.reason === 'admissionDenied');
    expect(denied.length).toBeGreaterThan(100);
    expect(denied.length).toBeLessThan(360);
    expect(denied[0]).toMatchObject({ statusCode: 503, problem: { answered_by: 'sidecar of web-1' } });
    expect(await metric(web, 'heddle_admission_control_rq_rejected_total')).toBe(before + denied.length);
    isBroken = false;
  });
});

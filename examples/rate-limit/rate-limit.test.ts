import { readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { ServiceError } from '@grpc/grpc-js';
import { Metadata, status } from '@grpc/grpc-js';
import { request } from 'undici';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import type { BackendTrafficPolicy } from '../../control-plane/model/backend-traffic-policy.ts';
import { kinds } from '../../control-plane/model/kinds.ts';
import { parseDocuments } from '../../control-plane/model/parse-documents.ts';
import type { EchoClient, EchoServer } from '../grpc/echo.ts';
import { echoClient, startEchoServer } from '../grpc/echo.ts';
import { freePort } from '../testing/free-port.ts';
import { TestMesh } from '../testing/mesh.ts';

let mesh: TestMesh;
let echo: EchoServer;
let client: EchoClient;
const urls = new Map<string, string>();
let served = 0;
/** Of the sidecar of cart. */
let accessLog: string;

beforeAll(async () => {
  mesh = await TestMesh.start();
  const port = await mesh.application((_request, response) => {
    served++;
    response.end('cart');
  });
  echo = await startEchoServer('echo-1');
  accessLog = join(mesh.directory, 'cart.log');
  await mesh.sidecar('cart-1', { service: 'cart', ports: [{ port, protocol: 'http' }], accessLog });
  await mesh.sidecar('echo-1', { service: 'echo', ports: [{ port: echo.port, protocol: 'grpc' }] });
  for (const caller of ['web', 'batch']) {
    const [localPort, echoPort] = [await freePort(), await freePort()];
    const upstreams = [
      { service: 'cart', localPort },
      { service: 'echo', localPort: echoPort },
    ];
    await mesh.sidecar(`${caller}-1`, { service: caller, upstreams });
    urls.set(caller, `http://127.0.0.1:${localPort}`);
    await vi.waitUntil(async () => (await call(caller, '/')).statusCode === 200, { timeout: 15_000 });
    if (caller === 'web') client = echoClient(`127.0.0.1:${echoPort}`);
  }
  await vi.waitUntil(async () => (await say()) === status.OK, { timeout: 15_000 });
});

afterAll(async () => {
  client?.close();
  await mesh?.close();
  echo?.stop();
});

async function call(caller: string, path: string) {
  const { statusCode, headers, body } = await request(`${urls.get(caller)}${path}`);
  return { statusCode, headers, text: await body.text() };
}

function refusal(): Promise<ServiceError | null> {
  return new Promise((resolve) => {
    client.say({ text: 'hello' }, new Metadata(), {}, (error) => resolve(error));
  });
}

async function say(): Promise<number> {
  return (await refusal())?.code ?? status.OK;
}

async function apply(name: string, change: object = {}): Promise<void> {
  const text = readFileSync(join(import.meta.dirname, 'rate-limit.yaml'), 'utf8');
  const [parsed] = parseDocuments(text, { fileName: 'rate-limit.yaml' }).documents;
  const document = parsed?.document as BackendTrafficPolicy;
  const targetRefs = [{ group: '', kind: 'Service', name }];
  const { document: written } = await mesh.api.apply(kinds.BackendTrafficPolicy, {
    ...document,
    metadata: { ...document.metadata, name },
    spec: { ...document.spec, ...change, targetRefs },
  } as BackendTrafficPolicy);
  await mesh.api.convergence(written.metadata.resourceVersion ?? '0', 10_000);
}

const statuses = (answers: readonly { readonly statusCode: number }[], wanted: number) =>
  answers.filter(({ statusCode }) => statusCode === wanted).length;

describe('a local rate limit', () => {
  it('counts each caller for itself where it is told to, by the identity of its certificate', async () => {
    await apply('cart');
    for (const caller of ['web', 'batch']) {
      const before = served;
      const answers = [];
      for (let i = 0; i < 8; i++) answers.push(await call(caller, '/orders/1?x=y'));
      expect([statuses(answers, 200), statuses(answers, 429), served - before]).toEqual([5, 3, 5]);
    }
    expect((await call('web', '/other')).statusCode).toBe(200);
  });

  it('says why, which rule of which document says so, and when to come again', async () => {
    const { statusCode, headers, text } = await call('web', '/orders');
    expect(statusCode).toBe(429);
    expect(headers).toMatchObject({ 'x-envoy-ratelimited': 'true', 'x-ratelimit-limit': '5' });
    expect(Number(headers['retry-after'])).toBeGreaterThan(0);
    expect(Number(headers['retry-after'])).toBeLessThanOrEqual(12);
    expect(JSON.parse(text)).toMatchObject({
      reason: 'rateLimited',
      detail: '5 requests in 60 s',
      rule: 'BackendTrafficPolicy/default/cart rateLimit rule 1 (rate-limit.yaml:13)',
      answered_by: 'sidecar of cart-1',
    });
  });

  it('says so in the access log', async () => {
    const line = await vi.waitUntil(async () =>
      (await readFile(accessLog, 'utf8')).split('\n').find((each) => each.includes('"response_code":429')),
    );
    const { reason } = JSON.parse(line);
    expect(reason).toMatch(/: 5 requests in 60 s, .*\/cart rateLimit rule 1 \(rate-limit\.yaml:13\)$/);
  });

  it('goes on counting where it was when something else has changed', async () => {
    await apply('cart', { timeout: { http: { requestTimeout: '30s' } } });
    expect((await call('batch', '/orders')).statusCode).toBe(429);
  });

  it('ends calls with RESOURCE_EXHAUSTED', async () => {
    await apply('echo', { rateLimit: { type: 'Local', local: { rules: [{ limit: { requests: 2, unit: 'Hour' } }] } } });
    expect([await say(), await say(), await say()]).toEqual([status.OK, status.OK, status.RESOURCE_EXHAUSTED]);
    expect((await refusal())?.details).toContain('BackendTrafficPolicy/default/echo rateLimit rule 0');
  });
});

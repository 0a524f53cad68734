import { readFileSync } from 'node:fs';
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
let url: string;
let whole = 0;

beforeAll(async () => {
  mesh = await TestMesh.start();
  const port = await mesh.application((asked, response) => {
    asked.resume();
    asked.on('error', () => {});
    asked.on('end', () => {
      whole++;
      response.end('cart');
    });
  });
  cart = await mesh.sidecar('cart-1', { service: 'cart', ports: [{ port, protocol: 'http' }] });
  const localPort = await freePort();
  await mesh.sidecar('web-1', { service: 'web', upstreams: [{ service: 'cart', localPort }] });
  url = `http://127.0.0.1:${localPort}/`;
  await vi.waitUntil(async () => (await put('')).statusCode === 200, { timeout: 15_000 });
  const text = readFileSync(join(import.meta.dirname, 'body-limit.yaml'), 'utf8');
  const [parsed] = parseDocuments(text, { fileName: 'body-limit.yaml' }).documents;
  const { document } = await mesh.api.apply(kinds.BackendTrafficPolicy, parsed?.document as BackendTrafficPolicy);
  await mesh.api.convergence(document.metadata.resourceVersion ?? '0', 10_000);
});

afterAll(async () => {
  await mesh?.close();
});

async function put(body: string | AsyncIterable<Uint8Array>) {
  const answer = await request(url, { method: 'PUT', body: body as string });
  return { statusCode: answer.statusCode, text: await answer.body.text() };
}

/** A body whose length nobody knows before its end. */
async function* pieces(count: number): AsyncGenerator<Uint8Array> {
  for (let i = 0; i < count; i++) yield new Uint8Array(256);
}

describe('a body limit', () => {
  it('lets pass what is within it, of known and of unknown length', async () => {
    const before = whole;
    expect((await put('x'.repeat(1024))).statusCode).toBe(200);
    expect((await put(pieces(4))).statusCode).toBe(200);
    expect(whole - before).toBe(2);
  });

  it('refuses what is beyond it, in the sidecar of the service', async () => {
    const before = whole;
    const { statusCode, text } = await put('x'.repeat(1025));
    expect(statusCode).toBe(413);
    expect(JSON.parse(text)).toMatchObject({
      reason: 'requestPayloadTooLarge',
      detail: 'more than 1024 bytes',
      rule: 'BackendTrafficPolicy/default/cart-bodies requestBuffer (body-limit.yaml:2)',
      answered_by: 'sidecar of cart-1',
    });
    expect((await put(pieces(5))).statusCode).toBe(413);
    expect(whole).toBe(before);
    const metrics = await request(`http://${cart.adminAddress}/stats/prometheus`);
    expect(await metrics.body.text()).toContain('heddle_body_limit_too_large_total 2');
  });
});

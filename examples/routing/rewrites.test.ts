import { join } from 'node:path';
import { request } from 'undici';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { applyDocuments } from '../testing/apply-documents.ts';
import { freePort } from '../testing/free-port.ts';
import { TestMesh } from '../testing/mesh.ts';

let mesh: TestMesh;
let outbound: number;

beforeAll(async () => {
  mesh = await TestMesh.start();
  for (const version of ['v1', 'v2']) {
    const port = await mesh.application((asked, response) => {
      response.end(`${version} ${asked.headers.host} ${asked.url}`);
    });
    await mesh.sidecar(`cart-${version}-1`, { service: 'cart', version, ports: [{ port, protocol: 'http' }] });
  }
  outbound = await freePort();
  await mesh.sidecar('web-1', { service: 'web', outboundPort: outbound });
  await applyDocuments(mesh, join(import.meta.dirname, 'rewrites.yaml'));
  await vi.waitUntil(async () => (await call('/v1/items')).status === 200, { timeout: 15_000 });
}, 60_000);

afterAll(() => mesh?.close());

async function call(path: string, headers: Readonly<Record<string, string>> = {}) {
  const answer = await request(`http://127.0.0.1:${outbound}${path}`, { headers: { host: 'cart', ...headers } });
  return { status: answer.statusCode, headers: answer.headers, text: await answer.body.text() };
}

describe('a rewrite by pattern', () => {
  it.each([
    ['/v1/items/7', '/items/v1/7'],
    ['/v12/users?of=/v1/items', '/users/v12?of=/v1/items'],
    ['/v1/items/v2/items', '/items/v1/v2/items'],
    ['/v1/7', '/v1/7'],
  ])('makes of %s %s, with the groups of what it matched', async (path, sent) => {
    expect((await call(path)).text).toBe(`v1 cart ${sent}`);
  });

  it('replaces every match in the path, and none in the query', async () => {
    expect((await call('/tenants/a_b/_c_?d_e=_')).text).toBe('v1 cart /tenants/a-b/-c-?d_e=_');
  });

  it('is answered 500 with rule and reason where it makes no path', async () => {
    const { status, headers, text } = await call('/wrong/items');
    expect([status, headers['x-heddle-reason']]).toEqual([500, 'path_rewrite_failed']);
    expect(text).toContain('does not begin with a slash');
    expect(text).toContain('HTTPRoute/default/cart');
    expect(text).toContain('heddle describe cart');
    expect((await call('/wrong')).text).toBe('v1 cart /wrong');
  });

  it('is answered 404 where the path is too long for it', async () => {
    const { status, text } = await call(`/tenants/${'a_'.repeat(4_000)}`);
    expect(status).toBe(404);
    expect(text).toContain('too long for the pattern by which the rule rewrites it');
  });
});

describe('a host', () => {
  it('comes from a header where the request has it', async () => {
    const host = 'shop.example:8443';
    expect((await call('/v1/items', { 'x-forwarded-host': host })).text).toBe(`v1 ${host} /items/v1`);
    expect((await call('/v1/items', { 'x-forwarded-host': 'shop.example/evil' })).status).toBe(400);
  });

  it('is that of the backend that was drawn', async () => {
    const answers = await Promise.all([call('/split'), call('/split')]);
    expect(answers.map(({ text }) => text).sort()).toEqual([
      'v1 cart-v1.default.svc.cluster.local /split',
      'v2 cart-v2.default.svc.cluster.local /split',
    ]);
  });
});

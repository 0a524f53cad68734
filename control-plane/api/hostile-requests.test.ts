import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { TestApi } from './testing/api-fixture.ts';
import { routeDocument, startApi } from './testing/api-fixture.ts';
import { rawRequest } from './testing/raw-request.ts';

let api: TestApi;
beforeAll(async () => {
  api = await startApi();
});
afterAll(() => api.stop());

const routes = '/apis/gateway.networking.k8s.io/v1/namespaces/default/httproutes';
const json = 'application/json';

/** A PUT with everything right, except for what a case changes. */
function put(changes: { path?: string; headers?: Record<string, string>; body?: string | Iterable<string> }) {
  const { path = `${routes}/cart`, headers = {}, body = JSON.stringify(routeDocument('cart')) } = changes;
  const all = { authorization: `Bearer ${api.token}`, 'content-type': json, ...headers };
  return rawRequest(api.url, { method: 'PUT', path, headers: all, body });
}

const get = (path: string, headers: Record<string, string> = {}) =>
  rawRequest(api.url, { path, headers: { authorization: `Bearer ${api.token}`, ...headers } });

describe('the API under hostile requests', () => {
  it.each([
    ['no token', '', 401],
    ['an empty token', 'Bearer ', 401],
    ['another scheme', 'Basic YWRtaW46YWRtaW4=', 401],
    ['a foreign token', `Bearer heddle-admin-${'A'.repeat(43)}`, 401],
    ['a join token', 'Bearer eyJhbGciOiJFUzI1NiJ9.e30.c2ln', 403],
    ['a token of a megabyte', `Bearer ${'A'.repeat(8000)}`, 401],
  ])('R01 answers %s with an error, reads and writes alike', async (_, authorization, status) => {
    for (const path of [routes, `${routes}/cart`, '/heddle/v1/proxies', '/sd/prometheus', '/nothing']) {
      const answer = await rawRequest(api.url, { path, headers: { authorization } });
      expect([path, answer.status]).toEqual([path, status]);
    }
    const answer = await put({ headers: { authorization } });
    expect(answer.status).toBe(status);
    expect(JSON.parse(answer.text)).toMatchObject({ kind: 'Status', status: 'Failure', code: status });
  });

  it('R01 says by WWW-Authenticate how to come in', async () => {
    const { headers } = await rawRequest(api.url, { path: routes });
    expect(headers['www-authenticate']).toBe('Bearer realm="heddle"');
  });

  it.each([
    ['JSON', json, `${'['.repeat(100_000)}${']'.repeat(100_000)}`],
    ['JSON that breaks off', json, '{"a":'.repeat(100_000)],
    ['YAML brackets', 'application/yaml', '['.repeat(100_000)],
    ['YAML lists', 'application/yaml', '- '.repeat(100_000)],
  ])('R02 answers 100,000 levels of %s with 400', async (_, type, body) => {
    expect((await put({ headers: { 'content-type': type }, body })).status).toBe(400);
  });

  it('R03 answers a declared 10 MB with 413 without reading them', async () => {
    const answer = await put({ headers: { 'content-length': '10000000' }, body: '{}' });
    expect(answer).toMatchObject({ status: 413, headers: { connection: 'close' } });
  });

  it('R03 answers a body that turns out too long with 413, and reads no further', async () => {
    let sent = 0;
    function* endless() {
      for (; sent < 1000; sent++) yield 'x'.repeat(64 * 1024);
    }
    const answer = await put({ body: endless() }).catch((error: NodeJS.ErrnoException) => error.code);
    expect(answer).toSatisfy((value) => value === 'EPIPE' || value === 'ECONNRESET' || value.status === 413);
    expect(sent).toBeLessThan(500);
  });

  it.each([
    ['a field twice', '{"kind":"HTTPRoute","kind":"HTTPRoute"}', 400],
    [
      '__proto__',
      JSON.stringify(routeDocument('cart')).replace('"metadata":{', '"metadata":{"__proto__":{"polluted":1},'),
      422,
    ],
    [
      'constructor',
      JSON.stringify(routeDocument('cart')).replace('"spec":{', '"spec":{"constructor":{"prototype":{"polluted":1}},'),
      422,
    ],
  ])('R04 refuses %s and pollutes nothing', async (_, body, status) => {
    expect((await put({ body })).status).toBe(status);
    expect({}).not.toHaveProperty('polluted');
  });

  it.each([
    '',
    'text/plain',
    'application/x-www-form-urlencoded',
    'multipart/form-data; boundary=a',
    'application/merge-patch+json',
  ])('R05 answers content type %j with 415', async (type) => {
    expect((await put({ headers: { 'content-type': type } })).status).toBe(415);
  });

  it('R05 refuses compressed bodies and bytes that are not UTF-8', async () => {
    expect((await put({ headers: { 'content-encoding': 'gzip' } })).status).toBe(415);
    const latin1 = Buffer.from([0x22, 0xe4, 0x22]) as unknown as string; // node:http sends a Buffer as it is
    expect((await put({ body: [latin1] })).status).toBe(400);
  });

  it('R06 answers a stale resourceVersion with 409', async () => {
    await put({ path: `${routes}/stale`, body: JSON.stringify(routeDocument('stale')) });
    const body = JSON.stringify(routeDocument('stale', { metadata: { resourceVersion: '999999' } }));
    expect((await put({ path: `${routes}/stale`, body })).status).toBe(409);
  });

  it.each([
    '../x',
    '%2e%2e',
    '..%2fx',
    'a/b',
    'a%2fb',
    'a'.repeat(300),
    'c%D0%B0rt',
    'Cart',
    'a%00',
    '-a',
    'a..b',
    '.',
    'a\\b',
    '%252e',
  ])('R07 takes no document called %j', async (name) => {
    const { status } = await put({ path: `${routes}/${name}` });
    expect([400, 404]).toContain(status);
  });

  it('R08 names an unknown field, and the one that was meant', async () => {
    const body = JSON.stringify(routeDocument('cart')).replace('weight', 'wieght');
    const { status, text } = await put({ body });
    expect(status).toBe(422);
    expect(JSON.parse(text)).toMatchObject({
      reason: 'Invalid',
      message:
        'HTTPRoute/default/cart is invalid: spec.rules[0].backendRefs[0].wieght: unknown field wieght; did you mean weight?',
      details: {
        kind: 'HTTPRoute',
        name: 'default/cart',
        causes: [
          { reason: 'FieldValueInvalid', field: 'spec.rules[0].backendRefs[0].wieght', suggestion: 'weight', line: 1 },
        ],
      },
    });
  });

  it('R09 reports every value out of range with its path', async () => {
    const spec = {
      rules: [
        {
          matches: [{ path: { type: 'Glob', value: '/a*' } }],
          backendRefs: [{ name: 'cart-v1', port: 70_000, weight: -1 }],
          timeouts: { request: '5 seconds' },
        },
      ],
    };
    const { status, text } = await put({ body: JSON.stringify(routeDocument('cart', { spec })) });
    const { details } = JSON.parse(text) as { details: { causes: { field: string }[] } };
    expect(status).toBe(422);
    expect(details.causes.map(({ field }) => field)).toEqual([
      'spec.rules[0].matches[0].path.type',
      'spec.rules[0].backendRefs[0].port',
      'spec.rules[0].backendRefs[0].weight',
      'spec.rules[0].timeouts.request',
    ]);
  });

  it('R10 answers a watch from a compacted revision with 410', async () => {
    for (let weight = 1; weight <= 8; weight++) await put({ body: JSON.stringify(routeDocument('cart', { weight })) });
    const answer = await get(`${routes}?watch=true&resourceVersion=1`);
    expect(answer.status).toBe(410);
    expect(JSON.parse(answer.text)).toMatchObject({ reason: 'Expired' });
  });

  it('R11 lets exactly one of many concurrent creates win', async () => {
    const answers = await Promise.all(
      Array.from({ length: 20 }, () =>
        rawRequest(api.url, {
          method: 'POST',
          path: routes,
          headers: { authorization: `Bearer ${api.token}`, 'content-type': json },
          body: JSON.stringify(routeDocument('once')),
        }),
      ),
    );
    expect(answers.map(({ status }) => status).sort()).toEqual([201, ...Array.from({ length: 19 }, () => 409)]);
  });

  it('R12 takes a token from the Authorization header alone, and lets no other origin read', async () => {
    const cookie = { authorization: '', cookie: `token=${api.token}`, origin: 'http://evil.example' };
    expect((await put({ headers: cookie })).status).toBe(401);
    expect((await get(`${routes}?access_token=${api.token}`, { authorization: '' })).status).toBe(401);
    const { headers } = await get(routes, { origin: 'http://evil.example' });
    expect(Object.keys(headers).filter((name) => name.startsWith('access-control-'))).toEqual([]);
    const preflight = { origin: 'http://evil.example', 'access-control-request-method': 'PUT' };
    const answer = await rawRequest(api.url, { method: 'OPTIONS', path: routes, headers: preflight });
    expect(answer.status).toBe(401);
  });

  it.each([
    'evil.example',
    'evil.example:15080',
    '127.0.0.1.evil.example',
    '169.254.169.254',
    'localhost.evil.example',
  ])('R12 refuses Host %j, which DNS rebinding would bring', async (host) => {
    expect([400, 403]).toContain((await get(routes, { host })).status);
    expect([400, 403]).toContain((await get('/healthz', { host })).status);
  });

  it.each(['localhost', 'LOCALHOST:1', '127.0.0.1', '[::1]:15080'])('answers to Host %s', async (host) => {
    expect((await get(routes, { host })).status).toBe(200);
  });

  it('R20 tells nothing of its inside when something breaks', async () => {
    const broken = await startApi({
      proxies: {
        list: () => {
          throw new Error('secret /var/lib/heddle/root.pem');
        },
        convergence: () => Promise.reject(new Error('secret')),
      },
    });
    const answer = await rawRequest(broken.url, {
      path: '/heddle/v1/proxies',
      headers: { authorization: `Bearer ${broken.token}` },
    });
    await broken.stop();
    expect(answer.status).toBe(500);
    expect(answer.text).not.toMatch(/secret|root\.pem|at .*\.ts/);
  });

  it('goes on serving after all of this', async () => {
    expect(await get('/healthz')).toMatchObject({ status: 200, text: 'ok\n' });
  });
});

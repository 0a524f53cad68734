import { readFileSync } from 'node:fs';
import type { RequestListener } from 'node:http';
import { join } from 'node:path';
import { Metadata, status } from '@grpc/grpc-js';
import { request } from 'undici';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { kindNamed, kinds } from '../../control-plane/model/kinds.ts';
import { parseDocuments } from '../../control-plane/model/parse-documents.ts';
import type { Workload } from '../../control-plane/model/workload.ts';
import { MemoryStore } from '../../rate-limit/memory-store.ts';
import { startRateLimitServer } from '../../rate-limit/server.ts';
import type { EchoServer } from '../grpc/echo.ts';
import { echoClient, startEchoServer } from '../grpc/echo.ts';
import { applyText } from '../testing/apply-documents.ts';
import { stockEnvoy } from '../testing/envoy.ts';
import { freePort } from '../testing/free-port.ts';
import { TestMesh } from '../testing/mesh.ts';
import type { RunningProgram } from '../testing/program.ts';
import { startEnvoy } from './stock-envoy.ts';

const program = stockEnvoy();

/** A quarter past an hour: no window ends during a test. */
const now = () => Date.UTC(2026, 0, 1, 12, 15);

/** What the applications were asked: version, method and path. */
const asked: string[] = [];
/** Answers what is held. */
const held: (() => void)[] = [];
/** How often each was asked for what fails at first. */
const tries = new Map<string, number>();

function application(name: string): RequestListener {
  return (incoming, response) => {
    const { method = '', url = '', headers } = incoming;
    asked.push(`${name} ${method} ${url}`);
    incoming.resume();
    incoming.on('error', () => {});
    incoming.on('end', () => {
      if (url.startsWith('/silent')) return;
      if (url.startsWith('/held')) {
        held.push(() => response.end());
        return;
      }
      if (url.startsWith('/flaky')) {
        const count = (tries.get(url) ?? 0) + 1;
        tries.set(url, count);
        response.statusCode = count === 1 ? 503 : 200;
      }
      const { host, 'x-set': set, 'x-add': add, 'x-gone': gone } = headers;
      const seen = [host, set, add, gone].map((value) => value ?? '-').join(' ');
      response.setHeader('x-served', name);
      if (url.includes('forged')) response.setHeader('x-heddle-reason', 'UO');
      const rest = url.startsWith('/echo/large') ? 'x'.repeat(20 * 1024) : url.includes('seen') ? seen : '';
      response.end(`${name} ${method} ${url} ${rest}`.trim());
    });
  };
}

interface Call {
  readonly path: string;
  readonly service?: string;
  readonly method?: 'GET' | 'PUT' | 'POST' | 'OPTIONS';
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  /** Headers in which the two differ without a difference for anybody. */
  readonly apart?: RegExp;
}

interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, unknown>>;
  readonly body: string;
}

/** Headers of answers that are compared; each proxy has others of its own. */
const compared = /^(?:location|access-control-.*|x-served|x-more|set-cookie|x-envoy-ratelimited)$/;

async function answerAt(port: number, call: Call): Promise<Answer> {
  const { service = 'cart', path, method = 'GET', headers = {}, body, apart } = call;
  const answer = await request(`http://127.0.0.1:${port}${path}`, {
    method,
    headers: { host: service, ...headers },
    ...(body !== undefined && { body }),
  });
  const text = await answer.body.text();
  // What a proxy answers of itself has its own words.
  const isWritten = answer.statusCode === 200 || answer.statusCode === 410;
  const names = Object.keys(answer.headers).filter(
    (name) => (compared.test(name) || (isWritten && name === 'content-type')) && apart?.test(name) !== true,
  );
  return {
    status: answer.statusCode,
    headers: Object.fromEntries(names.map((name) => [name, answer.headers[name]])),
    body: isWritten ? text : '',
  };
}

/** Two hosts of one document, and one of another, all at that port of loopback. */
function outside(port: number): string {
  const document = (name: string, hosts: string) => `apiVersion: heddle.dev/v1alpha1
kind: ExternalService
metadata: { name: ${name} }
spec: { hosts: ${hosts}, ports: [{ port: 80, protocol: HTTP, targetPort: ${port} }], endpoints: [{ address: 127.0.0.1 }] }
`;
  return [document('api', '[api.example.com, www.example.com]'), document('there', '[there.example.com]')].join(
    '---\n',
  );
}

describe.skipIf(program === null)('a stock Envoy and our sidecar', () => {
  let mesh: TestMesh;
  /** Where each takes the calls of its application. */
  const callers = { ours: 0, envoy: 0 };
  const envoys: RunningProgram[] = [];
  let echo: EchoServer;
  let counters: Awaited<ReturnType<typeof startRateLimitServer>>;

  beforeAll(async () => {
    mesh = await TestMesh.start();
    for (const version of ['v1', 'v2']) {
      const port = await mesh.application(application(version));
      await mesh.sidecar(`cart-${version}-1`, { service: 'cart', version, ports: [{ port, protocol: 'http' }] });
    }
    const broken = await mesh.application(application('broken'));
    await mesh.sidecar('broken-1', { service: 'broken', ports: [{ port: broken, protocol: 'http' }] });
    echo = await startEchoServer('echo');
    await mesh.sidecar('echo-1', { service: 'echo', ports: [{ port: echo.port, protocol: 'grpc' }] });
    counters = await startRateLimitServer({ host: '127.0.0.1', port: 0, store: new MemoryStore(now), now });
    const counting = [{ port: counters.port, protocol: 'grpc' as const }];
    await mesh.sidecar('ratelimit-1', { service: 'ratelimit', ports: counting });
    callers.ours = await freePort();
    await mesh.sidecar('web-1', { service: 'web', outboundPort: callers.ours });
    // its certificate is that of a sidecar, which is then gone
    await mesh.stopSidecar(await mesh.sidecar('stock-0', { service: 'stock' }));
    const [port, inboundPort] = [await mesh.application(application('stock')), await freePort()];
    const workload = {
      apiVersion: 'heddle.dev/v1alpha1',
      kind: 'Workload',
      metadata: { name: 'stock-1', namespace: 'default', labels: { app: 'stock' } },
      spec: {
        address: '127.0.0.1',
        ports: [
          { name: 'http', port, inboundPort, appProtocol: 'http' },
          { name: 'grpc', port: echo.port, inboundPort: await freePort(), appProtocol: 'grpc' },
        ],
      },
    };
    await mesh.api.apply(kinds.Workload, workload as unknown as Workload);
    const text = readFileSync(join(import.meta.dirname, 'rules.yaml'), 'utf8');
    let revision = '0';
    const { documents, violations } = parseDocuments(text, { fileName: 'rules.yaml' });
    expect(violations).toEqual([]);
    for (const { document } of documents) {
      const kind = kindNamed(document.kind);
      if (kind === null) throw new Error(`no kind ${document.kind}`);
      revision = (await mesh.api.apply(kind, document)).document.metadata.resourceVersion ?? '0';
    }
    await applyText(mesh, outside(await mesh.application(application('outside'))));
    const common = { program: program ?? '', xdsAddress: mesh.controlPlane.xdsAddress };
    const stateOf = (name: string): string => join(mesh.directory, 'sidecars', name);
    callers.envoy = await freePort();
    envoys.push(
      await startEnvoy({
        ...common,
        workload: 'web-2',
        service: 'web',
        stateDirectory: stateOf('web-1'),
        outboundPort: callers.envoy,
        waitsFor: callers.envoy,
      }),
      await startEnvoy({
        ...common,
        workload: 'stock-1',
        service: 'stock',
        stateDirectory: stateOf('stock-0'),
        outboundPort: await freePort(),
        waitsFor: inboundPort,
      }),
    );
    await mesh.api.convergence(revision, 15_000);
    for (const caller of Object.values(callers)) {
      for (const service of ['cart', 'stock']) {
        const isThere = async (): Promise<boolean> =>
          (await answerAt(caller, { service, path: '/echo' })).status === 200;
        await vi.waitUntil(isThere, { timeout: 15_000 });
      }
    }
  }, 60_000);

  afterAll(async () => {
    for (const envoy of envoys) await envoy.stop();
    await mesh?.close();
    await counters?.close();
    echo?.stop();
  });

  /** What is asked for, and what both answer. */
  const table: readonly (readonly [string, Call, Partial<Answer>])[] = [
    ['a request', { path: '/echo/1?a=b' }, { status: 200, body: 'v1 GET /echo/1?a=b' }],
    ['a host with a domain', { path: '/echo', headers: { host: 'cart.default.svc.cluster.local' } }, { status: 200 }],
    ['no rule', { path: '/unknown' }, { status: 404 }],
    [
      'a rule of a host outside',
      { service: 'api.example.com', path: '/seen/here' },
      { status: 200, body: 'outside GET /seen/here api.example.com 1 - -' },
    ],
    [
      'another host outside in its place',
      { service: 'api.example.com', path: '/seen/there' },
      { status: 200, body: 'outside GET /seen/there there.example.com - - -' },
    ],
    [
      'a service in its place',
      { service: 'api.example.com', path: '/seen/mesh' },
      { status: 200, body: 'stock GET /seen/mesh api.example.com - - -' },
    ],
    [
      'a redirect of a host outside',
      { service: 'api.example.com', path: '/old' },
      { status: 301, headers: { location: 'http://there.example.com/old' } },
    ],
    ['no rule of a host outside', { service: 'api.example.com', path: '/unknown' }, { status: 404 }],
    [
      'the host beside it, which no route names',
      { service: 'www.example.com', path: '/seen/unknown' },
      { status: 200, body: 'outside GET /seen/unknown www.example.com - - -' },
    ],
    [
      'a redirect',
      { path: '/moved/1?a=b' },
      { status: 301, headers: { location: 'https://shop.example/moved/1?a=b' } },
    ],
    ['a redirect to the same host', { path: '/secure' }, { status: 302, headers: { location: 'https://cart/secure' } }],
    [
      'a redirect to a port',
      { path: '/ported' },
      { status: 303, headers: { location: 'http://shop.example:8443/ported' } },
    ],
    ['a redirect to a host', { path: '/named' }, { status: 302, headers: { location: 'http://shop.example/named' } }],
    ['a redirect of a prefix', { path: '/old/1' }, { status: 307, headers: { location: 'http://cart/echo/1' } }],
    ['a rewrite', { path: '/rewritten/seen' }, { status: 200, body: 'v1 GET /echo/seen inner.example - - -' }],
    ['a rewrite of all', { path: '/full/1' }, { status: 200, body: 'v1 GET /echo/all' }],
    [
      'a rewrite by pattern',
      { path: '/by-pattern/v1/a/v23/seen/v4?q=/v1/a' },
      { status: 200, body: 'v1 GET /by-pattern/a/_11/seen/_2323/v4?q=/v1/a cart - - -' },
    ],
    [
      'a host of a header',
      { path: '/by-pattern/seen', headers: { 'x-set': 'shop.example:8080' } },
      { status: 200, body: 'v1 GET /by-pattern/seen shop.example:8080 shop.example:8080 - -' },
    ],
    [
      'the host of the backend',
      { path: '/own-name/seen' },
      { status: 200, body: 'v2 GET /own-name/seen cart-v2.default.svc.cluster.local - - -' },
    ],
    [
      "a backend's host beside its rule's",
      { path: '/own-host/seen' },
      { status: 200, body: 'v2 GET /own-host/seen own.example - - -' },
    ],
    [
      'header changes',
      { path: '/headers/seen', headers: { 'x-set': 'no', 'x-add': 'a', 'x-gone': 'here' } },
      {
        status: 200,
        body: 'v1 GET /headers/seen cart set a, b -',
        headers: { 'x-served': 'by-rule', 'x-more': 'more' },
      },
    ],
    [
      'a pattern of many steps',
      { path: '/patterns/0b7c9a1e-3f52-4f6a-9d0c-5a1e2b3c4d5e/clone' },
      { status: 410, body: 'closed for good' },
    ],
    ['a direct response', { path: '/closed' }, { status: 410, body: 'closed for good' }],
    ['a rule for other callers', { path: '/jobs' }, { status: 404 }],
    [
      'a preflight',
      {
        path: '/cors',
        method: 'OPTIONS',
        headers: {
          origin: 'https://eu.shop.example',
          'access-control-request-method': 'PUT',
          'access-control-request-headers': 'x-cart',
        },
        // of no use in a preflight (Fetch, 3.3.5)
        apart: /expose-headers/,
      },
      {
        status: 200,
        headers: {
          'access-control-allow-origin': 'https://eu.shop.example',
          'access-control-allow-credentials': 'true',
          'access-control-allow-methods': 'GET, PUT',
          'access-control-allow-headers': 'x-cart',
          'access-control-max-age': '600',
        },
      },
    ],
    [
      'a preflight from elsewhere',
      {
        path: '/cors',
        method: 'OPTIONS',
        headers: { origin: 'https://evil.example', 'access-control-request-method': 'PUT' },
        // without access-control-allow-origin no page may see anything
        apart: /access-control-(?!allow-origin)/,
      },
      { status: 200, headers: {} },
    ],
    [
      'a page of another origin',
      { path: '/cors', headers: { origin: 'https://eu.shop.example' } },
      {
        status: 200,
        headers: {
          'x-served': 'v1',
          'access-control-allow-origin': 'https://eu.shop.example',
          'access-control-allow-credentials': 'true',
          'access-control-expose-headers': 'x-served',
        },
      },
    ],
    ['a timeout', { path: '/silent' }, { status: 504 }],
    ['a backend that does not exist', { path: '/nowhere' }, { status: 500 }],
    [
      'a match of everything',
      { path: '/matched?lang=de', method: 'PUT', headers: { 'x-plan': 'gold' }, body: '' },
      { status: 200, body: 'v2 PUT /matched?lang=de' },
    ],
    ['a match of not everything', { path: '/matched?lang=de', headers: { 'x-plan': 'gold' } }, { status: 404 }],
    ['a service without a fault', { service: 'broken', path: '/' }, { status: 200, body: 'broken GET /' }],
    ['a body within its limit', { path: '/echo', method: 'POST', body: 'x'.repeat(1024) }, { status: 200 }],
    ['a body beyond its limit', { path: '/echo', method: 'POST', body: 'x'.repeat(1025) }, { status: 413 }],
    ['an Envoy of a service', { service: 'stock', path: '/echo/1' }, { status: 200, body: 'stock GET /echo/1' }],
    [
      'a body beyond the limit of an Envoy',
      { service: 'stock', path: '/echo', method: 'POST', body: 'x'.repeat(1025) },
      { status: 413 },
    ],
  ];

  it.each(table)('answer alike: %s', async (_name, call, expected) => {
    const [ours, envoy] = [await answerAt(callers.ours, call), await answerAt(callers.envoy, call)];
    expect(envoy).toEqual(ours);
    expect(ours).toMatchObject(expected);
  });

  it.each(['cart', 'stock'])('cut why the mesh has answered where the application of %s says it', async (service) => {
    const answer = await request(`http://127.0.0.1:${callers.ours}/echo/forged`, { headers: { host: service } });
    expect(await answer.body.text()).toContain('/echo/forged');
    expect(answer.headers['x-heddle-reason']).toBeUndefined();
  });

  it('repeat a request that may be repeated, and no other', async () => {
    for (const [name, port] of Object.entries(callers)) {
      expect(await answerAt(port, { path: `/flaky/${name}/get` })).toMatchObject({ status: 200 });
      expect(await answerAt(port, { path: `/flaky/${name}/post`, method: 'POST' })).toMatchObject({ status: 503 });
    }
    expect(Object.fromEntries(tries)).toEqual({
      '/flaky/ours/get': 2,
      '/flaky/ours/post': 1,
      '/flaky/envoy/get': 2,
      '/flaky/envoy/post': 1,
    });
  });

  it('delay and abort as a fault says', async () => {
    for (const port of Object.values(callers)) {
      const startedMs = performance.now();
      const answer = await answerAt(port, { service: 'broken', path: '/', headers: { 'x-rehearsal': 'yes' } });
      expect(answer.status).toBe(418);
      expect(performance.now() - startedMs).toBeGreaterThan(95);
    }
  });

  it('pass answers on as slowly as a request asks, for the share that it asks', async () => {
    const headers = { 'x-envoy-fault-throughput-response': '10' };
    const name = 'x-envoy-fault-throughput-response-percentage';
    for (const port of Object.values(callers)) {
      const took = async (percentage: number): Promise<number> => {
        const startedMs = performance.now();
        const call = { service: 'stock', path: '/echo/large', headers: { ...headers, [name]: String(percentage) } };
        expect((await answerAt(port, call)).body).toMatch(/x{20480}$/);
        return performance.now() - startedMs;
      };
      const slow = await took(100);
      // 20 KiB, of which a second's may come at once
      expect(slow).toBeGreaterThan(980);
      expect(await took(0)).toBeLessThan(slow);
    }
  });

  it('refuse what goes beyond a circuit breaker', async () => {
    for (const [name, port] of Object.entries(callers)) {
      const call = { service: 'broken', path: `/held/${name}` };
      const first = answerAt(port, call);
      await vi.waitUntil(() => held.length > 0);
      expect((await answerAt(port, call)).status).toBe(503);
      held.pop()?.();
      expect((await first).status).toBe(200);
    }
  });

  it('send a copy to a mirror', async () => {
    for (const [name, port] of Object.entries(callers)) {
      const answer = await answerAt(port, { path: `/mirrored/${name}` });
      expect(answer.body).toBe(`v1 GET /mirrored/${name}`);
      await expect.poll(() => asked).toContain(`v2 GET /mirrored/${name}`);
    }
  });

  it('keep a client with an instance by a cookie of the same kind', async () => {
    const cookies = await Promise.all(
      Object.values(callers).map(async (port) => (await answerAt(port, { path: '/sticky' })).headers['set-cookie']),
    );
    for (const cookie of cookies) expect(cookie).toMatch(/^cart="?[A-Za-z0-9+/=]+"?;/);
    const [ours, envoy] = cookies.map((cookie) => /^cart="?([^";]+)/.exec(String(cookie))?.[1]);
    expect(envoy).toBe(ours);
  });

  it.each(['cart', 'stock'])('count the requests of each caller at %s', async (service) => {
    const statuses: number[] = [];
    // both callers have one identity, so they have one limit together
    for (const port of [callers.ours, callers.envoy, callers.ours, callers.envoy]) {
      statuses.push((await answerAt(port, { service, path: '/echo/limited' })).status);
    }
    expect(statuses).toEqual([200, 200, 429, 429]);
  });

  it('count for all instances together, by who calls', async () => {
    const statuses: number[] = [];
    for (const port of [callers.ours, callers.envoy, callers.ours, callers.envoy]) {
      statuses.push((await answerAt(port, { service: 'counted', path: '/echo/counted' })).status);
    }
    expect(statuses).toEqual([200, 200, 200, 429]);
    const ofWeb = { service: 'counted', path: '/echo/web' };
    expect([(await answerAt(callers.ours, ofWeb)).status, (await answerAt(callers.envoy, ofWeb)).status]).toEqual([
      200, 429,
    ]);
  });

  it.each(['echo', 'stock'])('carry calls of gRPC to %s', async (service) => {
    for (const port of Object.values(callers)) {
      const authority = { 'grpc.default_authority': `${service}:${echo.port}` };
      const client = echoClient(`127.0.0.1:${port}`, authority);
      const said = new Promise((resolve, reject) => {
        client.say({ text: 'hello' }, new Metadata(), {}, (error, line) => (error ? reject(error) : resolve(line)));
      });
      expect(await said).toMatchObject({ text: 'hello', instance: 'echo' });
      const failed = new Promise((resolve) => {
        client.fail({ text: 'no', count: status.FAILED_PRECONDITION }, (error) =>
          resolve([error?.code, error?.details]),
        );
      });
      expect(await failed).toEqual([status.FAILED_PRECONDITION, 'as asked: no']);
      client.close();
    }
  });

  it('have refused nothing that they were sent', async () => {
    const proxies = await mesh.api.proxies();
    expect(proxies.map(({ name, rejected }) => [name, rejected])).toContainEqual(['web-2', []]);
    expect(proxies.flatMap(({ rejected }) => rejected)).toEqual([]);
    expect(proxies.filter(({ synced }) => !synced)).toEqual([]);
  });
});

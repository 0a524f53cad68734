import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ModelDocument } from '../model/kinds.ts';
import { kinds } from '../model/kinds.ts';
import { EventHistory } from '../telemetry/event-history.ts';
import type { ProxyStatus } from '../xds/proxy-status.ts';
import type { CertificateInfo, Edge, ServiceStat } from './client.ts';
import { ApiClient } from './client.ts';
import type { TestApi } from './testing/api-fixture.ts';
import { allInForce, registered, routeDocument, startApi } from './testing/api-fixture.ts';
import { rawRequest } from './testing/raw-request.ts';

const proxy: ProxyStatus = {
  name: 'cart-1',
  namespace: 'default',
  service: 'cart',
  version: 'v1',
  identity: 'spiffe://cluster.local/ns/default/sa/cart',
  address: '127.0.0.1:40000',
  connectedAtMs: 0,
  heddleVersion: '0.1.0',
  resources: {},
  rejected: [],
  synced: true,
  lastPushMs: 0,
  convergenceMs: 3,
};
const stat = { namespace: 'default', service: 'cart', version: '', requests: 7 } as unknown as ServiceStat;
const edge = { source: 'web', destination: 'cart' } as unknown as Edge;
const certificate: CertificateInfo = {
  role: 'root',
  identity: 'spiffe://cluster.local',
  fingerprintSha256: 'ab'.repeat(32),
  notBefore: '2026-01-01T00:00:00.000Z',
  notAfter: '2036-01-01T00:00:00.000Z',
};
const asked: unknown[] = [];

let api: TestApi;
beforeAll(async () => {
  api = await startApi({
    proxies: {
      list: () => [proxy],
      convergence: async (revision, timeoutMs) => {
        asked.push(['convergence', revision, timeoutMs]);
        return { ...allInForce, revision };
      },
    },
    telemetry: {
      stat: (seconds) => {
        asked.push(['stat', seconds]);
        return [stat];
      },
      edges: (seconds) => {
        asked.push(['edges', seconds]);
        return [edge];
      },
      events: new EventHistory(),
    },
    mintToken: async (scope, ttlMs) => {
      asked.push(['token', scope, ttlMs]);
      if (scope.namespace === 'heddle-system') throw new RangeError('namespace heddle-system is not for workloads');
      return 'a.join.token';
    },
    certificates: () => [certificate],
    controlPlaneMetrics: () => '127.0.0.1:15014',
  });
});
afterAll(() => api.stop());

describe('ApiClient', () => {
  it('reads what the mesh looks like', async () => {
    expect(await api.client.proxies()).toEqual([proxy]);
    api.registry.set([registered('cart-v1-1'), registered('cart-v1-2')]);
    expect(await api.client.stat(60)).toEqual([{ ...stat, instances: 2 }]);
    expect(await api.client.edges(3600)).toEqual([edge]);
    expect(await api.client.certificates()).toEqual([certificate]);
    expect(await api.client.convergence('7', 1000)).toEqual({ ...allInForce, revision: 7 });
    expect(asked).toEqual([
      ['stat', 60],
      ['edges', 3600],
      ['convergence', 7, 1000],
    ]);
  });

  it('makes join tokens', async () => {
    asked.length = 0;
    expect(await api.client.token({ service: 'cart', labels: { version: 'v1' }, ttlSeconds: 60 })).toEqual({
      token: 'a.join.token',
      expiresAt: '2026-01-01T00:01:00.000Z',
    });
    expect(asked).toEqual([['token', { namespace: 'default', service: 'cart', labels: { version: 'v1' } }, 60_000]]);
  });

  it.each([
    [
      { service: '*' },
      'the request is invalid: service: a name has lower-case letters, digits and "-", and begins and ends with a letter or digit',
    ],
    [
      { service: 'cart', ttlSeconds: 0 },
      'the request is invalid: ttlSeconds: write a number of seconds from 1 to 31622400 (366 days)',
    ],
    [{ service: 'cart', lables: {} }, 'the request is invalid: lables: unknown field lables; did you mean labels?'],
    [{}, 'the request is invalid: service: missing field service'],
    [{ service: 'cart', namespace: 'heddle-system' }, 'namespace heddle-system is not for workloads'],
  ])('is refused a token for %j', async (body, message) => {
    await expect(api.client.token(body as { service: string })).rejects.toMatchObject({ reason: 'Invalid', message });
  });

  it.each(['window=4', 'window=3601', 'window=-1', 'window=1e3', 'window='])('is refused ?%s', async (query) => {
    const headers = { authorization: `Bearer ${api.token}` };
    expect((await rawRequest(api.url, { path: `/heddle/v1/stat?${query}`, headers })).status).toBe(400);
  });

  it('says what to try when a document is refused', async () => {
    const wrong = routeDocument('cart', { weight: 'x', metadata: { namespace: 'default' } });
    await expect(api.client.apply(kinds.HTTPRoute, wrong as unknown as ModelDocument)).rejects.toMatchObject({
      reason: 'Invalid',
      hint: 'correct what is named above; nothing was changed',
      status: { details: { causes: [{ field: 'spec.rules[0].backendRefs[0].weight' }] } },
    });
  });

  it('says what to try when a document is not there, or not its own to delete', async () => {
    await expect(api.client.get(kinds.HTTPRoute, 'default', 'nope')).rejects.toMatchObject({
      reason: 'NotFound',
      hint: 'heddle get httproutes -A',
    });
    api.registry.set([registered('cart-v1-1')]);
    await expect(api.client.delete(kinds.Workload, 'default', 'cart-v1-1')).rejects.toMatchObject({
      reason: 'Conflict',
      hint: 'end its heddle run, and it is gone',
    });
  });

  it('says what to try when its token is wrong', async () => {
    const client = new ApiClient({ api: api.url, token: null });
    await expect(client.proxies()).rejects.toMatchObject({
      reason: 'Unauthorized',
      hint: expect.stringContaining('HEDDLE_TOKEN'),
    });
    await client.close();
  });

  it('says that nobody is there', async () => {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    await new Promise((resolve) => server.close(resolve));
    const client = new ApiClient({ api: `http://127.0.0.1:${port}/`, token: 'secret' });
    await expect(client.proxies()).rejects.toMatchObject({
      message: `no control plane at http://127.0.0.1:${port}: nothing listens there`,
      hint: expect.stringContaining('heddle control-plane'),
      status: null,
    });
    await client.close();
  });

  it('says that somebody else is there', async () => {
    const server = createServer((_, response) => response.writeHead(404).end('<html>'));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    const client = new ApiClient({ api: `http://127.0.0.1:${port}`, token: null });
    await expect(client.proxies()).rejects.toMatchObject({
      message: `http://127.0.0.1:${port} answers 404 and is no control plane of Heddle`,
      status: null,
    });
    await client.close();
    await new Promise((resolve) => server.close(resolve));
  });

  it('finds everything that Prometheus scrapes', async () => {
    api.registry.set([registered('cart-1'), registered('mute', { adminAddress: '' })]);
    const { text } = await rawRequest(api.url, {
      path: '/sd/prometheus',
      headers: { authorization: `Bearer ${api.token}` },
    });
    expect(JSON.parse(text)).toEqual([
      {
        targets: ['127.0.0.1:15000'],
        labels: {
          __metrics_path__: '/stats/prometheus',
          namespace: 'default',
          app: 'cart',
          version: 'v1',
          workload: 'cart-1',
        },
      },
      { targets: ['127.0.0.1:15014'], labels: { __metrics_path__: '/metrics', app: 'heddle-control-plane' } },
    ]);
  });
});

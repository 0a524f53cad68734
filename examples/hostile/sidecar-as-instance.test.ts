import { request } from 'undici';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import type { DocumentOf, KindName } from '../../control-plane/model/kinds.ts';
import { kinds } from '../../control-plane/model/kinds.ts';
import type { RunningProxy } from '../../proxy/main.ts';
import { TestMesh } from '../testing/mesh.ts';

let mesh: TestMesh;
let web: RunningProxy;
let proxyPort: number;

beforeAll(async () => {
  mesh = await TestMesh.start();
  web = await mesh.sidecar('web-1', { service: 'web' });
  const listeners = await request(`http://${web.adminAddress}/listeners?format=json`);
  const text = await listeners.body.text();
  proxyPort = Number(/"port_value":\s*(\d+)/.exec(text)?.[1]);
  expect(proxyPort).toBeGreaterThan(0);
});

afterAll(async () => {
  await mesh?.close();
});

async function apply<Kind extends KindName>(kind: Kind, apiVersion: string, name: string, spec: object) {
  const document = { apiVersion, kind, metadata: { name, namespace: 'other' }, spec };
  await mesh.api.apply(kinds[kind], document as unknown as DocumentOf<Kind>);
}

/** A service of another namespace, whose one instance is said to be at this port of loopback. */
async function pretend(service: string, port: number): Promise<void> {
  await apply('Workload', 'heddle.dev/v1alpha1', `${service}-1`, {
    address: '127.0.0.1',
    service,
    ports: [{ port, appProtocol: 'http' }],
  });
}

/** What an application gets for a call by way of its sidecar's proxy port. */
async function call(host: string, path = '/') {
  const { statusCode, body } = await request(`http://127.0.0.1:${proxyPort}${path}`, { headers: { host } });
  return { statusCode, text: await body.text() };
}

describe('a service whose instance is the sidecar of whoever calls it', () => {
  it('goes round in no circle', async () => {
    await pretend('circle', proxyPort);
    const answered = () => call('circle.other');
    await vi.waitUntil(async () => ![404, 503].includes((await answered()).statusCode), { timeout: 15_000 });
    const { statusCode, text } = await answered();
    expect(statusCode).toBe(403);
    expect(JSON.parse(text)).toMatchObject({
      reason: 'forbiddenDestination',
      detail: expect.stringContaining('this sidecar'),
    });
  });

  it('does not get at its admin server, by requests or by health checks', async () => {
    const adminPort = Number(web.adminAddress.split(':').at(-1));
    await apply('BackendTrafficPolicy', 'heddle.dev/v1alpha1', 'admin', {
      targetRefs: [{ group: '', kind: 'Service', name: 'admin' }],
      healthCheck: {
        active: {
          type: 'HTTP',
          interval: '1s',
          http: { hostname: '127.0.0.1', path: '/drain_listeners', method: 'POST' },
        },
      },
    });
    await apply('HTTPRoute', 'gateway.networking.k8s.io/v1', 'admin', {
      parentRefs: [{ group: '', kind: 'Service', name: 'admin' }],
      rules: [
        {
          filters: [
            {
              type: 'URLRewrite',
              urlRewrite: { hostname: '127.0.0.1', path: { type: 'ReplaceFullPath', replaceFullPath: '/config_dump' } },
            },
          ],
          backendRefs: [{ name: 'admin', port: 80 }],
        },
      ],
    });
    await pretend('admin', adminPort);
    await vi.waitUntil(async () => ![404, 503].includes((await call('admin.other')).statusCode), { timeout: 15_000 });
    const { statusCode, text } = await call('admin.other');
    expect([statusCode, text]).toEqual([403, 'the admin server takes no requests by way of a sidecar\n']);
    const flags = async () => (await request(`http://${web.adminAddress}/clusters`)).body.text();
    await vi.waitUntil(async () => (await flags()).includes('failed_active_hc'), { timeout: 15_000 });
    expect((await request(`http://${web.adminAddress}/ready`)).statusCode).toBe(200);
  });
});

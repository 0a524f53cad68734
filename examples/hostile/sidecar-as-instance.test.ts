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
    expect(statusCode).toBe(403);
    expect(text).toContain('forbiddenDestination');
    const byWay = { headers: { 'x-request-id': '1' } };
    expect((await request(`http://${web.adminAddress}/config_dump`, byWay)).statusCode).toBe(403);
    const flags = async () => (await request(`http://${web.adminAddress}/clusters`)).body.text();
    await vi.waitUntil(async () => (await flags()).includes('failed_active_hc'), { timeout: 15_000 });
    expect((await request(`http://${web.adminAddress}/ready`)).statusCode).toBe(200);
  });

  /** Until its one instance is known to have failed its check. */
  async function failsItsCheck(service: string): Promise<void> {
    const clusters = async () => (await request(`http://${web.adminAddress}/clusters`)).body.text();
    const failed = new RegExp(`\\|${service}\\.other\\..*failed_active_hc`);
    await vi.waitUntil(
      async () => {
        await call(`${service}.other`);
        return failed.test(await clusters());
      },
      { timeout: 15_000, interval: 200 },
    );
  }

  async function check(service: string, active: object): Promise<void> {
    await apply('BackendTrafficPolicy', 'heddle.dev/v1alpha1', service, {
      targetRefs: [{ group: '', kind: 'Service', name: service }],
      healthCheck: { active: { interval: '1s', ...active } },
    });
  }

  it('does not get at its admin server by the bytes of a check', async () => {
    const text = 'POST /drain_listeners HTTP/1.1\r\nHost: localhost\r\n\r\n';
    await check('bytes', { type: 'TCP', tcp: { send: { type: 'Text', text } } });
    await pretend('bytes', Number(web.adminAddress.split(':').at(-1)));
    await failsItsCheck('bytes');
    expect((await request(`http://${web.adminAddress}/ready`)).statusCode).toBe(200);
  });

  it('has no check call other services in the name of whoever is asked to check', async () => {
    let calls = 0;
    const port = await mesh.application((_request, response) => {
      calls++;
      response.end('paid');
    });
    await mesh.sidecar('pay-1', { service: 'pay', ports: [{ port, protocol: 'http' }] });
    await vi.waitUntil(async () => (await call('pay.default')).statusCode === 200, { timeout: 15_000 });
    const before = calls;
    const http = { hostname: 'pay.default', path: '/transfer', method: 'POST' };
    await check('deputy', { type: 'HTTP', http });
    await pretend('deputy', proxyPort);
    await failsItsCheck('deputy');
    expect(calls).toBe(before);
  });
});

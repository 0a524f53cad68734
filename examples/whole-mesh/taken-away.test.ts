import { get } from 'node:http';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import type { HttpRoute } from '../../control-plane/model/http-route.ts';
import { kinds } from '../../control-plane/model/kinds.ts';
import { freePort } from '../testing/free-port.ts';
import { TestMesh } from '../testing/mesh.ts';

let mesh: TestMesh;
let localPort: number;

beforeAll(async () => {
  mesh = await TestMesh.start();
  for (const version of ['v1', 'v2']) {
    const port = await mesh.application((_request, response) => response.end(version));
    await mesh.sidecar(`cart-${version}`, { service: 'cart', version, ports: [{ port, protocol: 'http' }] });
  }
  localPort = await freePort();
  await apply(); // before the caller is there: it has never heard of both versions together
  await mesh.sidecar('web-1', { service: 'web', upstreams: [{ service: 'cart', localPort }] });
  await vi.waitUntil(async () => (await call()) === 'v2', { timeout: 15_000 });
});

afterAll(() => mesh?.close());

function call(): Promise<string> {
  return new Promise((resolve, reject) => {
    get(`http://127.0.0.1:${localPort}/`, { agent: false }, (response) => {
      let text = '';
      response.on('data', (chunk) => {
        text += chunk;
      });
      response.on('end', () => resolve(text));
    }).on('error', reject);
  });
}

/** Everything to version 2. */
async function apply(): Promise<void> {
  const { document } = await mesh.api.apply(kinds.HTTPRoute, {
    apiVersion: 'gateway.networking.k8s.io/v1',
    kind: 'HTTPRoute',
    metadata: { name: 'cart', namespace: 'default' },
    spec: {
      parentRefs: [{ group: '', kind: 'Service', name: 'cart' }],
      rules: [{ backendRefs: [{ name: 'cart-v2', port: 80 }] }],
    },
  } as unknown as HttpRoute);
  await mesh.api.convergence(document.metadata.resourceVersion ?? '0', 10_000);
}

describe('a route that is taken away', () => {
  it('is known to be gone as soon as no sidecar has it any more', async () => {
    const { resourceVersion } = await mesh.api.delete(kinds.HTTPRoute, 'default', 'cart');
    const convergence = await mesh.api.convergence(resourceVersion, 10_000);
    expect(convergence).toMatchObject({ affected: 1, inForce: 1, pending: [] });
    const answers = new Set<string>();
    await vi.waitUntil(async () => answers.add(await call()).size === 2, { timeout: 10_000 });
  });
});

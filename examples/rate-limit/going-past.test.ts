import { request } from 'undici';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import type { BackendTrafficPolicy } from '../../control-plane/model/backend-traffic-policy.ts';
import { kinds } from '../../control-plane/model/kinds.ts';
import { freePort } from '../testing/free-port.ts';
import { TestMesh } from '../testing/mesh.ts';
import { closeClients, connectTcp, readText } from '../testing/tcp-client.ts';

let mesh: TestMesh;
let localPort: number;
let served = 0;

beforeAll(async () => {
  mesh = await TestMesh.start();
  const port = await mesh.application((_request, response) => {
    served++;
    response.end('cart');
  });
  // nobody says what the port carries
  await mesh.sidecar('cart-1', { service: 'cart', ports: [{ port, protocol: 'auto' }] });
  localPort = await freePort();
  await mesh.sidecar('web-1', { service: 'web', upstreams: [{ service: 'cart', localPort }] });
  await vi.waitUntil(async () => (await call()) === 200, { timeout: 15_000 });
});

afterAll(async () => {
  closeClients();
  await mesh?.close();
});

async function call(): Promise<number> {
  const { statusCode, body } = await request(`http://127.0.0.1:${localPort}/`);
  await body.dump();
  return statusCode;
}

/** What a client gets whose request line is longer than a sidecar looks at, so that it is no HTTP to it. */
async function callAsBytes(): Promise<string> {
  const socket = await connectTcp(localPort);
  socket.write(`PURGE /${'a'.repeat(9000)} HTTP/1.1\r\nhost: cart\r\nconnection: close\r\n\r\n`);
  return await readText(socket);
}

async function apply(spec: object): Promise<void> {
  const { document } = await mesh.api.apply(kinds.BackendTrafficPolicy, {
    apiVersion: 'heddle.dev/v1alpha1',
    kind: 'BackendTrafficPolicy',
    metadata: { name: 'cart', namespace: 'default' },
    spec: { targetRefs: [{ group: '', kind: 'Service', name: 'cart' }], ...spec },
  } as BackendTrafficPolicy);
  await mesh.api.convergence(document.metadata.resourceVersion ?? '0', 10_000);
}

describe('a limit of a port that nobody has declared', () => {
  it('is not gone past by a request that no sidecar takes for one', async () => {
    expect(await callAsBytes()).toMatch(/^HTTP\/1.1 200 /);
    await apply({ rateLimit: { type: 'Local', local: { rules: [{ limit: { requests: 1, unit: 'Day' } }] } } });
    expect([await call(), await call()]).toEqual([200, 429]);
    const before = served;
    expect(await callAsBytes()).toBe('');
    expect(served).toBe(before);
  });

  it('may be one of bodies', async () => {
    await apply({ requestBuffer: { limit: 1024 } });
    expect(await callAsBytes()).toBe('');
    expect(await call()).toBe(200);
  });
});

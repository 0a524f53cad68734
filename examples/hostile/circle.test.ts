import { request } from 'undici';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { kinds } from '../../control-plane/model/kinds.ts';
import type { RunningProxy } from '../../proxy/main.ts';
import { TestMesh } from '../testing/mesh.ts';

let mesh: TestMesh;
let one: RunningProxy;
let other: RunningProxy;

beforeAll(async () => {
  mesh = await TestMesh.start();
  one = await mesh.sidecar('one-1', { service: 'one' });
  other = await mesh.sidecar('other-1', { service: 'other', namespace: 'other' });
}, 60_000);

afterAll(() => mesh?.close());

/** For callers of each of the two namespaces the host is the sidecar of the other one. */
async function lead(host: string, protocol: 'HTTP' | 'HTTP2'): Promise<void> {
  const name = host.split('.')[0] ?? '';
  for (const [namespace, sidecar] of [['default', other] as const, ['other', one] as const]) {
    const document = kinds.ExternalService.schema.parse({
      apiVersion: 'heddle.dev/v1alpha1',
      kind: 'ExternalService',
      metadata: { name, namespace },
      spec: {
        hosts: [host],
        ports: [{ port: 80, protocol }],
        endpoints: [{ address: '127.0.0.1', port: sidecar.outboundPort }],
      },
    });
    await mesh.api.put(kinds.ExternalService, document);
    const policy = kinds.BackendTrafficPolicy.schema.parse({
      apiVersion: 'heddle.dev/v1alpha1',
      kind: 'BackendTrafficPolicy',
      metadata: { name, namespace },
      spec: {
        targetRefs: [{ group: 'heddle.dev', kind: 'ExternalService', name }],
        retry: { numRetries: 3, retryOn: { triggers: ['5xx'] } },
      },
    });
    await mesh.api.put(kinds.BackendTrafficPolicy, policy);
  }
}

/** As `one`'s application. */
async function call(host: string, headers: Record<string, string> = {}) {
  const url = `http://127.0.0.1:${one.outboundPort}/`;
  const { statusCode, headers: said, body } = await request(url, { headers: { host, ...headers } });
  return { status: statusCode, reason: said['x-heddle-reason'], text: await body.text() };
}

/** Requests that the two have forwarded so far. */
async function forwarded(host: string): Promise<number> {
  let sum = 0;
  for (const { adminAddress } of [one, other]) {
    const { body } = await request(`http://${adminAddress}/stats?filter=${host}`);
    for (const [, count] of (await body.text()).matchAll(/upstream_rq_total: (\d+)/g)) sum += Number(count);
  }
  return sum;
}

describe('two sidecars, each of which is where the other one sends a host', () => {
  it.each(['HTTP', 'HTTP2'] as const)('stop a request that goes round between them over %s', async (protocol) => {
    const host = `${protocol.toLowerCase()}.example.com`;
    await lead(host, protocol);
    await vi.waitUntil(async () => (await call(host)).status === 508, { timeout: 15_000 });
    const before = await forwarded(host);
    const { status, text } = await call(host);
    expect(status).toBe(508);
    expect(JSON.parse(text)).toMatchObject({ reason: 'loopDetected', service: host });
    expect((await forwarded(host)) - before).toBeLessThan(20); // and nobody has tried again
  });

  it('refuse whoever says that a request has come so far, at once', async () => {
    const before = await forwarded('http.example.com');
    expect(await call('http.example.com', { 'x-heddle-hops': '9' })).toMatchObject({
      status: 508,
      reason: 'loop_detected',
    });
    expect(await forwarded('http.example.com')).toBe(before);
  });
});

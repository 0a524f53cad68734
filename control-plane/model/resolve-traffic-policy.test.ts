import { describe, expect, it } from 'vitest';
import type { BackendTrafficPolicy } from './backend-traffic-policy.ts';
import { checkDocument } from './check-document.ts';
import type { Mesh } from './mesh.ts';
import { noPolicyOwners } from './policy-owners.ts';
import { resolveTrafficPolicy } from './resolve-traffic-policy.ts';
import { formatSource, sourceAnnotation } from './source-position.ts';

function policy(name: string, spec: object, { created = '2026-01-01', sectionName = '', namespace = 'default' } = {}) {
  const target = { group: '', kind: 'Service', name: 'cart', ...(sectionName === '' ? {} : { sectionName }) };
  const { document } = checkDocument({
    apiVersion: 'heddle.dev/v1alpha1',
    kind: 'BackendTrafficPolicy',
    metadata: { name, namespace, creationTimestamp: created },
    spec: { targetRefs: [target], ...spec },
  });
  return document as BackendTrafficPolicy;
}

const backend = { namespace: 'default', kind: 'Service' as const, service: 'cart', portName: 'http' };
const breaker = (maxConnections: number) => ({ circuitBreaker: { maxConnections } });

describe('resolveTrafficPolicy', () => {
  it('puts the port before the Service before the Mesh', () => {
    const mesh = checkDocument({
      apiVersion: 'heddle.dev/v1alpha1',
      kind: 'Mesh',
      metadata: { name: 'default' },
      spec: { defaults: { ...breaker(1), loadBalancer: { type: 'Random' }, retry: { numRetries: 9 } } },
    }).document as Mesh;
    const policies = [
      policy('service', { ...breaker(2), loadBalancer: { type: 'RoundRobin' } }),
      policy('port', breaker(3), { sectionName: 'http' }),
      policy('other-port', breaker(4), { sectionName: 'admin' }),
      policy('other-namespace', breaker(5), { namespace: 'shop' }),
    ];
    const { policy: resolved, conflicts } = resolveTrafficPolicy(backend, policies, mesh);
    expect(resolved).toMatchObject({
      maxConnections: 3,
      loadBalancer: { type: 'RoundRobin' },
      retry: { numRetries: 9 },
    });
    expect(conflicts).toEqual([]);
    expect(resolveTrafficPolicy({ ...backend, portName: null }, policies, mesh).policy.maxConnections).toBe(2);
  });

  it('names as what shared limits count, and what those of Mesh do not', () => {
    const rateLimit = { type: 'Global', global: { rules: [{ limit: { requests: 1, unit: 'Hour' }, shared: true }] } };
    const mesh = checkDocument({
      apiVersion: 'heddle.dev/v1alpha1',
      kind: 'Mesh',
      metadata: { name: 'default' },
      spec: { defaults: { rateLimit } },
    }).document as Mesh;
    const sharedBy = (...policies: BackendTrafficPolicy[]) =>
      resolveTrafficPolicy(backend, policies, mesh).policy.sharedCount;
    expect(sharedBy()).toBe('');
    expect(sharedBy(policy('other', breaker(1)), policy('all.orders', { rateLimit }))).toBe(
      'shared.default.svc.all.orders',
    );
  });

  it('names who says the sections by which sidecars refuse requests, and where', () => {
    const mesh = checkDocument({
      apiVersion: 'heddle.dev/v1alpha1',
      kind: 'Mesh',
      metadata: { name: 'default' },
      spec: { defaults: { requestBuffer: { limit: 1024 }, admissionControl: {} } },
    }).document as Mesh;
    const rules = [{ limit: { requests: 1, unit: 'Hour' } }, { limit: { requests: 2, unit: 'Day' } }];
    const limits = policy('limits', { rateLimit: { type: 'Global', global: { rules } }, requestBuffer: { limit: 9 } });
    limits.metadata.annotations = { [sourceAnnotation]: formatSource({ file: 'cart.yaml', line: 3 }, [12, 14]) };
    const ownersOf = (...policies: BackendTrafficPolicy[]) =>
      resolveTrafficPolicy(backend, policies, mesh).policy.owners;
    expect(ownersOf(policy('other', breaker(1)), limits)).toEqual({
      rateLimit: [
        'BackendTrafficPolicy/default/limits rateLimit rule 0 (cart.yaml:12)',
        'BackendTrafficPolicy/default/limits rateLimit rule 1 (cart.yaml:14)',
      ],
      connectionRate: 'BackendTrafficPolicy/default/limits rateLimit (cart.yaml:3)',
      requestBuffer: 'BackendTrafficPolicy/default/limits requestBuffer (cart.yaml:3)',
      adaptiveConcurrency: '',
      admissionControl: 'Mesh/default admissionControl',
      circuitBreaker: ['BackendTrafficPolicy/default/other circuitBreaker.maxConnections'],
    });
    expect(resolveTrafficPolicy(backend, [], null).policy.owners).toEqual(noPolicyOwners);
  });

  it('names who says each limit of a circuit, and none that nobody does', () => {
    const mesh = checkDocument({
      apiVersion: 'heddle.dev/v1alpha1',
      kind: 'Mesh',
      metadata: { name: 'default' },
      spec: { defaults: { circuitBreaker: { maxConnections: 9, maxPendingRequests: 7, highPriority: {} } } },
    }).document as Mesh;
    const limits = policy('limits', {
      circuitBreaker: {
        maxConnections: 1,
        perEndpoint: { maxConnections: 2 },
        highPriority: { maxParallelRequests: 3 },
        maxRequestsPerConnection: 4,
      },
    });
    limits.metadata.annotations = { [sourceAnnotation]: formatSource({ file: 'cart.yaml', line: 3 }, []) };
    const own = 'BackendTrafficPolicy/default/limits circuitBreaker.';
    expect(resolveTrafficPolicy(backend, [limits], mesh).policy.owners.circuitBreaker).toEqual([
      `${own}maxConnections (cart.yaml:3)`,
      'Mesh/default circuitBreaker.maxPendingRequests',
      `${own}perEndpoint.maxConnections (cart.yaml:3)`,
      `${own}highPriority.maxParallelRequests (cart.yaml:3)`,
    ]);
  });

  it('keeps the older of two policies that say the same, and reports the other', () => {
    const young = policy('a', { ...breaker(1), timeout: { tcp: { connectTimeout: '1s' } } }, { created: '2026-02-01' });
    const old = policy('b', breaker(2), { created: '2026-01-01' });
    const { policy: resolved, conflicts } = resolveTrafficPolicy(backend, [young, old], null);
    expect(resolved).toMatchObject({ maxConnections: 2, connectTimeoutMs: 1000 });
    expect(conflicts).toEqual([{ policy: young, winner: old, sections: ['circuitBreaker'] }]);
  });

  it('decides between policies of one age by name, whatever their order', () => {
    const [a, b] = [policy('a', breaker(1)), policy('b', breaker(2))];
    expect(resolveTrafficPolicy(backend, [b, a], null).policy.maxConnections).toBe(1);
    expect(resolveTrafficPolicy(backend, [a, b], null).policy.maxConnections).toBe(1);
  });
});

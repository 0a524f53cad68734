import { describe, expect, it } from 'vitest';
import { ALL_FEATURES, STOCK_FEATURES } from '../../../proto/features.ts';
import type { ResourceTypeUrl } from '../../../proto/type-urls.ts';
import { CLUSTER_TYPE_URL, LISTENER_TYPE_URL, ROUTE_CONFIGURATION_TYPE_URL } from '../../../proto/type-urls.ts';
import { validateResource } from '../../../proto/validate/resource.ts';
import type { Snapshot } from '../snapshot.ts';
import { translate } from '../snapshot.ts';
import { parseDocument, registeredWorkload, viewOf } from '../testing/golden-case.ts';
import { readable } from '../testing/readable.ts';

const features = new Set(ALL_FEATURES);

function external(namespace: string, year: number, spec: object) {
  return parseDocument({
    kind: 'ExternalService',
    apiVersion: 'heddle.dev/v1alpha1',
    metadata: { name: 'api', namespace, creationTimestamp: `${year}-01-01T00:00:00Z` },
    spec: { hosts: ['api.example.com'], ports: [{ port: 80, protocol: 'HTTP' }], ...spec },
  } as never);
}

const expecting = (name: string) => ({ tls: { sni: name } });

function told(snapshot: Snapshot, namespace: string, typeUrl: ResourceTypeUrl, name: string): string {
  const client = { workload: `${namespace}/web-1`, namespace, serviceAccount: 'web', features };
  const resource = snapshot.resource(client, typeUrl, name);
  return resource === null ? '' : JSON.stringify(readable(resource));
}

const cluster = 'outbound|80||api.example.com';

describe('ExternalServices', () => {
  const older = external('stranger', 2020, expecting('stranger.example'));
  const own = external('shop', 2024, expecting('shop.example'));
  const snapshot = translate(viewOf([older, own], []));

  it("has the caller's own namespace decide, and the oldest for those who say nothing", () => {
    for (const order of ['web', 'shop', 'stranger']) told(snapshot, order, CLUSTER_TYPE_URL, cluster);
    expect(told(snapshot, 'shop', CLUSTER_TYPE_URL, cluster)).toContain('shop.example');
    expect(told(snapshot, 'stranger', CLUSTER_TYPE_URL, cluster)).toContain('stranger.example');
    expect(told(snapshot, 'web', CLUSTER_TYPE_URL, cluster)).toContain('stranger.example');
  });

  it('says on both sides of a conflict who decides for whom', () => {
    expect(snapshot.problems().map(({ document, path, message }) => `${document} ${path}: ${message}`)).toEqual([
      'ExternalService/shop/api spec.hosts[0]: holds for callers of its own namespace only: for others ExternalService/stranger/api, which is older, decides about api.example.com:80',
    ]);
  });

  it("lets no longer name of another namespace get before a namespace's own wildcard", () => {
    const wildcard = external('shop', 2024, { hosts: ['*.example.com'], resolution: 'NONE' });
    const listed = translate(viewOf([older, wildcard], []));
    expect(told(listed, 'shop', LISTENER_TYPE_URL, 'virtualOutbound')).not.toContain('api.example.com');
    expect(told(listed, 'shop', LISTENER_TYPE_URL, 'virtualOutbound')).toContain('*.example.com:80');
    expect(told(listed, 'web', LISTENER_TYPE_URL, 'virtualOutbound')).toContain('api.example.com:80');
  });

  it('lists what a listener can carry: its own hosts first, then the oldest', () => {
    const label = 'a'.repeat(60);
    const ports = Array.from({ length: 16 }, (_, index) => ({ name: `p${index}`, port: 80 + index, protocol: 'HTTP' }));
    const loud = Array.from({ length: 40 }, (_, document) => {
      const hosts = Array.from(
        { length: 32 },
        (_each, host) => `${label}.${label}.${label}.h${document}-${host}.example`,
      );
      const { metadata, ...rest } = external('loud', 2022, { hosts, ports });
      return { ...rest, metadata: { ...metadata, name: `loud-${document}` } } as typeof own;
    });
    const late = external('late', 2026, { hosts: ['late.example.com'] });
    const full = translate(viewOf([older, ...loud, late], []));
    const listener = (namespace: string) => {
      const client = { workload: `${namespace}/web-1`, namespace, serviceAccount: 'web', features };
      return full.resource(client, LISTENER_TYPE_URL, 'virtualOutbound')?.bytes ?? Buffer.alloc(0);
    };
    for (const namespace of ['web', 'loud', 'late']) {
      expect(validateResource(LISTENER_TYPE_URL, 'virtualOutbound', listener(namespace)).violations).toEqual([]);
      expect(listener(namespace).includes('api.example.com:80')).toBe(namespace !== 'loud');
    }
    expect(listener('late').includes('late.example.com:80')).toBe(true);
    expect(listener('web').includes('late.example.com:80')).toBe(false);
    expect(full.problems().filter(({ document }) => document === 'ExternalService/late/api')).toEqual([
      {
        document: 'ExternalService/late/api',
        path: 'spec.hosts[0]',
        message:
          'holds for callers of its own namespace only: those of others are told of so many hosts and no more, the oldest first',
      },
    ]);
  });

  it('decides for nobody else where it is not exported, and is not known to them', () => {
    const closed = translate(viewOf([external('shop', 2020, { ...expecting('shop.example'), exportTo: ['.'] })], []));
    expect(told(closed, 'shop', CLUSTER_TYPE_URL, cluster)).toContain('shop.example');
    expect(told(closed, 'shop', LISTENER_TYPE_URL, 'virtualOutbound')).toContain('api.example.com:80');
    expect(told(closed, 'web', CLUSTER_TYPE_URL, cluster)).toBe('');
    expect(told(closed, 'web', LISTENER_TYPE_URL, 'virtualOutbound')).not.toContain('api.example.com');
  });

  it('leaves a host to the oldest that is exported, whatever older ones keep to themselves', () => {
    const kept = { ...external('shop', 2020, { ...expecting('shop.example'), exportTo: ['.'] }) };
    const mixed = translate(viewOf([kept, external('stranger', 2024, expecting('stranger.example'))], []));
    expect(told(mixed, 'shop', CLUSTER_TYPE_URL, cluster)).toContain('shop.example');
    expect(told(mixed, 'web', CLUSTER_TYPE_URL, cluster)).toContain('stranger.example');
    expect(mixed.problems()).toEqual([]);
  });

  it('says so where a namespace keeps one to itself and exports a newer one', () => {
    const kept = external('shop', 2020, { ...expecting('kept.example'), exportTo: ['.'] });
    const given = external('shop', 2024, expecting('given.example'));
    const newer = { ...given, metadata: { ...given.metadata, name: 'given' } } as typeof given;
    const both = translate(viewOf([kept, newer], []));
    expect(told(both, 'shop', CLUSTER_TYPE_URL, cluster)).toContain('kept.example');
    expect(told(both, 'web', CLUSTER_TYPE_URL, cluster)).toContain('given.example');
    expect(both.problems().map(({ document, message }) => `${document} ${message}`)).toEqual([
      'ExternalService/shop/given holds for callers of other namespaces only: for its own ExternalService/shop/api, which is older, decides about api.example.com:80',
    ]);
  });

  it('leads a route to the document that it names, whoever calls', () => {
    const route = parseDocument({
      kind: 'HTTPRoute',
      apiVersion: 'gateway.networking.k8s.io/v1',
      metadata: { name: 'cart', namespace: 'shop' },
      spec: {
        parentRefs: [{ group: '', kind: 'Service', name: 'cart' }],
        rules: [{ backendRefs: [{ group: 'heddle.dev', kind: 'ExternalService', name: 'api', port: 80 }] }],
      },
    } as never);
    const cart = registeredWorkload({ name: 'cart-1', namespace: 'shop', service: 'cart', ports: [8080] }, 0);
    const routed = translate(viewOf([older, own, route], [cart]));
    const named = 'outbound|80|shop|api.example.com';
    const routes = told(routed, 'web', ROUTE_CONFIGURATION_TYPE_URL, 'cart.shop.svc.cluster.local:80');
    expect(routes).toContain(named);
    expect(told(routed, 'web', CLUSTER_TYPE_URL, named)).toContain('shop.example');
    const envoy = { workload: 'web/web-1', namespace: 'web', features: STOCK_FEATURES };
    expect(routed.names(envoy, CLUSTER_TYPE_URL)).toEqual(expect.arrayContaining([named, cluster]));
  });
});

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ALL_FEATURES } from '../../proto/features.ts';
import type { ResourceTypeUrl } from '../../proto/type-urls.ts';
import {
  CLUSTER_LOAD_ASSIGNMENT_TYPE_URL,
  CLUSTER_TYPE_URL,
  LISTENER_TYPE_URL,
  RESOURCE_TYPE_URLS,
  ROUTE_CONFIGURATION_TYPE_URL,
  SECRET_TYPE_URL,
} from '../../proto/type-urls.ts';
import type { ModelDocument } from '../model/kinds.ts';
import type { Snapshot } from './snapshot.ts';
import { translate } from './snapshot.ts';
import type { WorkloadInShort } from './testing/golden-case.ts';
import { parseDocument, registeredWorkload, rememberedService, viewOf } from './testing/golden-case.ts';
import type { ClientView } from './view/client-view.ts';
import type { MeshView } from './view/mesh-view.ts';

const web: ClientView = { workload: 'default/web-1', namespace: 'default', features: new Set(ALL_FEATURES) };
const tester: ClientView = { workload: 'qa/test-1', namespace: 'qa', features: new Set(ALL_FEATURES) };
const cartRoutes = 'cart.default.svc.cluster.local:80';
const cartCluster = 'outbound|80||cart.default.svc.cluster.local';

const workloads: readonly WorkloadInShort[] = [
  { name: 'cart-v1-1', service: 'cart', version: 'v1', ports: [8080] },
  { name: 'cart-v2-1', service: 'cart', version: 'v2', ports: [8080] },
  { name: 'web-1', service: 'web', ports: [9090] },
  { name: 'test-1', namespace: 'qa', service: 'test', ports: [9090, 9091] },
];

const carts = workloads.filter(({ service }) => service === 'cart');

const producerRoute = cartRoute({ name: 'producer' }, 'cart-v1');
const otherRoute = cartRoute({ name: 'other', creationTimestamp: '2026-01-01T00:00:00Z' }, 'cart-v2');
const consumerRoute = cartRoute({ name: 'consumer', namespace: 'qa' }, 'cart-v2');
const documents = [
  producerRoute,
  otherRoute,
  consumerRoute,
  cartPolicy('one', { loadBalancer: { type: 'Random' } }),
  cartPolicy('two', { loadBalancer: { type: 'RoundRobin' }, timeout: { tcp: { connectTimeout: '1s' } } }),
  parseDocument({
    kind: 'Service',
    apiVersion: 'v1',
    metadata: { name: 'store' },
    spec: { selector: { app: 'cart' }, ports: [{ port: 80, targetPort: 8080 }] },
  } as never),
];

describe('translate', () => {
  it('gives equal bytes for equal views', () => {
    const [first, second] = [everything(translate(view())), everything(translate(view()))];
    expect(first.size).toBeGreaterThan(30);
    expect(second).toEqual(first);
  });

  it('does not depend on the order in which documents and workloads come', () => {
    const expected = everything(translate(view()));
    fc.assert(
      fc.property(
        fc.shuffledSubarray(documents, { minLength: documents.length }),
        fc.shuffledSubarray(registered(workloads), { minLength: workloads.length }),
        (shuffledDocuments, shuffledWorkloads) => {
          expect(everything(translate(viewOf(shuffledDocuments, shuffledWorkloads)))).toEqual(expected);
        },
      ),
      { numRuns: 20 },
    );
  });

  it('changes only EDS when another endpoint comes', () => {
    const before = translate(view());
    const after = translate(
      view({ workloads: [...workloads, { name: 'cart-v1-2', service: 'cart', version: 'v1', ports: [8080] }] }),
      before,
    );
    expect(typesOf(changes(before, after))).toEqual([CLUSTER_LOAD_ASSIGNMENT_TYPE_URL]);
  });

  it('changes only EDS when instances go, whichever, while their services are remembered', () => {
    const names = everything(translate(view())).size;
    fc.assert(
      fc.property(fc.subarray([...carts]), (leaving) => {
        const staying = registered(workloads).filter(({ name }) => !leaving.some((gone) => gone.name === name));
        const before = translate(view());
        const after = translate(viewOf(documents, staying, leaving.map(rememberedService)), before);
        expect(typesOf(changes(before, after))).toEqual(leaving.length > 0 ? [CLUSTER_LOAD_ASSIGNMENT_TYPE_URL] : []);
        expect(everything(after).size).toBe(names);
      }),
      { numRuns: 20 },
    );
  });

  it('leaves sidecars of other namespaces as they are when a consumer route comes', () => {
    const without = documents.filter((document) => document !== consumerRoute);
    const before = translate(view({ documents: without }));
    const after = translate(view(), before);
    expect(changes(before, after, web)).toEqual([]);
    expect(changes(before, after, tester)).toEqual([
      `${ROUTE_CONFIGURATION_TYPE_URL} ${cartRoutes}`,
      `${ROUTE_CONFIGURATION_TYPE_URL} cart.default.svc.cluster.local:8080`,
    ]);
  });
});

describe('Snapshot', () => {
  it('makes a resource once and shares it between clients of one scope', () => {
    const snapshot = translate(view());
    const resource = snapshot.resource(web, CLUSTER_TYPE_URL, cartCluster);
    expect(resource).not.toBeNull();
    expect(snapshot.resource(tester, CLUSTER_TYPE_URL, cartCluster)).toBe(resource);
    expect(snapshot.resource(web, CLUSTER_TYPE_URL, cartCluster)).toBe(resource);
  });

  it('keeps routes of two namespaces apart when one has consumer routes', () => {
    const snapshot = translate(view());
    const producer = snapshot.resource(web, ROUTE_CONFIGURATION_TYPE_URL, cartRoutes);
    const consumer = snapshot.resource(tester, ROUTE_CONFIGURATION_TYPE_URL, cartRoutes);
    expect(producer?.version).not.toBe(consumer?.version);
  });

  it("shares routes between all namespaces without consumer routes, the producer's own among them", () => {
    const snapshot = translate(view());
    const elsewhere = { ...tester, namespace: 'elsewhere' };
    const routes = snapshot.resource(web, ROUTE_CONFIGURATION_TYPE_URL, cartRoutes);
    expect(snapshot.resource(elsewhere, ROUTE_CONFIGURATION_TYPE_URL, cartRoutes)).toBe(routes);
  });

  it('takes over the very object of the snapshot before where nothing changed', () => {
    const before = translate(view());
    const kept = before.resource(web, CLUSTER_TYPE_URL, cartCluster);
    const after = translate({ ...view(), revision: 2 }, before);
    expect(after.revision).toBe(2);
    expect(after.resource(web, CLUSTER_TYPE_URL, cartCluster)).toBe(kept);
  });

  it('names a version after the content', () => {
    const version = (balancer: string) =>
      translate(view({ documents: [cartPolicy('one', { loadBalancer: { type: balancer } })] })).resource(
        web,
        CLUSTER_TYPE_URL,
        cartCluster,
      )?.version;
    expect(version('Random')).toMatch(/^[0-9a-f]{16}$/);
    expect(version('Random')).toBe(version('Random'));
    expect(version('Random')).not.toBe(version('RoundRobin'));
  });

  it('shows inbound resources only to the workload whose they are', () => {
    const snapshot = translate(view());
    expect(snapshot.names(web, LISTENER_TYPE_URL)).toEqual(['virtualOutbound', 'inbound|9090||']);
    expect(snapshot.names(tester, LISTENER_TYPE_URL)).toContain('inbound|9091||');
    for (const typeUrl of [LISTENER_TYPE_URL, CLUSTER_TYPE_URL] as const) {
      expect(snapshot.resource(tester, typeUrl, 'inbound|9091||')).not.toBeNull();
      expect(snapshot.resource(web, typeUrl, 'inbound|9091||')).toBeNull();
    }
    const [webListener, testListener] = [web, tester].map((client) =>
      snapshot.resource(client, LISTENER_TYPE_URL, 'inbound|9090||'),
    );
    expect(webListener?.version).not.toBe(testListener?.version);
  });

  it('has every resource that it names, for every type', () => {
    const snapshot = translate(view());
    for (const typeUrl of RESOURCE_TYPE_URLS) {
      for (const name of snapshot.names(web, typeUrl)) {
        expect(snapshot.resource(web, typeUrl, name)).toMatchObject({ name, typeUrl });
      }
    }
  });

  it('gives those who ask for all listeners only such as have an address of their own', () => {
    const addressed = parseDocument({
      kind: 'Service',
      apiVersion: 'v1',
      metadata: { name: 'db' },
      spec: { clusterIP: '10.96.0.7', ports: [{ port: 5432 }] },
    } as never);
    const headless = parseDocument({
      kind: 'Service',
      apiVersion: 'v1',
      metadata: { name: 'queue' },
      spec: { clusterIP: 'None', ports: [{ port: 5672 }] },
    } as never);
    const names = translate(view({ documents: [addressed, headless] })).names(web, LISTENER_TYPE_URL);
    expect(names).toEqual(['virtualOutbound', 'inbound|9090||', 'outbound|5432||db.default.svc.cluster.local']);
  });

  it('makes a listener for the host of a version, and for a port that nobody runs any more', () => {
    const snapshot = translate(
      viewOf([], registered(workloads), [rememberedService({ service: 'db', ports: [5432] })]),
    );
    for (const host of ['cart-v1', 'db']) {
      const name = `outbound|80||${host}.default.svc.cluster.local`;
      expect(snapshot.resource(web, LISTENER_TYPE_URL, name)).toMatchObject({ name });
    }
  });

  it('gives a client without TCP no listener of a service', () => {
    const old = { ...web, features: new Set(['h2']) };
    const name = 'outbound|80||cart.default.svc.cluster.local';
    expect(translate(view()).resource(old, LISTENER_TYPE_URL, name)).toBeNull();
  });

  it('keeps what clients of different builds are sent apart', () => {
    const snapshot = translate(view());
    const builds = [[], ['h2'], ['tcp'], ['h2', 'tcp'], ALL_FEATURES].map((features) => ({
      ...web,
      features: new Set<string>(features),
    }));
    const versions = builds.map((client) => snapshot.resource(client, CLUSTER_TYPE_URL, cartCluster)?.version);
    expect(new Set(versions).size).toBe(builds.length);
  });

  it('changes nothing for clients when a workload repeats what others declared', () => {
    const tcp = (name: string): WorkloadInShort => ({ name, service: 'redis', ports: ['6379/tcp'] });
    const name = 'outbound|6379||redis.default.svc.cluster.local';
    const before = translate(viewOf([], registered([tcp('a')])));
    const [listener, cluster] = ([LISTENER_TYPE_URL, CLUSTER_TYPE_URL] as const).map((type) =>
      before.resource(web, type, name),
    );
    const after = translate(viewOf([], registered([tcp('a'), tcp('b')])), before);
    expect(listener).not.toBeNull();
    expect(after.resource(web, LISTENER_TYPE_URL, name)).toBe(listener);
    expect(after.resource(web, CLUSTER_TYPE_URL, name)).toBe(cluster);
  });

  it('takes a port for what it was declared to be while nobody runs', () => {
    const running: WorkloadInShort = { name: 'a', service: 'store', ports: ['7000/tcp'] };
    const before = translate(viewOf([], registered([running])));
    const name = 'outbound|7000||store.default.svc.cluster.local';
    const listener = before.resource(web, LISTENER_TYPE_URL, name);
    const after = translate(viewOf([], [], [rememberedService(running)]), before);
    expect(listener).not.toBeNull();
    expect(after.resource(web, LISTENER_TYPE_URL, name)).toBe(listener);
  });

  it.each([
    [LISTENER_TYPE_URL, 'outbound|99||cart.default.svc.cluster.local'],
    [LISTENER_TYPE_URL, 'outbound|80|v1|cart.default.svc.cluster.local'],
    [LISTENER_TYPE_URL, 'outbound|80||example.com'],
    [LISTENER_TYPE_URL, ''],
    [ROUTE_CONFIGURATION_TYPE_URL, 'cart.default.svc.cluster.local'],
    [ROUTE_CONFIGURATION_TYPE_URL, 'cart.default.svc.cluster.local:99'],
    [ROUTE_CONFIGURATION_TYPE_URL, 'example.com:80'],
    [CLUSTER_TYPE_URL, 'outbound|80||cart-v1.default.svc.cluster.local'],
    [CLUSTER_TYPE_URL, 'outbound|80|v3|cart.default.svc.cluster.local'],
    [CLUSTER_TYPE_URL, '__proto__'],
    [CLUSTER_LOAD_ASSIGNMENT_TYPE_URL, 'PassthroughCluster'],
    [CLUSTER_LOAD_ASSIGNMENT_TYPE_URL, 'inbound|9090||'],
    [SECRET_TYPE_URL, 'default'],
  ] as const)('knows no %s called %j', (typeUrl, name) => {
    expect(translate(view()).resource(web, typeUrl, name)).toBeNull();
  });
});

function view(
  changed: { documents?: readonly ModelDocument[]; workloads?: readonly WorkloadInShort[] } = {},
): MeshView {
  return viewOf(changed.documents ?? documents, registered(changed.workloads ?? workloads));
}

/** Addresses follow from the position, so they are given out before anybody shuffles. */
function registered(short: readonly WorkloadInShort[]) {
  return short.map(registeredWorkload);
}

/** Everything that both clients can see, in one map from `client type name` to bytes. */
function everything(snapshot: Snapshot): ReadonlyMap<string, string> {
  const seen = new Map<string, string>();
  for (const client of [web, tester]) {
    for (const typeUrl of RESOURCE_TYPE_URLS) {
      for (const name of snapshot.names(client, typeUrl)) {
        const bytes = snapshot.resource(client, typeUrl, name)?.bytes.toString('hex') ?? 'missing';
        seen.set(`${client.workload} ${typeUrl} ${name}`, bytes);
      }
    }
  }
  return seen;
}

function changes(before: Snapshot, after: Snapshot, client: ClientView = web): readonly string[] {
  return RESOURCE_TYPE_URLS.flatMap((typeUrl: ResourceTypeUrl) => {
    const names = new Set([...before.names(client, typeUrl), ...after.names(client, typeUrl)]);
    return [...names]
      .filter((name) => before.resource(client, typeUrl, name) !== after.resource(client, typeUrl, name))
      .map((name) => `${typeUrl} ${name}`);
  });
}

function typesOf(changed: readonly string[]): readonly string[] {
  return [...new Set(changed.map((change) => change.split(' ')[0] ?? ''))];
}

function cartRoute(metadata: object, backend: string): ModelDocument {
  return parseDocument({
    kind: 'HTTPRoute',
    apiVersion: 'gateway.networking.k8s.io/v1',
    metadata,
    spec: {
      parentRefs: [{ group: '', kind: 'Service', name: 'cart', namespace: 'default' }],
      rules: [{ backendRefs: [{ name: backend, namespace: 'default', port: 80 }] }],
    },
  } as never);
}

function cartPolicy(name: string, sections: object): ModelDocument {
  return parseDocument({
    kind: 'BackendTrafficPolicy',
    apiVersion: 'heddle.dev/v1alpha1',
    metadata: { name },
    spec: { targetRefs: [{ group: '', kind: 'Service', name: 'cart' }], ...sections },
  } as never);
}

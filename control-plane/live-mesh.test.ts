import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { FAULT_FILTER } from '../proto/extension-names.ts';
import { STOCK_FEATURES } from '../proto/features.ts';
import { CLUSTER_TYPE_URL, ROUTE_CONFIGURATION_TYPE_URL } from '../proto/type-urls.ts';
import { LiveMesh } from './live-mesh.ts';
import { Registry } from './registry/registry.ts';
import { registration } from './registry/testing/registration.ts';
import { EmbeddedStore } from './store/embedded-store.ts';
import type { Snapshot } from './translate/snapshot.ts';

const client = { workload: 'default/web-1', namespace: 'default', features: new Set<string>() };

describe('LiveMesh', () => {
  let directory: string;
  let store: EmbeddedStore;
  let registry: Registry;
  let mesh: LiveMesh;
  let snapshots: Snapshot[];
  let lines: string[];
  let wake: () => void;

  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'heddle-live-mesh-'));
    store = await EmbeddedStore.open(directory, { maxHistory: 5 });
    registry = new Registry();
    snapshots = [];
    lines = [];
    wake = () => {};
    mesh = await LiveMesh.start({
      store,
      registry,
      trustDomain: 'cluster.local',
      trustBundlePem: '',
      publish: (snapshot) => {
        snapshots.push(snapshot);
        wake();
      },
      log: (_level, message) => lines.push(message),
    });
  });
  afterEach(async () => {
    await mesh.close();
    await store.close();
    await rm(directory, { recursive: true });
  });

  const latest = () => snapshots.at(-1) as Snapshot;
  const until = async (isSo: () => boolean): Promise<void> => {
    while (!isSo()) {
      await new Promise<void>((resolve) => {
        wake = resolve;
      });
    }
  };
  const service = (name: string) =>
    JSON.stringify({
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { name, namespace: 'default' },
      spec: { selector: { app: name }, ports: [{ port: 80, targetPort: 8080 }] },
    });
  const has = (host: string) =>
    latest().resource(client, CLUSTER_TYPE_URL, `outbound|80||${host}.default.svc.cluster.local`) !== null;

  it('publishes what there is before it has started', () => {
    expect(snapshots).toHaveLength(1);
    expect(latest().revision).toBe(0);
  });

  it('takes a fault that ends from clients that have no clock of their own', async () => {
    const envoy = { ...client, features: STOCK_FEATURES };
    const name = 'cart.default.svc.cluster.local:80';
    const faultOf = () => latest().resource(envoy, ROUTE_CONFIGURATION_TYPE_URL, name)?.bytes.includes(FAULT_FILTER);
    registry.register(registration({ name: 'cart-1' }));
    const fault = {
      apiVersion: 'heddle.dev/v1alpha1',
      kind: 'FaultInjection',
      metadata: { name: 'cart', namespace: 'default' },
      spec: {
        targetRefs: [{ group: '', kind: 'Service', name: 'cart' }],
        until: new Date(Date.now() + 500).toISOString(),
        abort: { httpStatus: 503, percentage: 100 },
      },
    };
    await store.put('/heddle.dev/faultinjections/default/cart', JSON.stringify(fault));
    await until(() => faultOf() === true);
    await until(() => faultOf() === false);
    expect(latest().revision).toBe(1);
  });

  it('translates documents and workloads as they come and go', async () => {
    registry.register(registration({ name: 'cart-1' }));
    await until(() => has('cart'));
    await store.put('/core/services/default/shop', service('shop'));
    await until(() => has('shop'));
    expect(latest().revision).toBe(1);
    expect(mesh.serviceNames('default')).toEqual(['cart', 'cart-v1', 'shop']);
    expect(mesh.serviceNames('other')).toEqual([]);
    expect(mesh.servicePorts('default', 'shop')).toEqual([{ port: 80, protocol: 'auto', saidBy: 'nobody' }]);
    expect(mesh.servicePorts('default', 'other')).toEqual([]);
    await store.delete('/core/services/default/shop');
    await until(() => !has('shop'));
  });

  it('makes one snapshot of what comes together', async () => {
    await Promise.all(
      Array.from({ length: 20 }, (_, index) => store.put(`/core/services/default/s${index}`, service(`s${index}`))),
    );
    await until(() => latest().revision === 20);
    expect(snapshots.length).toBeLessThan(5);
  });

  it('follows the revision also where no document changes', async () => {
    await store.put('heddle/other', 'anything');
    await until(() => latest().revision === 1);
    expect(lines).toEqual([]);
  });

  it('leaves out a document that it cannot read, and says so', async () => {
    await store.put('/core/services/default/broken', '{"kind":"Nonsense"}');
    await store.put('/core/services/default/shop', service('shop'));
    await until(() => has('shop'));
    expect(lines).toEqual(['a stored document is left out']);
  });

  it('says what a document could not have if it were applied', () => {
    const problems = mesh.problems({
      apiVersion: 'gateway.networking.k8s.io/v1',
      kind: 'HTTPRoute',
      metadata: { name: 'cart', namespace: 'default' },
      spec: {
        parentRefs: [{ group: '', kind: 'Service', name: 'nowhere', port: 80 }],
        rules: [],
      },
    } as never);
    expect(problems.length).toBeGreaterThan(0);
    expect(mesh.problems()).toEqual([]);
  });

  it('knows the age of a document that is applied again, and that a new one is younger', async () => {
    const policy = (name: string, creationTimestamp?: string) => ({
      apiVersion: 'heddle.dev/v1alpha1',
      kind: 'BackendTrafficPolicy',
      metadata: { name, namespace: 'default', ...(creationTimestamp !== undefined && { creationTimestamp }) },
      spec: { targetRefs: [{ group: '', kind: 'Service', name: 'shop' }], retry: { numRetries: 1 } },
    });
    const key = (name: string) => `/heddle.dev/backendtrafficpolicies/default/${name}`;
    await store.put('/core/services/default/shop', service('shop'));
    await store.put(key('b'), JSON.stringify(policy('b', '2026-01-01T00:00:00Z')));
    await store.put(key('c'), JSON.stringify(policy('c', '2026-02-01T00:00:00Z')));
    await until(() => mesh.problems().length === 1);
    expect(mesh.problems(policy('b') as never)).toEqual([]);
    expect(mesh.problems(policy('c') as never)).toMatchObject([
      { message: expect.stringContaining('b, which is older') },
    ]);
    expect(mesh.problems(policy('a') as never)).toMatchObject([
      { message: expect.stringContaining('b, which is older') },
    ]);
  });
});

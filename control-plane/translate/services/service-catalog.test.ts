import { describe, expect, it } from 'vitest';
import type { RememberedInShort, WorkloadInShort } from '../testing/golden-case.ts';
import { parseDocument, registeredWorkload, rememberedService, viewOf } from '../testing/golden-case.ts';
import { collectInstances, rememberedMembers } from '../view/instance.ts';
import { ServiceCatalog } from './service-catalog.ts';

describe('ServiceCatalog', () => {
  it('knows a service that ran until lately, with its version, port and identity, and nobody there', () => {
    const found = catalog([], undefined, [
      { service: 'cart', version: 'v1', serviceAccount: 'robot', ports: [8080] },
    ]).find('default', 'cart-v1');
    expect(found).toMatchObject({ service: { instances: [], versions: ['v1'] }, subset: 'v1' });
    expect(found?.service.ports.map(({ port }) => port)).toEqual([80, 8080]);
    expect(found?.service.identities).toEqual([
      'spiffe://cluster.local/ns/default/sa/cart',
      'spiffe://cluster.local/ns/default/sa/robot',
    ]);
  });

  it('adds what ran until lately to what runs', () => {
    const service = catalog([{ name: 'a', service: 'cart', version: 'v1', ports: [8080] }], undefined, [
      { service: 'cart', version: 'v2', ports: [9090] },
    ]).service('default', 'cart');
    expect(service?.instances.map(({ name }) => name)).toEqual(['a']);
    expect(service?.versions).toEqual(['v1', 'v2']);
    expect(service?.ports.map(({ port }) => port)).toEqual([80, 8080, 9090]);
  });

  it('selects by labels what ran until lately, for its versions', () => {
    const service = catalog([], { app: 'cart' }, [
      { service: 'cart', version: 'v2', ports: [8080] },
      { service: 'web', version: 'v3', ports: [8080] },
    ]).service('default', 'store');
    expect(service?.versions).toEqual(['v2']);
    expect(service?.instances).toEqual([]);
  });

  it('has no service for a Workload document that belongs to none', () => {
    const document = parseDocument({
      kind: 'Workload',
      apiVersion: 'heddle.dev/v1alpha1',
      metadata: { name: 'alone' },
      spec: { address: '10.0.0.1', ports: [{ port: 80 }] },
    } as never);
    const instances = collectInstances([], viewOf([document], []).documents.Workload, 'cluster.local');
    expect(instances).toHaveLength(1);
    expect(new ServiceCatalog([], instances, 'cluster.local').all()).toEqual([]);
  });

  it('finds a version by the name of its service and its own', () => {
    const found = catalog([{ name: 'a', service: 'cart', version: 'v1', ports: [1] }]).find('default', 'cart-v1');
    expect(found).toMatchObject({ service: { name: 'cart' }, subset: 'v1' });
  });

  it('makes no service of workloads without one, or with one that no host can be called', () => {
    const ofWorkload = (labels: object) => ({
      apiVersion: 'heddle.dev/v1alpha1',
      kind: 'Workload' as const,
      metadata: { name: 'a', labels },
      spec: { address: '10.0.0.7', ports: [{ port: 80 }] },
    });
    for (const labels of [{}, { app: 'Cart' }, { app: 'a.b' }, { app: 'x_y' }]) {
      const view = viewOf([parseDocument(ofWorkload(labels))], []);
      const instances = collectInstances([], view.documents.Workload, 'cluster.local');
      expect(new ServiceCatalog([], instances, 'cluster.local').all()).toEqual([]);
    }
  });

  it('takes the longer service name where a name can be split in two ways', () => {
    const found = catalog([
      { name: 'a', service: 'cart', version: 'eu-v1', ports: [1] },
      { name: 'b', service: 'cart-eu', version: 'v1', ports: [1] },
    ]).find('default', 'cart-eu-v1');
    expect(found).toMatchObject({ service: { name: 'cart-eu' }, subset: 'v1' });
  });

  it('finds a version whose name has dashes', () => {
    const found = catalog([{ name: 'a', service: 'cart', version: 'eu-v1', ports: [1] }]).find('default', 'cart-eu-v1');
    expect(found).toMatchObject({ service: { name: 'cart' }, subset: 'eu-v1' });
  });

  it.each(['cart-v2', 'cart-', '-cart', 'carts', ''])('finds nothing called %j', (name) => {
    expect(catalog([{ name: 'a', service: 'cart', version: 'v1', ports: [1] }]).find('default', name)).toBeNull();
  });

  it('finds nothing in another namespace', () => {
    expect(catalog([{ name: 'a', service: 'cart', ports: [1] }]).find('qa', 'cart')).toBeNull();
  });

  it('does not count a label that no server name can hold as a version', () => {
    const { versions } = catalog([{ name: 'a', service: 'cart', version: 'v1_.x', ports: [1] }]).all()[0] ?? {};
    expect(versions).toEqual([]);
  });

  it('accepts the account of the service also when nothing runs, so that no list of identities is empty', () => {
    expect(catalog([], { app: 'cart' }).service('default', 'store')?.identities).toEqual([
      'spiffe://cluster.local/ns/default/sa/store',
    ]);
  });

  it('accepts the verified identities of those that a Service selects', () => {
    const workloads = [
      { name: 'a', service: 'cart', ports: [1] },
      { name: 'b', service: 'cart', serviceAccount: 'robot', ports: [1] },
      { name: 'c', service: 'web', ports: [1] },
    ];
    expect(catalog(workloads, { app: 'cart' }).service('default', 'store')?.identities).toEqual([
      'spiffe://cluster.local/ns/default/sa/cart',
      'spiffe://cluster.local/ns/default/sa/robot',
      'spiffe://cluster.local/ns/default/sa/store',
    ]);
  });

  it('selects those that have every label of the selector', () => {
    const workloads = [
      { name: 'a', service: 'cart', ports: [1], labels: { tier: 'x' } },
      { name: 'b', service: 'cart', ports: [1], labels: { tier: 'y' } },
      { name: 'c', service: 'web', ports: [1], labels: { tier: 'x' } },
    ];
    const names = (selector: Record<string, string>) =>
      catalog(workloads, selector)
        .service('default', 'store')
        ?.instances.map(({ name }) => name);
    expect(names({ app: 'cart' })).toEqual(['a', 'b']);
    expect(names({ app: 'cart', tier: 'x' })).toEqual(['a']);
    expect(names({ tier: 'x', app: 'cart' })).toEqual(['a']);
    expect(names({ app: 'cart', tier: 'z' })).toEqual([]);
    expect(names({})).toEqual([]);
  });
});

function catalog(
  workloads: readonly WorkloadInShort[],
  storeSelector?: Record<string, string>,
  remembered: readonly RememberedInShort[] = [],
): ServiceCatalog {
  const store = {
    kind: 'Service',
    apiVersion: 'v1',
    metadata: { name: 'store' },
    spec: { selector: storeSelector, ports: [{ port: 80 }] },
  };
  const documents = storeSelector === undefined ? [] : [parseDocument(store as never)];
  const view = viewOf(documents, workloads.map(registeredWorkload));
  return new ServiceCatalog(
    view.documents.Service,
    [...collectInstances(view.workloads, [], 'cluster.local'), ...rememberedMembers(remembered.map(rememberedService))],
    'cluster.local',
  );
}

import { describe, expect, it } from 'vitest';
import { allKinds, kindAt, kindNamed, kinds, storeKey, storePrefix } from './kinds.ts';

describe('kinds', () => {
  it.each([
    ['httproute', 'HTTPRoute'],
    ['HTTPRoutes', 'HTTPRoute'],
    ['routes', 'HTTPRoute'],
    ['svc', 'Service'],
    ['tcproute', 'TCPRoute'],
    ['TCPRoutes', 'TCPRoute'],
    ['btp', 'BackendTrafficPolicy'],
    ['policies', 'BackendTrafficPolicy'],
    ['mesh', 'Mesh'],
    ['workloads', 'Workload'],
  ])('%s names %s', (word, kind) => {
    expect(kindNamed(word)?.kind).toBe(kind);
  });

  it('has no two kinds that a word could mean', () => {
    const words = allKinds.flatMap(({ kind, plural, shortNames }) => [kind.toLowerCase(), plural, ...shortNames]);
    expect(new Set(words).size).toBe(words.length);
  });

  it('finds a kind by its REST path', () => {
    expect(kindAt('gateway.networking.k8s.io', 'v1', 'httproutes')?.kind).toBe('HTTPRoute');
    expect(kindAt('gateway.networking.k8s.io', 'v2', 'httproutes')).toBeNull();
  });

  it('makes keys whose prefixes do not run into each other', () => {
    expect(storeKey(kinds.Service, 'default', 'cart')).toBe('/core/services/default/cart');
    expect(storeKey(kinds.Mesh, null, 'default')).toBe('/heddle.dev/meshes/_/default');
    expect(storePrefix(kinds.Service, 'a')).toBe('/core/services/a/');
    expect(storeKey(kinds.Service, 'ab', 'cart').startsWith(storePrefix(kinds.Service, 'a'))).toBe(false);
  });
});

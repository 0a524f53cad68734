import { describe, expect, it } from 'vitest';
import { kinds } from '../../model/kinds.ts';
import type { ReferenceGrant } from '../../model/reference-grant.ts';
import { ReferenceGrants } from './reference-grants.ts';

const gateway = 'gateway.networking.k8s.io';
const grant = (from: object[], to: object[], namespace = 'bank'): ReferenceGrant =>
  kinds.ReferenceGrant.schema.parse({
    apiVersion: `${gateway}/v1beta1`,
    kind: 'ReferenceGrant',
    metadata: { name: 'g', namespace },
    spec: { from, to },
  });
const routes = { group: gateway, kind: 'HTTPRoute', namespace: 'shop' };
const pay = { group: '', kind: 'Service', namespace: 'bank', name: 'pay' };

describe('ReferenceGrants', () => {
  it('allow nothing that nobody has granted', () => {
    expect(new ReferenceGrants().allows(routes, pay)).toBe(false);
  });

  it('allow every object of a kind, or one by name', () => {
    const all = new ReferenceGrants([grant([routes], [{ group: '', kind: 'Service' }])]);
    const one = new ReferenceGrants([grant([routes], [{ group: '', kind: 'Service', name: 'pay' }])]);
    const vault = { ...pay, name: 'vault' };
    expect([all.allows(routes, pay), all.allows(routes, vault)]).toEqual([true, true]);
    expect([one.allows(routes, pay), one.allows(routes, vault)]).toEqual([true, false]);
  });

  it('hold for the kind and namespace that they name, and in their own namespace alone', () => {
    const grants = new ReferenceGrants([
      grant([routes, { ...routes, kind: 'GRPCRoute', namespace: 'web' }], [{ group: 'core', kind: 'Service' }]),
    ]);
    expect(grants.allows({ ...routes, kind: 'GRPCRoute' }, pay)).toBe(false);
    expect(grants.allows({ ...routes, namespace: 'web' }, pay)).toBe(false);
    expect(grants.allows({ ...routes, kind: 'GRPCRoute', namespace: 'web' }, pay)).toBe(true);
    expect(grants.allows(routes, { ...pay, namespace: 'vault' })).toBe(false);
    expect(grants.allows(routes, { ...pay, kind: 'Secret' })).toBe(false);
  });

  it('add up', () => {
    const to = [{ group: '', kind: 'Service' }];
    const grants = new ReferenceGrants([grant([{ ...routes, namespace: 'web' }], to), grant([routes], to)]);
    expect(grants.allows(routes, pay)).toBe(true);
  });
});

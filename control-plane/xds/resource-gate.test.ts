import { describe, expect, it } from 'vitest';
import { CLUSTER_TYPE_URL } from '../../proto/type-urls.ts';
import type { ClientView, ResourceSource } from './resource-gate.ts';
import { ResourceGate } from './resource-gate.ts';
import { badCluster, cluster, snapshotOf } from './testing/fake-snapshot.ts';

const client: ClientView = { workload: 'default/cart-1', namespace: 'default', features: new Set() };

function start() {
  const faults: string[] = [];
  const next = (previous: ResourceGate | null, ...resources: Parameters<typeof snapshotOf>[1]) =>
    new ResourceGate(snapshotOf(1, resources), previous, ({ name }, fault) => faults.push(`${name}: ${fault}`));
  return { faults, next };
}

describe('ResourceGate', () => {
  it('lets a valid resource through, the very object', () => {
    const { next } = start();
    const good = cluster('a');
    const gate = next(null, good);
    expect(gate.find(client, CLUSTER_TYPE_URL, 'a').resource).toBe(good);
    expect(gate.find(client, CLUSTER_TYPE_URL, 'b')).toEqual({ resource: null, fault: null });
  });

  it('holds back one that a sidecar would refuse, says every fault, once for all clients', () => {
    const { next, faults } = start();
    const gate = next(null, badCluster('a'));
    const found = gate.find(client, CLUSTER_TYPE_URL, 'a');
    gate.find({ ...client, workload: 'default/web-1' }, CLUSTER_TYPE_URL, 'a');
    expect(found.resource).toBeNull();
    expect(found.fault).toMatch(/^it has field 99.*; /);
    expect(faults).toEqual([`a: ${found.fault}`]);
  });

  it('puts the last good version in its place, over as many snapshots as it takes', () => {
    const { next } = start();
    const good = cluster('a');
    const bad = badCluster('a');
    let gate = next(null, good);
    gate.find(client, CLUSTER_TYPE_URL, 'a');
    for (let round = 0; round < 3; round += 1) {
      gate = next(gate, bad);
      expect(gate.find(client, CLUSTER_TYPE_URL, 'a')).toMatchObject({ resource: good, fault: expect.any(String) });
    }
    gate = next(gate, cluster('a', 7));
    expect(gate.find(client, CLUSTER_TYPE_URL, 'a')).toMatchObject({ fault: null });
  });

  it('has no last good version for one that is gone in between', () => {
    const { next } = start();
    let gate = next(null, cluster('a'));
    gate.find(client, CLUSTER_TYPE_URL, 'a');
    gate = next(gate);
    gate.find(client, CLUSTER_TYPE_URL, 'a');
    gate = next(gate, badCluster('a'));
    expect(gate.find(client, CLUSTER_TYPE_URL, 'a').resource).toBeNull();
  });

  it('puts the last good version in place of one that cannot be made, and says so once', () => {
    const { next, faults } = start();
    const good = cluster('a');
    const before = next(null, good);
    before.find(client, CLUSTER_TYPE_URL, 'a');
    const failing: ResourceSource = {
      ...snapshotOf(2, []),
      resource: () => {
        throw new Error('a bug');
      },
    };
    const gate = new ResourceGate(failing, before, ({ name }, fault) => faults.push(`${name}: ${fault}`));
    gate.find({ ...client, workload: 'default/web-1' }, CLUSTER_TYPE_URL, 'a');
    const found = gate.find(client, CLUSTER_TYPE_URL, 'a');
    expect(found).toEqual({ resource: good, fault: 'cannot be translated: a bug' });
    expect(faults).toEqual(['a: cannot be translated: a bug']);
  });
});

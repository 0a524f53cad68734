import { describe, expect, it } from 'vitest';
import { ConcurrencyLimit } from '../resilience/concurrency-limit.ts';
import { ConnectionGate } from './connection-gate.ts';

function gateOf(ofEndpoint: number, ofCluster: number) {
  const limits = [new ConcurrencyLimit(ofEndpoint, 'endpoint'), new ConcurrencyLimit(ofCluster, 'cluster')] as const;
  const counters = { connectionsRefusedByEndpoint: 0 };
  const active = () => limits.map((limit) => limit.active);
  return { gate: new ConnectionGate(...limits, counters), limits, counters, active };
}

describe('ConnectionGate', () => {
  it('refuses at the limit of the endpoint, and takes nothing of the cluster then', () => {
    const { gate, counters, active } = gateOf(1, 5);
    expect([gate.tryAcquire(), gate.tryAcquire()]).toEqual([true, false]);
    expect(active()).toEqual([1, 1]);
    expect(counters.connectionsRefusedByEndpoint).toBe(1);
    expect(gate.refusal).toBe('limit of 1 endpoint reached (circuitBreaker.endpoint)');
  });

  it('refuses at the limit of the cluster, and takes nothing of the endpoint then', () => {
    const { gate, limits, counters, active } = gateOf(5, 1);
    expect([gate.tryAcquire(), gate.tryAcquire()]).toEqual([true, false]);
    expect(active()).toEqual([1, 1]);
    expect(gate.refusal).toBe('limit of 1 cluster reached (circuitBreaker.cluster)');
    expect([limits[1].overflows, counters.connectionsRefusedByEndpoint]).toEqual([1, 0]);
  });

  it('gives both back', () => {
    const { gate, active } = gateOf(1, 1);
    gate.tryAcquire();
    gate.release();
    expect(active()).toEqual([0, 0]);
    expect(gate.tryAcquire()).toBe(true);
  });
});

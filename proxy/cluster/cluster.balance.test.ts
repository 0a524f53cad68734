import { describe, expect, it } from 'vitest';
import { seededRandom } from '../balance/balancer.contract.ts';
import { HashKey } from '../balance/hash-key.ts';
import { xxh64 } from '../balance/xxh64.ts';
import { HealthRecord } from '../resilience/health-check/health-record.ts';
import { clusterConfig, endpointConfig } from '../testing/forwarder.ts';
import type { BalancerConfig } from './balancer-config.ts';
import { plainBalancer } from './balancer-config.ts';
import { Cluster } from './cluster.ts';
import type { EndpointConfig } from './cluster-config.ts';
import type { OwnLocality, Place } from './place.ts';
import { nowhere } from './place.ts';

function at(port: number, place: Partial<Place>, more: Partial<EndpointConfig> = {}): EndpointConfig {
  return { ...endpointConfig(port), place: { ...nowhere, ...place }, ...more };
}

function clusterOf(endpoints: EndpointConfig[], balancer: Partial<BalancerConfig> = {}, locality?: OwnLocality) {
  const clock = { nowMs: 0 };
  const random = seededRandom(3);
  const config = clusterConfig(endpoints, { balancer: { ...plainBalancer('random'), ...balancer } });
  const cluster = new Cluster(config, {
    dial: () => {},
    coarseNow: () => clock.nowMs,
    now: () => clock.nowMs,
    random,
    onEjection: () => {},
    healthChecks: null,
    ...(locality !== undefined && { locality }),
  });
  return { cluster, clock };
}

/** Share of each port in many picks. */
function shares(cluster: Cluster): Record<number, number> {
  const found: Record<number, number> = {};
  for (let i = 0; i < 20_000; i++) {
    const port = cluster.pick(null, null)?.config.port ?? 0;
    found[port] = (found[port] ?? 0) + 1 / 20_000;
  }
  return found;
}

describe('a cluster with levels', () => {
  const first = (health: EndpointConfig['health']) => at(1, { priority: 0 }, { health });

  it('uses the second level only as far as the first is not enough', () => {
    const reserve = at(9, { priority: 1 });
    const { cluster } = clusterOf([first('healthy'), at(2, {}), reserve]);
    expect(Object.keys(shares(cluster))).toEqual(['1', '2']);
    cluster.setEndpoints([first('unhealthy'), at(2, {}), reserve]);
    expect(cluster.levelPercents).toEqual([70, 30]);
    expect(shares(cluster)[9]).toBeCloseTo(0.3, 1);
    cluster.setEndpoints([first('unhealthy'), reserve]);
    expect(shares(cluster)).toEqual({ 9: expect.closeTo(1, 6) });
    cluster.setEndpoints([first('healthy'), reserve]);
    expect(shares(cluster)).toEqual({ 1: expect.closeTo(1, 6) });
  });

  it('tries the next level when the only endpoint of a level has failed', () => {
    const { cluster } = clusterOf([at(1, {}), at(2, {}, { health: 'unhealthy' }), at(9, { priority: 1 })]);
    const failed = [...cluster.endpoints][0] ?? null;
    for (let i = 0; i < 20; i++) expect(cluster.pick(failed, null)?.config.port).toBe(9);
  });

  it('takes the overprovisioning factor that comes with the endpoints', () => {
    const place = { overprovisioningPercent: 100 };
    const { cluster } = clusterOf([
      at(1, place),
      at(2, place, { health: 'unhealthy' }),
      at(9, { ...place, priority: 1 }),
    ]);
    expect(cluster.levelPercents).toEqual([50, 50]);
  });
});

describe('a cluster in panic', () => {
  it('picks without regard to health, and counts that', () => {
    const { cluster } = clusterOf([at(1, {}), at(2, {}, { health: 'unhealthy' }), at(3, {}, { health: 'unhealthy' })]);
    expect(cluster.isPanicking).toBe(true);
    expect(Object.keys(shares(cluster))).toEqual(['1', '2', '3']);
    expect(cluster.counters.panicPicks).toBe(20_000);
  });
});

describe('a cluster with localities', () => {
  it('divides requests by their weights', () => {
    const weighted = { localities: { kind: 'weighted' } } as const;
    const { cluster } = clusterOf([at(1, { zone: 'a', weight: 9 }), at(2, { zone: 'b', weight: 1 })], weighted);
    expect(shares(cluster)[1]).toBeCloseTo(0.9, 1);
  });

  it('stays in its zone while that has enough endpoints for its callers', () => {
    const callers = ['a', 'b'].map((zone) => ({ region: 'r', zone, count: 1 }));
    const shares6 = { routingEnabledPercent: 100, minClusterSize: 6, forceLocalMinSize: 0 };
    const zones = { kind: 'zone-aware', callers, ...shares6 } as const;
    const ports = [1, 2, 3, 4, 5, 6].map((port) => at(port, { region: 'r', zone: port < 4 ? 'a' : 'b' }));
    const own = { region: 'r', zone: 'a' };
    const { cluster } = clusterOf(ports, { localities: zones }, own);
    expect(Object.keys(shares(cluster))).toEqual(['1', '2', '3']);
    cluster.setEndpoints(ports.slice(1));
    expect(Object.keys(shares(cluster))).toEqual(['2', '3', '4', '5', '6']);
    // of callers in zones without endpoints as well
    const elsewhere = { region: 'r', zone: 'c', count: 3 };
    const more = { ...zones, callers: [...callers, elsewhere], minClusterSize: 5 };
    cluster.update({ ...cluster.config, balancer: { ...cluster.config.balancer, localities: more } });
    cluster.setEndpoints(ports.slice(1));
    expect(Object.keys(shares(cluster))).toEqual(['2', '3']);
  });
});

describe('a cluster that starts slowly', () => {
  it('gives a new endpoint more and more', () => {
    const slowStart = { windowMs: 10_000, aggression: 1, minWeightPercent: 10 };
    const { cluster, clock } = clusterOf([at(1, {})], { kind: 'round-robin', slowStart });
    clock.nowMs = 20_000;
    cluster.setEndpoints([at(1, {}), at(2, {})]);
    expect(shares(cluster)[2]).toBeCloseTo(0.1 / 1.1, 2);
    clock.nowMs = 25_000;
    cluster.sweep(clock.nowMs);
    expect(shares(cluster)[2]).toBeCloseTo(0.5 / 1.5, 2);
    clock.nowMs = 30_000;
    cluster.sweep(clock.nowMs);
    expect(shares(cluster)[2]).toBeCloseTo(0.5, 2);
  });
});

describe('an endpoint that has failed its health check', () => {
  it('starts slowly again when it passes', () => {
    const slowStart = { windowMs: 10_000, aggression: 1, minWeightPercent: 10 };
    const { cluster, clock } = clusterOf([at(1, {}), at(2, {})], { kind: 'round-robin', slowStart });
    const [, second] = cluster.endpoints;
    clock.nowMs = 60_000;
    if (second !== undefined) second.check = new HealthRecord(true);
    cluster.sweep(clock.nowMs);
    if (second !== undefined) second.check = new HealthRecord(false);
    clock.nowMs = 65_000;
    cluster.sweep(clock.nowMs);
    expect(second?.warmth).toBe(0.5);
    expect(shares(cluster)[2]).toBeCloseTo(0.5 / 1.5, 2);
  });
});

describe('a cluster that balances by answer times', () => {
  it('learns them, and keeps what it knows when endpoints change', () => {
    const { cluster } = clusterOf([at(1, {}), at(2, {})], { kind: 'peak-ewma' });
    const [slow] = cluster.endpoints;
    slow?.latency?.observe(900, false);
    cluster.setEndpoints([at(1, {}), at(2, {}), at(3, {})]);
    expect(Object.keys(shares(cluster))).toEqual(['2', '3']);
  });
});

describe('a cluster that hashes within bounds', () => {
  it('counts what is under way in all of it, also at endpoints that have gone', () => {
    const { cluster } = clusterOf([at(1, {}), at(2, {})], { kind: 'maglev', tableSize: 251, hashBalancePercent: 100 });
    const key = new HashKey();
    xxh64('somebody', key);
    const own = cluster.pick(null, key);
    own?.beginRequest();
    const other = cluster.pick(null, key);
    expect(other).not.toBe(own);
    other?.beginRequest();
    expect(cluster.pick(null, key)).toBe(own);
    cluster.setEndpoints([at(own?.config.port ?? 0, {})]);
    other?.endRequest();
    cluster.setEndpoints([at(1, {}), at(2, {})]);
    expect(cluster.pick(null, key)).not.toBe(own);
    own?.endRequest();
    expect(cluster.pick(null, key)).toBe(own);
  });
});

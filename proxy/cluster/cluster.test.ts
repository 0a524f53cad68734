import { describe, expect, it } from 'vitest';
import { HealthRecord } from '../resilience/health-check/health-record.ts';
import { localOrigin } from '../resilience/outlier/outcome.ts';
import { envoyOutlierDefaults } from '../resilience/outlier/outlier-settings.ts';
import { clusterConfig, endpointConfig } from '../testing/forwarder.ts';
import { Cluster } from './cluster.ts';
import type { ClusterConfig, EndpointConfig } from './cluster-config.ts';
import type { Endpoint } from './endpoint.ts';

const outlierDetection = {
  ...envoyOutlierDefaults,
  consecutive5xx: 1,
  intervalMs: 10_000,
  baseEjectionTimeMs: 1,
  alwaysEjectOneHost: true,
};

function clusterOf(ports: readonly number[], overrides: Partial<ClusterConfig> = {}) {
  const clock = { nowMs: 1000 };
  const dialled: string[] = [];
  const events: string[] = [];
  const config = clusterConfig(ports.map(endpointConfig), { panicThresholdPercent: 0, ...overrides });
  const cluster = new Cluster(config, {
    dial: ({ name }, { port }, protocol) => dialled.push(`${name} ${port} ${protocol}`),
    coarseNow: () => clock.nowMs,
    now: () => clock.nowMs,
    random: () => 0,
    onEjection: (_cluster, { name }, { kind }) => events.push(`${name} ${kind}`),
    healthChecks: null,
  });
  const picked = () => {
    const ports = Array.from({ length: 20 }, () => cluster.pick(null, null)?.config.port ?? 0);
    return [...new Set(ports)].sort();
  };
  return { cluster, config, clock, dialled, events, picked };
}

function at(cluster: Cluster, port: number): Endpoint {
  const endpoint = [...cluster.endpoints].find(({ config }) => config.port === port);
  if (endpoint === undefined) throw new Error(`no endpoint at ${port}`);
  return endpoint;
}

const failed = (cluster: Cluster, port: number) => cluster.reportOutcome(at(cluster, port), 503);

describe('the endpoints of a cluster', () => {
  it('stay the same objects while their addresses stay, whatever else of them changes', () => {
    const { cluster } = clusterOf([1, 2]);
    const kept = at(cluster, 2);
    kept.requestsTotal = 7;
    cluster.setEndpoints([{ ...endpointConfig(2), weight: 5 }, endpointConfig(3)]);
    expect(at(cluster, 2)).toBe(kept);
    expect([kept.requestsTotal, kept.weight]).toEqual([7, 5]);
    expect([...cluster.endpoints].map(({ config }) => config.port)).toEqual([2, 3]);
  });

  it('are made anew when a sidecar comes to stand before them, or goes', () => {
    const { cluster } = clusterOf([1]);
    const plain = at(cluster, 1);
    cluster.setEndpoints([{ ...endpointConfig(1), isMeshed: true }]);
    expect(at(cluster, 1)).not.toBe(plain);
  });

  it('leave the count of their connections behind', () => {
    const { cluster } = clusterOf([1, 2]);
    at(cluster, 1).tcp.total = 3;
    cluster.setEndpoints([endpointConfig(2)]);
    expect(cluster.counters.connectionsToGone).toBe(3);
  });

  it('come from elsewhere where the configuration is not to say them', () => {
    const { cluster, config } = clusterOf([1], { discovery: 'eds' });
    expect([...cluster.endpoints]).toEqual([]);
    cluster.setEndpoints([endpointConfig(9)]);
    cluster.update({ ...config, endpoints: [endpointConfig(1)] });
    expect([...cluster.endpoints].map(({ key }) => key)).toEqual(['127.0.0.1:9']);
  });
});

describe('an update of a cluster', () => {
  it('holds for the limits that are in use', () => {
    const { cluster, config } = clusterOf([1]);
    const { breaker } = cluster;
    const { connections } = at(cluster, 1);
    cluster.update({
      ...config,
      maxConnectionsPerEndpoint: 4,
      circuitBreaker: { ...config.circuitBreaker, maxRequests: 1 },
    });
    expect(cluster.breaker).toBe(breaker);
    expect([breaker.requests.tryAcquire(), breaker.requests.tryAcquire()]).toEqual([true, false]);
    expect([at(cluster, 1).connections, connections.max]).toEqual([connections, 4]);
  });

  it('makes endpoints anew for another TLS, and for nothing else', () => {
    const { cluster, config } = clusterOf([1, 2]);
    const [first, second] = [at(cluster, 1), at(cluster, 2)];
    cluster.update({ ...config, meshTls: null });
    expect(at(cluster, 1)).toBe(first);
    const tls = { sni: 'test', alpnProtocols: ['heddle-http/1.1'], expectedIdentities: ['spiffe://a/ns/b/sa/c'] };
    cluster.update({ ...config, meshTls: tls });
    expect(at(cluster, 1)).not.toBe(first);
    expect(at(cluster, 2)).not.toBe(second);
  });

  it('lets who was ejected back in when nobody is to be ejected any more', () => {
    const { cluster, config, picked } = clusterOf([1, 2], { outlierDetection });
    failed(cluster, 1);
    expect(picked()).toEqual([2]);
    cluster.update({ ...config, outlierDetection: null });
    expect(picked()).toEqual([1, 2]);
  });

  it('leaves who is ejected out when something else changes', () => {
    const { cluster, config, picked } = clusterOf([1, 2], { outlierDetection });
    failed(cluster, 1);
    expect(picked()).toEqual([2]);
    cluster.update({ ...config, maxRequestsPerConnection: 9 });
    cluster.setEndpoints([endpointConfig(1), endpointConfig(2)]);
    expect(picked()).toEqual([2]);
  });
});

describe('what a cluster hears of its endpoints', () => {
  it('is counted, and ejects, and is looked through once in an interval', () => {
    const { cluster, clock, events, picked } = clusterOf([1, 2], { outlierDetection });
    cluster.reportOutcome(at(cluster, 1), 200);
    failed(cluster, 1);
    cluster.reportOutcome(at(cluster, 2), localOrigin.failed);
    expect([at(cluster, 1).requestsSuccess, at(cluster, 1).requestsError]).toEqual([1, 1]);
    expect([at(cluster, 2).requestsSuccess, at(cluster, 2).requestsError]).toEqual([0, 1]);
    expect(events[0]).toBe('127.0.0.1:1 ejected');

    clock.nowMs = 9_999;
    cluster.sweep(clock.nowMs);
    expect(picked()).toEqual([2]);
    clock.nowMs = 10_000;
    cluster.sweep(clock.nowMs);
    expect(picked()).toEqual([1, 2]);
  });
});

describe('the endpoint of a session', () => {
  const key = '127.0.0.1:1';
  const withHealth = (health: EndpointConfig['health']) => [{ ...endpointConfig(1), health }, endpointConfig(2)];

  it('is had while it is well, or nearly', () => {
    const { cluster } = clusterOf([1, 2]);
    expect(cluster.sessionEndpoint(key)).toBe(at(cluster, 1));
    cluster.setEndpoints(withHealth('degraded'));
    expect(cluster.sessionEndpoint(key)).toBe(at(cluster, 1));
  });

  it.each(['draining', 'unhealthy'] as const)('is not had when it is %s', (health) => {
    const { cluster } = clusterOf([1, 2]);
    cluster.setEndpoints(withHealth(health));
    expect(cluster.sessionEndpoint(key)).toBeNull();
  });

  it('is not had when it is gone, ejected, or has failed a check', () => {
    const { cluster } = clusterOf([1, 2], { outlierDetection });
    at(cluster, 1).check = new HealthRecord(true);
    expect(cluster.sessionEndpoint(key)).toBeNull();
    at(cluster, 1).check = null;
    failed(cluster, 1);
    expect(cluster.sessionEndpoint(key)).toBeNull();
    cluster.setEndpoints([endpointConfig(2)]);
    expect(cluster.sessionEndpoint(key)).toBeNull();
  });
});

describe('a connection of its own', () => {
  it('is opened for bytes that are only carried', () => {
    const { cluster, dialled } = clusterOf([1]);
    cluster.dialTcp(at(cluster, 1), { onConnected: () => {}, onDialFailed: () => {} });
    expect(dialled).toEqual(['test 1 tcp']);
  });
});

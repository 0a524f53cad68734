import { afterEach, describe, expect, it } from 'vitest';
import { CheckGate } from '../resilience/health-check/check-gate.ts';
import type { Prober } from '../resilience/health-check/check-session.ts';
import type { CheckOutcome } from '../resilience/health-check/health-record.ts';
import { localOrigin } from '../resilience/outlier/outcome.ts';
import { envoyOutlierDefaults } from '../resilience/outlier/outlier-settings.ts';
import { FakeClock } from '../testing/fake-clock.ts';
import { clusterConfig, endpointConfig } from '../testing/forwarder.ts';
import { everyThreeSeconds } from '../testing/health-check-settings.ts';
import { Cluster } from './cluster.ts';
import type { ClusterConfig } from './cluster-config.ts';

const clusters: Cluster[] = [];
afterEach(() => {
  for (const cluster of clusters.splice(0)) cluster.close();
});

/** A cluster whose endpoints, on these ports, are as `state` says when they are asked. */
function checked(ports: readonly number[], overrides: Partial<ClusterConfig> = {}) {
  const clock = new FakeClock(0);
  const failing = new Set<number>();
  const silent = new Set<number>();
  const log: string[] = [];
  const open = new Set<number>();
  const proberFor = (port: number): Prober => {
    open.add(port);
    return {
      loading: null,
      check: (): Promise<CheckOutcome> => {
        if (silent.has(port)) return new Promise(() => {});
        return Promise.resolve().then(() =>
          failing.has(port) ? { kind: 'failure', reason: 'ill' } : { kind: 'success' },
        );
      },
      close: () => open.delete(port),
    };
  };
  const config = clusterConfig(ports.map(endpointConfig), {
    healthCheck: everyThreeSeconds,
    panicThresholdPercent: 0,
    ...overrides,
  });
  const cluster = new Cluster(config, {
    dial: () => {},
    coarseNow: () => clock.now(),
    now: () => clock.now(),
    random: () => 0,
    onEjection: () => {},
    healthChecks: {
      gate: new CheckGate(),
      random: () => 1,
      after: (ms, callback) => clock.after(ms, callback),
      proberFor: (_config, { port }) => proberFor(port),
      onHealthChange: (_cluster, { key }, { kind }) => log.push(`${key} ${kind}`),
    },
  });
  clusters.push(cluster);
  const settle = () => new Promise((resolve) => setImmediate(resolve));
  return {
    ...{ cluster, config, failing, silent, log, open, settle },
    async turn(): Promise<void> {
      clock.advance(3_000);
      await settle();
    },
    picked(): number[] {
      const all = Array.from({ length: 10 }, () => cluster.pick(null, null)?.config.port ?? 0);
      return [...new Set(all)].sort();
    },
  };
}

describe('health checks of a cluster', () => {
  it('take an endpoint out at once that answers that it has failed, until it passes one', async () => {
    const { cluster, picked, settle, log, turn } = checked([1, 2]);
    await settle();
    const [first] = cluster.endpoints;
    if (first === undefined) throw new Error('two were made');
    cluster.heedAnswer(first, 200, 'content-type: text/plain\r\n');
    expect(picked()).toEqual([1, 2]);
    cluster.heedAnswer(first, 200, 'X-Envoy-Immediate-Health-Check-Fail: true\r\n');
    expect(picked()).toEqual([2]);
    expect(first.check?.lastFailure).toBe('it answered x-envoy-immediate-health-check-fail');
    cluster.heedAnswer(first, 200, 'x-envoy-immediate-health-check-fail: true\r\n');
    expect(log).toEqual(['127.0.0.1:1 failure']);
    await turn();
    expect(picked()).toEqual([1, 2]);
    expect(log).toEqual(['127.0.0.1:1 failure', '127.0.0.1:1 success']);
  });

  it('hear it of no endpoint that is not checked', () => {
    const { cluster, picked } = checked([1, 2], { healthCheck: null });
    const [first] = cluster.endpoints;
    if (first === undefined) throw new Error('two were made');
    cluster.heedAnswer(first, 200, 'x-envoy-immediate-health-check-fail: true\r\n');
    expect(picked()).toEqual([1, 2]);
  });

  it('end the sessions of an endpoint that has failed', async () => {
    const { cluster, failing, settle } = checked([1, 2]);
    failing.add(1);
    expect(cluster.sessionEndpoint('127.0.0.1:1')?.config.port).toBe(1);
    await settle();
    expect(cluster.sessionEndpoint('127.0.0.1:1')).toBeNull();
    expect(cluster.sessionEndpoint('127.0.0.1:2')?.config.port).toBe(2);
  });

  it('leave endpoints in that come with their cluster, until they fail', async () => {
    const { failing, picked, settle, log } = checked([1, 2]);
    failing.add(1);
    expect(picked()).toEqual([1, 2]);
    await settle();
    expect(picked()).toEqual([2]);
    expect(log).toEqual(['127.0.0.1:1 failure']);
  });

  it('let an endpoint in that joins others only when it has passed', async () => {
    const { cluster, picked, settle } = checked([1]);
    await settle();
    cluster.setEndpoints([1, 2].map(endpointConfig));
    expect(picked()).toEqual([1]);
    await settle();
    expect(picked()).toEqual([1, 2]);
  });

  it('take endpoints out and let them in again', async () => {
    const { failing, picked, settle, turn, log } = checked([1, 2]);
    await settle();
    failing.add(2);
    await turn();
    expect(picked()).toEqual([1]);
    failing.delete(2);
    await turn();
    expect(picked()).toEqual([1, 2]);
    expect(log).toEqual(['127.0.0.1:2 failure', '127.0.0.1:2 success']);
  });

  it('do not let in whom the control plane calls unhealthy or draining', async () => {
    const { cluster, picked, settle, turn } = checked([1, 2, 3]);
    await settle();
    cluster.setEndpoints([
      endpointConfig(1),
      { ...endpointConfig(2), health: 'unhealthy' },
      { ...endpointConfig(3), health: 'draining' },
    ]);
    await turn();
    expect(picked()).toEqual([1]);
  });

  it('end with their endpoint, with their cluster, and where they are no longer asked for', async () => {
    const { cluster, config, open, settle } = checked([1, 2]);
    await settle();
    cluster.setEndpoints([endpointConfig(1)]);
    expect([...open]).toEqual([1]);
    cluster.update({ ...config, endpoints: [endpointConfig(1)], healthCheck: null });
    expect([...open]).toEqual([]);
    expect([...cluster.endpoints][0]?.check).toBeNull();
    cluster.update({ ...config, endpoints: [endpointConfig(1)] });
    expect([...open]).toEqual([1]);
    cluster.close();
    expect([...open]).toEqual([]);
  });

  it('keep an endpoint out that failed while they are asked in another way', async () => {
    const { cluster, config, failing, silent, picked, settle } = checked([1, 2]);
    failing.add(2);
    await settle();
    silent.add(2);
    cluster.update({ ...config, healthCheck: { ...everyThreeSeconds, intervalMs: 5_000 } });
    expect(picked()).toEqual([1]);
    silent.delete(2);
  });

  it('keep an endpoint out that failed while its connections are made anew', async () => {
    const { cluster, config, failing, open, picked, settle } = checked([1, 2]);
    failing.add(2);
    await settle();
    const meshTls = { sni: 's', alpnProtocols: [], expectedIdentities: ['spiffe://cluster.local/ns/default/sa/new'] };
    cluster.update({ ...config, meshTls });
    expect(picked()).toEqual([1]);
    expect([...open]).toEqual([1, 2]);
    failing.delete(2);
    await settle();
    expect(picked()).toEqual([1, 2]);
  });

  it('bring back an endpoint that was ejected for its answers', async () => {
    const outlierDetection = { ...envoyOutlierDefaults, alwaysEjectOneHost: true };
    const { cluster, picked, settle, turn } = checked([1, 2], { outlierDetection });
    await settle();
    const [one] = cluster.endpoints;
    if (one === undefined) throw new Error('no endpoint');
    for (let i = 0; i < 5; i++) cluster.reportOutcome(one, localOrigin.failed);
    expect(picked()).toEqual([2]);
    await turn();
    expect(picked()).toEqual([1, 2]);
  });

  it('are ignored when too few would remain', async () => {
    const { cluster, failing, picked, settle } = checked([1, 2, 3], { panicThresholdPercent: 50 });
    failing.add(1).add(2);
    await settle();
    expect(cluster.isPanicking).toBe(true);
    expect(picked()).toEqual([1, 2, 3]);
  });
});

import { describe, expect, it } from 'vitest';
import { Cluster } from '../cluster/cluster.ts';
import type { ClusterConfig } from '../cluster/cluster-config.ts';
import { defaultClusterConfig } from '../cluster/cluster-config.ts';
import { Activity } from '../telemetry/activity.ts';
import { EventLog } from '../telemetry/event-log.ts';
import { TrafficWatch } from './traffic-watch.ts';

const limits = { maxPendingRequests: 2, maxRequests: 5, maxRetries: 3, retryBudgetPercent: 0, minRetryConcurrency: 3 };

function watching(config: Partial<ClusterConfig> = {}) {
  const circuitBreaker = { ...limits, maxConnections: 2 };
  const cluster = new Cluster(
    { ...defaultClusterConfig('outbound|80||cart'), circuitBreaker, ...config },
    {
      ...{ dial() {}, coarseNow: () => 0, now: () => 0, random: () => 0, onEjection() {} },
      healthChecks: null,
    },
  );
  const events = new EventLog(0);
  const activities = new Map<string, WeakRef<Activity>>();
  const clock = { nowMs: 0 };
  const watch = new TrafficWatch(events, activities, () => clock.nowMs);
  return {
    cluster,
    watch,
    activities,
    /** What is told of the next second. */
    second(times = 1) {
      for (let i = 0; i < times; i++) {
        clock.nowMs += 1000;
        watch.look([cluster]);
      }
      return events.take();
    },
  };
}

function exhaust(limit: { tryAcquire(): boolean }, times: number): void {
  for (let i = 0; i < times; i++) limit.tryAcquire();
}

describe('TrafficWatch', () => {
  it('tells that a circuit is open with its first refusals, what there is too little of, and when it is closed', () => {
    const { cluster, watch, second } = watching();
    expect(second()).toEqual([]);
    expect(watch.conditions()).toEqual([]);
    exhaust(cluster.breaker.connections, 4); // two wait
    expect(second()).toEqual([]);
    exhaust(cluster.breaker.pendingRequests, 9);
    expect(second()).toMatchObject([
      { kind: 'CIRCUIT_OPEN', atMs: 3000, cluster: cluster.name, cause: 'connections', limit: 2, requests: 7 },
    ]);
    exhaust(cluster.breaker.pendingRequests, 3);
    expect(second()).toEqual([]);
    expect(watch.conditions()).toMatchObject([{ openLimit: 'connections', limit: 2, refused: 10 }]);
    expect(second(4)).toEqual([]);
    expect(second()).toMatchObject([{ kind: 'CIRCUIT_CLOSED', durationMs: 6000, requests: 10 }]);
    expect(watch.conditions()).toEqual([]);
  });

  it('tells requests in flight and places to wait apart from connections', () => {
    const busy = watching();
    exhaust(busy.cluster.highBreaker.requests, 1025);
    expect(busy.second()).toMatchObject([{ kind: 'CIRCUIT_OPEN', cause: 'requests', requests: 1 }]);
    const waiting = watching();
    exhaust(waiting.cluster.breaker.pendingRequests, 3);
    expect(waiting.second()).toMatchObject([{ kind: 'CIRCUIT_OPEN', cause: 'pending', limit: 2, requests: 1 }]);
    const carried = watching();
    carried.cluster.counters.carriedRefused = 2;
    expect(carried.second()).toMatchObject([{ kind: 'CIRCUIT_OPEN', cause: 'connections', limit: 2, requests: 2 }]);
  });

  it('tells of panic and of the fallback', () => {
    const { cluster, watch, second } = watching({ panicThresholdPercent: 50 });
    const endpoint = (port: number, health: 'healthy' | 'unhealthy') => ({
      ...{ key: `10.0.0.1:${port}`, address: '10.0.0.1', port, isMeshed: false, workload: 'cart-1', weight: 1, health },
      ...{ namespace: 'default', service: 'cart', version: '' },
      place: { region: '', zone: '', subZone: '', priority: 0, weight: 1, overprovisioningPercent: 140 },
    });
    cluster.setEndpoints([endpoint(1, 'healthy'), endpoint(2, 'unhealthy'), endpoint(3, 'unhealthy')]);
    expect(second()).toMatchObject([{ kind: 'PANIC_ENTERED', cluster: cluster.name }]);
    expect(watch.conditions()).toMatchObject([{ isPanicking: true, endpoints: 3, ejected: 0, openLimit: null }]);
    cluster.setEndpoints([endpoint(1, 'healthy')]);
    cluster.counters.fallbacks = 4;
    expect(second()).toMatchObject([
      { kind: 'FALLBACK_BEGAN', requests: 4 },
      { kind: 'PANIC_LEFT', durationMs: 1000 },
    ]);
    expect(second(5)).toMatchObject([{ kind: 'FALLBACK_ENDED', durationMs: 5000, requests: 4 }]);
  });

  it('tells what filters do: when it begins, and when it is over', () => {
    const { activities, second } = watching();
    const admission = new Activity('admission', 'outbound|80||cart');
    activities.set('a', new WeakRef(admission));
    expect(second()).toEqual([]);
    admission.count = 3;
    expect(second()).toMatchObject([{ kind: 'ADMISSION_DENIED', requests: 3, durationMs: 0 }]);
    activities.clear(); // no route has it any more
    expect(second(5)).toMatchObject([{ kind: 'ADMISSION_RESTORED', requests: 3, cause: '' }]);
  });

  it('tells that a fault has expired, or was not needed for a minute', () => {
    const { activities, second } = watching();
    const rule = 'FaultInjection/default/slow (faults.yaml:3)';
    const expiring = new Activity('fault', 'outbound|80||cart', rule, 3000);
    const quiet = new Activity('fault', 'outbound|80||web');
    activities.set('a', new WeakRef(expiring)).set('b', new WeakRef(quiet));
    expiring.count++;
    quiet.count++;
    expect(second()).toMatchObject([
      { kind: 'FAULT_BEGAN', rule, durationMs: 2000 },
      { kind: 'FAULT_BEGAN', durationMs: 0 },
    ]);
    expect(second(2)).toMatchObject([{ kind: 'FAULT_ENDED', rule, cause: 'expired', durationMs: 2000 }]);
    expect(second(57)).toEqual([]);
    expect(second()).toMatchObject([{ kind: 'FAULT_ENDED', cause: 'quiet', durationMs: 60_000 }]);
  });
});

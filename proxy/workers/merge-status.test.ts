import { describe, expect, it } from 'vitest';
import type { ClusterStatus } from '../admin/clusters-page.ts';
import { carrierStatistics } from '../carrier.ts';
import type { Statistic } from '../telemetry/statistic.ts';
import { clusterStatsOf } from '../telemetry/testing/stats.ts';
import { clusterStatistics, listenerStatistics } from '../telemetry/traffic-stats.ts';
import { addUp, countersOf, mergeDestinations, noCounters } from './merge-status.ts';
import type { WorkerReport } from './messages.ts';
import { MergedCounts, WorkerCounts } from './worker-counts.ts';

describe('addUp', () => {
  it('adds counters and gauges, and what is the same everywhere not', () => {
    const sum = addUp(clusterStatsOf(), clusterStatsOf({ requestsTotal: 30, endpointsHealthy: 3, ejectionsActive: 0 }));
    expect(sum).toMatchObject({
      name: 'outbound|80||cart.default.svc.cluster.local',
      requestsTotal: 42,
      requestsActive: 2,
      responsesByClass: [0, 0, 18, 0, 4, 2],
      endpoints: 3,
      endpointsHealthy: 3,
      ejectionsActive: 1,
      ejectionsTotal: 2,
      remainingConnections: 2044,
      remainingRetries: 0,
    });
  });

  it('changes neither of the two', () => {
    const first = Object.freeze(clusterStatsOf());
    expect(addUp(first, first)).not.toBe(first);
    expect(first).toEqual(clusterStatsOf());
  });
});

describe('countersOf', () => {
  it('keeps what was counted and forgets how it stood', () => {
    expect(countersOf(clusterStatsOf())).toMatchObject({
      requestsTotal: 12,
      retries: 4,
      requestsActive: 0,
      connectionsActive: 0,
      connectionsTotal: 5,
      endpoints: 0,
      remainingConnections: 0,
    });
  });

  it('knows of each statistic which of the two it is', () => {
    const kinds = Object.entries<Statistic>({ ...listenerStatistics, ...clusterStatistics, ...carrierStatistics });
    const ended: Record<string, unknown> = countersOf(Object.fromEntries(kinds.map(([key]) => [key, 1])));
    expect(ended).toEqual(Object.fromEntries(kinds.map(([key, { kind }]) => [key, kind === 'counter' ? 1 : 0])));
  });
});

describe('MergedCounts', () => {
  const report = (requests: number): WorkerReport => ({
    ...{ counts: [], connections: [], droppedSeries: 0, answers: 1, destinations: null },
    ...{ events: [], droppedEvents: 0, conditions: [] },
    clusters: [clusterStatsOf({ requestsTotal: requests, requestsActive: 1 })],
    listeners: [
      {
        ...{ direction: 'outbound', address: '127.0.0.1:1' },
        connectionsTotal: requests,
        connectionsActive: 1,
        ...{ overflows: 0, globalOverflows: 0, overloadRejects: 0 },
        handshakes: 0,
        handshakeFailures: 0,
      },
    ],
    downstream: [{ direction: 'outbound', total: requests, byClass: [0, 0, requests, 0, 0, 0] }],
    counters: {
      ...noCounters,
      refusedRequests: 1,
      memoryPressurePercent: requests,
    },
    usage: { cpuSeconds: 1, residentBytes: 10, heapBytes: 5, openDescriptors: 3, lagSeconds: 0.1 },
  });

  it('never goes back when a worker has ended, and does not count it as standing', () => {
    const [first, second, departed] = [new WorkerCounts(), new WorkerCounts(), new WorkerCounts()] as const;
    first.take(report(5));
    second.take(report(7));
    const merged = (all: WorkerCounts[]) => {
      const counts = new MergedCounts(all);
      const [cluster] = [...counts.clusters()];
      const [listener] = [...counts.listeners()];
      return {
        requests: [cluster?.requestsTotal, listener?.connectionsTotal, counts.downstream()[0]?.total],
        active: [cluster?.requestsActive, listener?.connectionsActive],
        refused: counts.counters().refusedRequests,
        pressure: counts.counters().memoryPressurePercent,
        usage: [counts.usage().cpuSeconds, counts.usage().residentBytes],
      };
    };
    expect(merged([first, second, departed])).toEqual({
      ...{ requests: [12, 12, 12], active: [2, 2], refused: 2, pressure: 7, usage: [2, 20] },
    });
    departed.addDeparted(first);
    expect(merged([second, departed])).toEqual({
      ...{ requests: [12, 12, 12], active: [1, 1], refused: 2, pressure: 7, usage: [2, 10] },
    });
    departed.forget('outbound|80||cart.default.svc.cluster.local');
    expect(merged([second, departed]).requests).toEqual([7, 12, 12]);
  });

  it('drops clusters that a whole report has no more of', () => {
    const counts = new WorkerCounts();
    counts.take(report(5));
    counts.take({ ...report(5), clusters: [], answers: 0 });
    expect(counts.clusters.size).toBe(1);
    counts.take({ ...report(5), clusters: [] });
    expect(counts.clusters.size).toBe(0);
  });
});

describe('mergeDestinations', () => {
  it('adds up endpoints by their address, and has one ejected where a worker has ejected it', () => {
    const status = (port: number, requests: number, isEjected: boolean): ClusterStatus => ({
      ...{
        name: 'cart',
        edsServiceName: 'cart',
        circuitBreaker: null,
        highPriority: null,
        answerRates: null,
        connectionRates: null,
      },
      names: [],
      endpoints: [
        {
          ...{
            address: '127.0.0.1',
            port,
            hostname: 'cart-1',
            weight: 2,
            health: 'healthy',
            isEjected,
            region: '',
            zone: '',
            priority: 0,
          },
          ...{ hasFailedCheck: false, isCheckPending: false, lastCheckFailure: '' },
          ...{ successRate: -1, localOriginSuccessRate: -1 },
          ...{ activeConnections: 1, connectFailures: 0, connections: 1, activeRequests: 0 },
          ...{ errors: 0, successes: requests, timeouts: 0, requests },
        },
      ],
    });
    const [cart, ...others] = mergeDestinations([[status(1, 3, false)], [status(1, 4, true)], [status(2, 5, false)]]);
    expect(others).toEqual([]);
    expect(cart?.endpoints.map(({ port, requests, weight, isEjected }) => [port, requests, weight, isEjected])).toEqual(
      [
        [1, 7, 2, true],
        [2, 5, 2, false],
      ],
    );
  });
});

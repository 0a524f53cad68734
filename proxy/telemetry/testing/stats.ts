import type { ClusterStats, TrafficStats } from '../traffic-stats.ts';
import { clusterStatistics } from '../traffic-stats.ts';

const zeroes = Object.fromEntries(Object.keys(clusterStatistics).map((key) => [key, 0])) as Record<
  keyof typeof clusterStatistics,
  number
>;

/** What is not named here is 0. */
export function clusterStatsOf(overrides: Partial<ClusterStats> = {}): ClusterStats {
  return {
    ...zeroes,
    name: 'outbound|80||cart.default.svc.cluster.local',
    requestsTotal: 12,
    requestsActive: 1,
    responsesByClass: [0, 0, 9, 0, 2, 1],
    retries: 4,
    retriesSucceeded: 3,
    retriesRefused: 1,
    timeouts: 1,
    perTryTimeouts: 2,
    connectionsTotal: 5,
    connectionsActive: 2,
    connectFailures: 4,
    endpoints: 3,
    endpointsDegraded: 0,
    panicPicks: 0,
    endpointsHealthy: 2,
    ejectionsActive: 1,
    ejectionsTotal: 1,
    detected_consecutive_5xx: 2,
    enforced_consecutive_5xx: 1,
    remainingConnections: 1022,
    remainingWaiting: 1024,
    remainingRequests: 1023,
    ...overrides,
  };
}

export function trafficStatsOf(...clusters: readonly ClusterStats[]): TrafficStats {
  return {
    clusters: () => clusters,
    listeners: () => [
      {
        direction: 'inbound',
        address: '127.0.0.1:15006',
        connectionsTotal: 7,
        connectionsActive: 3,
        ...{ overflows: 0, globalOverflows: 2, overloadRejects: 1 },
        handshakes: 6,
        handshakeFailures: 1,
      },
      {
        direction: 'outbound',
        address: '[::1]:15001',
        connectionsTotal: 2,
        connectionsActive: 1,
        ...{ overflows: 0, globalOverflows: 0, overloadRejects: 0 },
        ...{ handshakes: 0, handshakeFailures: 0 },
      },
    ],
  };
}

import type { Cluster } from './cluster/cluster.ts';
import type { HttpListener } from './listener/http-listener.ts';
import type { ClusterStats, ListenerStats } from './telemetry/traffic-stats.ts';

/** What the metrics page tells of a cluster. */
export function clusterStats(cluster: Cluster): ClusterStats {
  const { counters, breaker, detector } = cluster;
  const stats = {
    connectionsTotal: 0,
    connectionsActive: 0,
    connectFailures: 0,
    endpoints: 0,
    endpointsHealthy: 0,
  };
  for (const { pool, health, isEjected } of cluster.endpoints) {
    stats.connectionsTotal += pool.counters.connectionsTotal;
    stats.connectionsActive += pool.openConnections;
    stats.connectFailures += pool.counters.connectFailures;
    stats.endpoints++;
    if (health === 'healthy' && !isEjected) stats.endpointsHealthy++;
  }
  return {
    ...stats,
    name: cluster.name,
    requestsTotal: counters.requestsTotal,
    requestsActive: breaker.requests.active,
    requestsWaiting: breaker.pendingRequests.active,
    responsesByClass: counters.responsesByClass,
    retries: counters.requestsRetried,
    retriesSucceeded: counters.retriesSucceeded,
    retriesRefused: breaker.retries.overflows,
    timeouts: counters.timeouts,
    perTryTimeouts: counters.perTryTimeouts,
    requestsRefused: breaker.requests.overflows + breaker.pendingRequests.overflows,
    connectionsRefused: breaker.connections.overflows,
    noneHealthy: counters.noneHealthy,
    ejectionsActive: detector?.ejectionsActive ?? 0,
    ejectionsTotal: detector?.ejectionsEnforcedTotal ?? 0,
    ejectionsRefused: detector?.ejectionsOverflow ?? 0,
    remaining: {
      connections: breaker.connections.remaining,
      waiting: breaker.pendingRequests.remaining,
      requests: breaker.requests.remaining,
      retries: breaker.remainingRetries,
    },
  };
}

export function listenerStats(listener: HttpListener, direction: 'inbound' | 'outbound'): ListenerStats {
  const { accepted, handshakes, handshakeFailures } = listener.counters;
  const host = listener.host.includes(':') ? `[${listener.host}]` : listener.host;
  return {
    direction,
    address: `${host}:${listener.port}`,
    connectionsTotal: accepted,
    connectionsActive: listener.openConnections,
    handshakes,
    handshakeFailures,
  };
}

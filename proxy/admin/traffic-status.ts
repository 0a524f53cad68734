import { hostAndPort } from '../../proto/host-and-port.ts';
import type { Cluster } from '../cluster/cluster.ts';
import type { NameStatus } from '../cluster/cluster-names.ts';
import type { Listener } from '../listener/listener.ts';
import type { CircuitBreaker } from '../resilience/circuit-breaker.ts';
import { noEjections } from '../resilience/outlier/ejections.ts';
import { outlierCounts } from '../telemetry/outlier-statistics.ts';
import type { ClusterStats, ListenerStats } from '../telemetry/traffic-stats.ts';
import { statisticsOfCluster, statisticsOfListener } from '../telemetry/traffic-stats.ts';
import type { ClusterStatus } from './clusters-page.ts';
import type { Stat } from './stats-page.ts';

/** What metrics tell of a cluster. */
export function clusterStats(cluster: Cluster): ClusterStats {
  const { counters, breaker, highBreaker, detector, checks } = cluster;
  const ejections = detector?.counters ?? noEjections;
  const endpoints = [...cluster.endpoints];
  const sum = (count: (endpoint: (typeof endpoints)[number]) => number): number =>
    endpoints.reduce((total, endpoint) => total + count(endpoint), 0);
  return {
    name: cluster.name,
    requestsTotal: counters.requestsTotal,
    requestsActive: breaker.requests.active + highBreaker.requests.active,
    requestsWaiting: breaker.pendingRequests.active + highBreaker.pendingRequests.active,
    responsesByClass: counters.responsesByClass,
    retries: counters.requestsRetried,
    hedges: counters.requestsHedged,
    retriesSucceeded: counters.retriesSucceeded,
    retriesRefused: breaker.retries.overflows + highBreaker.retries.overflows,
    timeouts: counters.timeouts,
    perTryTimeouts: counters.perTryTimeouts,
    perTryIdleTimeouts: counters.perTryIdleTimeouts,
    retriesExhausted: counters.retriesExhausted,
    replaysAbandoned: counters.replaysAbandoned,
    mirrored: counters.mirrored,
    mirrorsSucceeded: counters.mirrorsSucceeded,
    mirrorsFailed: counters.mirrorsFailed,
    mirrorsDropped: counters.mirrorsDropped,
    requestsRefused: refusedRequests(breaker) + refusedRequests(highBreaker),
    connectionsTotal: counters.connectionsToGone + sum(({ poolCounters }) => poolCounters.connectionsTotal),
    connectionsActive: breaker.connections.active + highBreaker.connections.active,
    connectionsRefused:
      breaker.connections.overflows + highBreaker.connections.overflows + counters.connectionsRefusedByEndpoint,
    connectFailures: counters.connectFailures,
    noneHealthy: counters.noneHealthy,
    fallbacks: counters.fallbacks,
    endpoints: endpoints.length,
    panicPicks: counters.panicPicks,
    endpointsDegraded: endpoints.filter(({ health, isEjected }) => health === 'degraded' && !isEjected).length,
    endpointsResting: cluster.resting,
    endpointsHealthy: endpoints.filter(({ health, isEjected }) => health === 'healthy' && !isEjected).length,
    ejectionsActive: ejections.active,
    ejectionsTotal: ejections.enforcedTotal,
    ejectionsRefused: ejections.overflow,
    ...outlierCounts(ejections),
    checkAttempts: checks?.counters.attempts ?? 0,
    checkSuccesses: checks?.counters.successes ?? 0,
    checkFailures: checks?.counters.failures ?? 0,
    checkNetworkFailures: checks?.counters.networkFailures ?? 0,
    checkHealthy: checks?.healthy ?? 0,
    ...lookUpCounts(cluster.names?.statuses ?? []),
    remainingConnections: breaker.connections.remaining,
    remainingWaiting: breaker.pendingRequests.remaining,
    remainingRequests: breaker.requests.remaining,
    remainingRetries: breaker.remainingRetries,
    highRemainingConnections: highBreaker.connections.remaining,
    highRemainingWaiting: highBreaker.pendingRequests.remaining,
    highRemainingRequests: highBreaker.requests.remaining,
    highRemainingRetries: highBreaker.remainingRetries,
  };
}

function lookUpCounts(names: readonly NameStatus[]): { readonly lookUps: number; readonly lookUpFailures: number } {
  return {
    lookUps: names.reduce((sum, { lookUps }) => sum + lookUps, 0),
    lookUpFailures: names.reduce((sum, { failures }) => sum + failures, 0),
  };
}

function refusedRequests({ requests, pendingRequests }: CircuitBreaker): number {
  return requests.overflows + pendingRequests.overflows;
}

/** What `/clusters` shows of a cluster. */
export function clusterStatus(cluster: Cluster): ClusterStatus {
  return {
    name: cluster.name,
    edsServiceName: cluster.config.edsName,
    circuitBreaker: cluster.config.circuitBreaker,
    highPriority: cluster.config.highPriority,
    answerRates: cluster.detector?.answerRates ?? null,
    connectionRates: cluster.detector?.connectionRates ?? null,
    names: (cluster.names?.statuses ?? []).map(({ host, addresses, lastFailure, lookUps, failures }) => ({
      host,
      addresses,
      lastFailure,
      lookUps,
      failures,
    })),
    endpoints: [...cluster.endpoints].map((endpoint) => ({
      address: endpoint.config.address,
      port: endpoint.config.port,
      hostname: endpoint.config.workload,
      weight: endpoint.weight,
      health: endpoint.config.health,
      isEjected: endpoint.isEjected,
      hasFailedCheck: endpoint.check?.isFailed === true,
      isCheckPending: endpoint.check?.isPending === true,
      lastCheckFailure: endpoint.check?.lastFailure ?? '',
      successRate: endpoint.outlier?.successRate ?? -1,
      localOriginSuccessRate: endpoint.outlier?.localOriginSuccessRate ?? -1,
      region: endpoint.config.place.region,
      zone: endpoint.config.place.zone,
      priority: endpoint.config.place.priority,
      activeConnections: endpoint.openConnections,
      connectFailures: endpoint.poolCounters.connectFailures,
      connections: endpoint.poolCounters.connectionsTotal,
      activeRequests: endpoint.activeRequests,
      errors: endpoint.requestsError,
      successes: endpoint.requestsSuccess,
      timeouts: endpoint.requestsTimeout,
      requests: endpoint.requestsTotal,
    })),
  };
}

/** What metrics tell of a listener. */
export function listenerStats(direction: 'inbound' | 'outbound', listener: Listener): ListenerStats {
  const { counters, host, port, openConnections } = listener;
  return {
    direction,
    address: hostAndPort(host, port),
    connectionsTotal: counters.accepted,
    connectionsActive: openConnections,
    overflows: counters.overflows,
    globalOverflows: counters.globalOverflows,
    overloadRejects: counters.overloadRejects,
    handshakes: counters.handshakes,
    handshakeFailures: counters.handshakeFailures,
  };
}

/** `/stats` in Envoy's dotted names. */
export function* dottedStats(clusters: Iterable<ClusterStats>, listeners: Iterable<ListenerStats>): Iterable<Stat> {
  for (const stats of clusters) {
    const prefix = `cluster.${stats.name}.`;
    for (const { name, value } of statisticsOfCluster) yield [prefix + name, value(stats)];
    for (let index = 1; index <= 5; index++) {
      yield [`${prefix}upstream_rq_${index}xx`, stats.responsesByClass[index] ?? 0];
    }
  }
  for (const stats of listeners) {
    const prefix = `listener.${stats.address.replace(/:([0-9]+)$/, '_$1')}.`;
    for (const { name, value } of statisticsOfListener) yield [prefix + name, value(stats)];
  }
}

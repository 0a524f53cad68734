import { outlierStatistics } from './outlier-statistics.ts';
import type { Statistic, StatisticOf } from './statistic.ts';
import { counter, gauge, shared, valuesOf } from './statistic.ts';

/**
 * What is told of clusters and listeners, read when somebody asks. Plain numbers, so that whoever has them need not know how
 * they are named. Counters count from when the thing they belong to appeared.
 */
export interface TrafficStats {
  clusters(): Iterable<ClusterStats>;
  listeners(): Iterable<ListenerStats>;
}

/** Each `clusterStatistics`, for one cluster. */
export interface ClusterStats extends Readonly<Record<keyof typeof clusterStatistics, number>> {
  readonly name: string;
  /** Answers by class: index 1 to 5. */
  readonly responsesByClass: readonly number[];
}

/** Each `listenerStatistics`, for one listener. */
export interface ListenerStats extends Readonly<Record<keyof typeof listenerStatistics, number>> {
  readonly direction: 'inbound' | 'outbound';
  /** `127.0.0.1:15001`. */
  readonly address: string;
}

/** Requests of one direction, as they ended. */
export interface DownstreamRequests {
  readonly direction: 'inbound' | 'outbound';
  readonly total: number;
  /** By class: index 1 to 5; index 0 for those whose client went away. */
  readonly byClass: readonly number[];
}

/**
 * All that is told of a cluster. A row here and a number in `clusterStats` are a statistic on the page of metrics, on
 * `/stats`, and added up over workers.
 *
 * Source: Envoy, "Cluster manager statistics"; names without `cluster.<name>.`.
 */
export const clusterStatistics = {
  requestsTotal: counter('upstream_rq_total', 'Requests.'),
  requestsActive: gauge('upstream_rq_active', 'Requests in flight.'),
  requestsWaiting: gauge('upstream_rq_pending_active', 'Requests that wait for a connection.'),
  requestsRefused: counter(
    'upstream_rq_pending_overflow',
    'Requests refused because too many waited or were in flight.',
  ),
  retries: counter('upstream_rq_retry', 'Retries.'),
  hedges: counter(
    'upstream_rq_hedge',
    'Of the retries, those made beside a try that goes on; Envoy has no such count.',
  ),
  retriesSucceeded: counter('upstream_rq_retry_success', 'Requests that succeeded with a retry.'),
  retriesRefused: counter('upstream_rq_retry_overflow', 'Retries that the budget refused.'),
  retriesExhausted: counter('upstream_rq_retry_limit_exceeded', 'Requests that had no retry left.'),
  replaysAbandoned: counter('retry_or_shadow_abandoned', 'Requests with bodies too large to be sent again.'),
  timeouts: counter('upstream_rq_timeout', 'Requests that timed out.'),
  perTryTimeouts: counter('upstream_rq_per_try_timeout', 'Tries that timed out.'),
  perTryIdleTimeouts: counter('upstream_rq_per_try_idle_timeout', 'Tries that fell silent.'),
  mirrored: counter('mirrored_rq_total', 'Copies of requests.'),
  mirrorsSucceeded: counter('mirrored_rq_success', 'Copies that were answered, with a status below 500.'),
  mirrorsFailed: counter('mirrored_rq_error', 'Copies that were answered with a status from 500 on, or not at all.'),
  mirrorsDropped: counter(
    'mirrored_rq_dropped',
    'Copies for which there was no instance or no room, or that were too slow.',
  ),
  connectionsTotal: counter('upstream_cx_total', 'Connections opened.'),
  connectionsActive: gauge('upstream_cx_active', 'Connections that are open.'),
  connectFailures: counter('upstream_cx_connect_fail', 'Connections that could not be opened.'),
  connectionsRefused: counter('upstream_cx_overflow', 'Connections refused at the limit.'),
  noneHealthy: counter('upstream_cx_none_healthy', 'Requests without a healthy endpoint.'),
  fallbacks: counter('fallback_rq_total', 'Requests that went to the fallback of their route.'),
  endpoints: shared('membership_total', 'Endpoints.'),
  endpointsDegraded: shared(
    'membership_degraded',
    'Endpoints that take requests only when the healthy ones are not enough.',
  ),
  panicPicks: counter('lb_healthy_panic', 'Endpoints picked without regard to health, because too few are healthy.'),
  endpointsResting: shared('membership_retry_after', 'Endpoints that have asked not to be called for a while.'),
  endpointsHealthy: shared('membership_healthy', 'Endpoints that are healthy and not ejected.'),
  ejectionsActive: shared('outlier_detection.ejections_active', 'Endpoints that are ejected.'),
  ejectionsTotal: counter('outlier_detection.ejections_enforced_total', 'Ejections.'),
  ejectionsRefused: counter('outlier_detection.ejections_overflow', 'Ejections that were one too many.'),
  ...outlierStatistics,
  checkAttempts: counter('health_check.attempt', 'Health checks.'),
  checkSuccesses: counter('health_check.success', 'Health checks that were passed.'),
  checkFailures: counter('health_check.failure', 'Health checks that were failed.'),
  checkNetworkFailures: counter('health_check.network_failure', 'Of these, without an answer.'),
  checkHealthy: shared('health_check.healthy', 'Endpoints that no health check has condemned.'),
  lookUps: counter('update_attempt', 'Look-ups of the names of endpoints.'),
  lookUpFailures: counter('update_failure', 'Of these, without an address.'),
  remainingConnections: gauge('circuit_breakers.default.remaining_cx', 'Connections left.'),
  remainingWaiting: gauge('circuit_breakers.default.remaining_pending', 'Places to wait left.'),
  remainingRequests: gauge('circuit_breakers.default.remaining_rq', 'Requests left.'),
  remainingRetries: gauge('circuit_breakers.default.remaining_retries', 'Retries left.'),
  highRemainingConnections: gauge('circuit_breakers.high.remaining_cx', 'Connections left for priority HIGH.'),
  highRemainingWaiting: gauge('circuit_breakers.high.remaining_pending', 'Places to wait left for priority HIGH.'),
  highRemainingRequests: gauge('circuit_breakers.high.remaining_rq', 'Requests left for priority HIGH.'),
  highRemainingRetries: gauge('circuit_breakers.high.remaining_retries', 'Retries left for priority HIGH.'),
} as const satisfies Readonly<Record<string, Statistic>>;

/**
 * The same for a listener.
 *
 * Source: Envoy, "Listener statistics"; names without `listener.<address>.`.
 */
export const listenerStatistics = {
  connectionsTotal: counter('downstream_cx_total', 'Connections accepted.'),
  connectionsActive: gauge('downstream_cx_active', 'Connections that are open.'),
  overflows: counter('downstream_cx_overflow', 'Connections closed: the listener had as many as it may.'),
  globalOverflows: counter('downstream_global_cx_overflow', 'Connections closed: the sidecar had as many as it may.'),
  overloadRejects: counter(
    'downstream_cx_overload_reject',
    'Connections closed: the sidecar was close to the end of its memory.',
  ),
  handshakes: counter('ssl.handshake', 'TLS handshakes that succeeded.'),
  handshakeFailures: counter('ssl.connection_error', 'TLS handshakes that failed.'),
} as const satisfies Readonly<Record<string, Statistic>>;

/** A circuit breaker is open while nothing remains of its limit, whatever the number of workers that share it. */
const openLimits: readonly StatisticOf<ClusterStats>[] = (
  [
    ['default.cx', 'remainingConnections'],
    ['default.rq_pending', 'remainingWaiting'],
    ['default.rq', 'remainingRequests'],
    ['default.rq_retry', 'remainingRetries'],
    ['high.cx', 'highRemainingConnections'],
    ['high.rq_pending', 'highRemainingWaiting'],
    ['high.rq', 'highRemainingRequests'],
    ['high.rq_retry', 'highRemainingRetries'],
  ] as const
).map(([limit, remaining]) => ({
  ...gauge(`circuit_breakers.${limit}_open`, '1 while the limit is reached.'),
  value: (of) => (of[remaining] > 0 ? 0 : 1),
}));

export const statisticsOfCluster: readonly StatisticOf<ClusterStats>[] = [
  ...valuesOf<ClusterStats>(clusterStatistics),
  ...openLimits,
];

export const statisticsOfListener: readonly StatisticOf<ListenerStats>[] = valuesOf<ListenerStats>(listenerStatistics);

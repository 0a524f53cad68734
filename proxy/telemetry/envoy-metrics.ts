import type { MetricType } from './exposition.ts';
import { labelText, metricHeader, sample } from './exposition.ts';
import type { ClusterStats, DownstreamRequests, ListenerStats } from './traffic-stats.ts';

interface Row<Of> {
  readonly name: string;
  readonly type: MetricType;
  readonly help: string;
  readonly value: (of: Of) => number;
}

/**
 * Clusters, listeners and requests under the names that Envoy's statistics have in Prometheus.
 *
 * Source: Envoy, "Cluster manager statistics", "HTTP connection manager statistics", "Listener statistics".
 */
export function* envoyMetrics(
  clusters: readonly ClusterStats[],
  listeners: readonly ListenerStats[],
  downstream: readonly DownstreamRequests[],
): Iterable<string> {
  const ofCluster = ({ name }: ClusterStats) => labelText({ envoy_cluster_name: name });
  yield* table('envoy_cluster_', clusterRows, clusters, ofCluster);
  yield byClass('envoy_cluster_upstream_rq_xx', 'Answers by class.', clusters, ofCluster, (of) => of.responsesByClass);
  yield* table('envoy_http_downstream_', downstreamRows, downstream, prefixOf);
  yield byClass('envoy_http_downstream_rq_xx', 'Answers by class.', downstream, prefixOf, (of) => of.byClass);
  yield* table('envoy_http_downstream_', connectionRows, byDirection(listeners), prefixOf);
  yield* table('envoy_listener_', listenerRows, listeners, ({ address }) =>
    labelText({ envoy_listener_address: address.replace(/:([0-9]+)$/, '_$1') }),
  );
}

const clusterRows: readonly Row<ClusterStats>[] = [
  counter('upstream_rq_total', 'Requests.', (of) => of.requestsTotal),
  gauge('upstream_rq_active', 'Requests in flight.', (of) => of.requestsActive),
  gauge('upstream_rq_pending_active', 'Requests that wait for a connection.', (of) => of.requestsWaiting),
  untyped('upstream_rq_pending_overflow', 'Requests refused at the limit.', (of) => of.requestsRefused),
  untyped('upstream_rq_retry', 'Retries.', (of) => of.retries),
  untyped('upstream_rq_retry_success', 'Requests that succeeded with a retry.', (of) => of.retriesSucceeded),
  untyped('upstream_rq_retry_overflow', 'Retries that the budget refused.', (of) => of.retriesRefused),
  untyped('upstream_rq_timeout', 'Requests that timed out.', (of) => of.timeouts),
  untyped('upstream_rq_per_try_timeout', 'Tries that timed out.', (of) => of.perTryTimeouts),
  untyped('upstream_cx_total', 'Connections opened to the present endpoints.', (of) => of.connectionsTotal),
  gauge('upstream_cx_active', 'Connections that are open.', (of) => of.connectionsActive),
  untyped('upstream_cx_connect_fail', 'Connections that could not be opened.', (of) => of.connectFailures),
  untyped('upstream_cx_overflow', 'Connections refused at the limit.', (of) => of.connectionsRefused),
  untyped('upstream_cx_none_healthy', 'Requests without a healthy endpoint.', (of) => of.noneHealthy),
  untyped('membership_total', 'Endpoints.', (of) => of.endpoints),
  gauge('membership_healthy', 'Endpoints that are healthy and not ejected.', (of) => of.endpointsHealthy),
  gauge('outlier_detection_ejections_active', 'Endpoints that are ejected.', (of) => of.ejectionsActive),
  counter('outlier_detection_ejections_enforced_total', 'Ejections.', (of) => of.ejectionsTotal),
  untyped('outlier_detection_ejections_overflow', 'Ejections that were one too many.', (of) => of.ejectionsRefused),
  ...(['cx', 'rq_pending', 'rq', 'rq_retry'] as const).map((limit) =>
    gauge<ClusterStats>(`circuit_breakers_default_${limit}_open`, '1 while the limit is reached.', ({ remaining }) =>
      remaining[limitNames[limit]] > 0 ? 0 : 1,
    ),
  ),
  gauge('circuit_breakers_default_remaining_cx', 'Connections left.', ({ remaining }) => remaining.connections),
  gauge('circuit_breakers_default_remaining_pending', 'Places to wait left.', ({ remaining }) => remaining.waiting),
  gauge('circuit_breakers_default_remaining_rq', 'Requests left.', ({ remaining }) => remaining.requests),
  gauge('circuit_breakers_default_remaining_retries', 'Retries left.', ({ remaining }) => remaining.retries),
];

const downstreamRows: readonly Row<DownstreamRequests>[] = [
  counter('rq_total', 'Requests that were answered or failed.', (of) => of.total),
];

type Connections = Omit<ListenerStats, 'address' | 'overflows' | 'globalOverflows' | 'overloadRejects'>;

const connectionRows: readonly Row<Connections>[] = [
  counter('cx_total', 'Connections accepted.', (of) => of.connectionsTotal),
  gauge('cx_active', 'Connections that are open.', (of) => of.connectionsActive),
  counter('cx_ssl_total', 'Connections with mutual TLS.', (of) => of.handshakes),
];

const listenerRows: readonly Row<ListenerStats>[] = [
  counter('downstream_cx_total', 'Connections accepted.', (of) => of.connectionsTotal),
  gauge('downstream_cx_active', 'Connections that are open.', (of) => of.connectionsActive),
  untyped('downstream_cx_overflow', 'Connections closed: the listener had as many as it may.', (of) => of.overflows),
  untyped(
    'downstream_global_cx_overflow',
    'Connections closed: the sidecar had as many as it may.',
    (of) => of.globalOverflows,
  ),
  untyped(
    'downstream_cx_overload_reject',
    'Connections closed: the sidecar was close to the end of its memory.',
    (of) => of.overloadRejects,
  ),
  untyped('ssl_handshake', 'TLS handshakes that succeeded.', (of) => of.handshakes),
  untyped('ssl_connection_error', 'TLS handshakes that failed.', (of) => of.handshakeFailures),
];

function* table<Of>(
  prefix: string,
  rows: readonly Row<Of>[],
  all: readonly Of[],
  labelsOf: (of: Of) => string,
): Iterable<string> {
  if (all.length === 0) return;
  const labels = all.map(labelsOf);
  for (const { name, type, help, value } of rows) {
    let text = metricHeader(prefix + name, type, help);
    for (const [i, of] of all.entries()) text += sample(prefix + name, labels[i] ?? '', value(of));
    yield text;
  }
}

function byClass<Of>(
  name: string,
  help: string,
  all: readonly Of[],
  labelsOf: (of: Of) => string,
  classesOf: (of: Of) => readonly number[],
): string {
  if (all.length === 0) return '';
  let text = metricHeader(name, 'untyped', help);
  for (const of of all) {
    const labels = labelsOf(of);
    const counts = classesOf(of);
    for (let digit = 1; digit <= 5; digit++) {
      text += sample(name, `${labels},${labelText({ envoy_response_code_class: digit })}`, counts[digit] ?? 0);
    }
  }
  return text;
}

/** Envoy's connection managers are told apart by a prefix; ours are the two directions. */
function prefixOf({ direction }: { readonly direction: string }): string {
  return labelText({ envoy_http_conn_manager_prefix: direction });
}

function byDirection(listeners: readonly ListenerStats[]): Connections[] {
  return (['inbound', 'outbound'] as const).map((direction) => {
    const those = listeners.filter((listener) => listener.direction === direction);
    const sum = (value: (of: ListenerStats) => number) => those.reduce((total, of) => total + value(of), 0);
    return {
      direction,
      connectionsTotal: sum((of) => of.connectionsTotal),
      connectionsActive: sum((of) => of.connectionsActive),
      handshakes: sum((of) => of.handshakes),
      handshakeFailures: sum((of) => of.handshakeFailures),
    };
  });
}

const limitNames = { cx: 'connections', rq_pending: 'waiting', rq: 'requests', rq_retry: 'retries' } as const;

function counter<Of>(name: string, help: string, value: (of: Of) => number): Row<Of> {
  return { name, type: 'counter', help, value };
}

function gauge<Of>(name: string, help: string, value: (of: Of) => number): Row<Of> {
  return { name, type: 'gauge', help, value };
}

/** A counter without `_total`, or a gauge with it. */
function untyped<Of>(name: string, help: string, value: (of: Of) => number): Row<Of> {
  return { name, type: 'untyped', help, value };
}

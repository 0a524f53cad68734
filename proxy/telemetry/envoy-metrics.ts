import type { MetricType } from './exposition.ts';
import { labelText, metricHeader, sample } from './exposition.ts';
import type { Statistic, StatisticOf } from './statistic.ts';
import type { ClusterStats, DownstreamRequests, ListenerStats } from './traffic-stats.ts';
import { statisticsOfCluster, statisticsOfListener } from './traffic-stats.ts';

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
  yield* table('envoy_cluster_', statisticsOfCluster, clusters, ofCluster);
  yield byClass('envoy_cluster_upstream_rq_xx', 'Answers by class.', clusters, ofCluster, (of) => of.responsesByClass);
  yield* table('envoy_http_downstream_', downstreamRows, downstream, prefixOf);
  yield byClass('envoy_http_downstream_rq_xx', 'Answers by class.', downstream, prefixOf, (of) => of.byClass);
  yield* table('envoy_http_downstream_', connectionRows, byDirection(listeners), prefixOf);
  yield* table('envoy_listener_', statisticsOfListener, listeners, ({ address }) =>
    labelText({ envoy_listener_address: address.replace(/:([0-9]+)$/, '_$1') }),
  );
}

const downstreamRows: readonly StatisticOf<DownstreamRequests>[] = [
  { name: 'rq_total', kind: 'counter', help: 'Requests that were answered or failed.', value: (of) => of.total },
];

type Connections = Pick<ListenerStats, 'direction' | 'connectionsTotal' | 'connectionsActive' | 'handshakes'>;

const connectionRows: readonly StatisticOf<Connections>[] = [
  { name: 'cx_total', kind: 'counter', help: 'Connections accepted.', value: (of) => of.connectionsTotal },
  { name: 'cx_active', kind: 'gauge', help: 'Connections that are open.', value: (of) => of.connectionsActive },
  { name: 'cx_ssl_total', kind: 'counter', help: 'Connections with mutual TLS.', value: (of) => of.handshakes },
];

function* table<Of>(
  prefix: string,
  statistics: readonly StatisticOf<Of>[],
  all: readonly Of[],
  labelsOf: (of: Of) => string,
): Iterable<string> {
  if (all.length === 0) return;
  const labels = all.map(labelsOf);
  for (const { name, kind, help, value } of statistics) {
    const metric = prefix + name.replaceAll('.', '_');
    let text = metricHeader(metric, typeOf(metric, kind), help);
    for (const [i, of] of all.entries()) text += sample(metric, labels[i] ?? '', value(of));
    yield text;
  }
}

/** A counter without `_total`, or a gauge with it, goes without a type. */
function typeOf(metric: string, kind: Statistic['kind']): MetricType {
  if (metric.endsWith('_total') !== (kind === 'counter')) return 'untyped';
  return kind === 'counter' ? 'counter' : 'gauge';
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
    };
  });
}

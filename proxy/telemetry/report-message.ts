import { toSparseBuckets } from '../../proto/histogram.ts';
import type { Input } from '../../proto/load.ts';
import type { CodeCounts } from './code-counts.ts';
import { grpcStatusOf, httpStatusOf } from './outcome-code.ts';
import type { SeriesLabels } from './series-labels.ts';
import type { SeriesRegistry } from './series-registry.ts';
import type { TcpDeltas } from './tcp-delta.ts';
import type { TcpLabels } from './tcp-registry.ts';

export type ReportMessage = Input<'heddle.v1.ReportRequest'>;
export type SeriesMessage = Input<'heddle.v1.Series'>;
type SeriesName = Omit<SeriesMessage, 'count' | 'request_bytes' | 'response_bytes' | 'latency_us'>;

/** Takes all that was counted since it was last taken; it is in the caller's hands from now on. */
export function takeUnreported(registry: SeriesRegistry): SeriesMessage[] {
  const taken: SeriesMessage[] = [];
  for (const { labels, codes } of unreported(registry)) {
    for (const counts of codes) {
      taken.push(
        takeCounts(counts, {
          ...endsOf(labels),
          route: labels.route,
          unsent: labels.isUnsent,
          response_code: httpStatusOf(counts.code),
          grpc_response_status: grpcStatusOf(counts.code) < 0 ? '' : String(grpcStatusOf(counts.code)),
          response_flags: counts.flag,
          protocol: labels.protocol,
        }),
      );
    }
  }
  return taken;
}

/** TCP connections since they were last taken, and those that are open. */
export function takeUnreportedConnections(connections: TcpDeltas): SeriesMessage[] {
  return connections.take(Number.POSITIVE_INFINITY, true).map((delta) => ({
    ...endsOf(delta.labels),
    response_flags: delta.flag,
    protocol: 'tcp',
    request_bytes: delta.receivedBytes,
    response_bytes: delta.sentBytes,
    connections_opened: delta.opened,
    connections_closed: delta.closed,
    connections_open: delta.open,
  }));
}

function endsOf({ reporter, source, destination, host, isMutualTls }: SeriesLabels | TcpLabels) {
  return {
    reporter: reporter === 'source' ? 'SOURCE' : 'DESTINATION',
    source_workload: source.workload,
    source_namespace: source.namespace,
    source_service: source.service,
    source_version: source.version,
    source_principal: source.principal,
    destination_workload: destination.workload,
    destination_namespace: destination.namespace,
    destination_service: destination.serviceHost,
    destination_version: destination.version,
    destination_principal: destination.principal,
    mutual_tls: isMutualTls,
    host,
  } as const;
}

function* unreported(registry: SeriesRegistry) {
  for (const series of registry.all()) {
    const codes = [...series.codes()].filter((counts) => counts.unreported > 0);
    if (codes.length > 0) yield { labels: series.labels, codes };
  }
}

function takeCounts(counts: CodeCounts, name: SeriesName): SeriesMessage {
  const message = {
    ...name,
    count: counts.unreported,
    request_bytes: counts.requestBytes,
    response_bytes: counts.responseBytes,
    latency_us: { ...toSparseBuckets(counts.latency), sum: counts.latencySumUs },
  };
  counts.markReported();
  return message;
}

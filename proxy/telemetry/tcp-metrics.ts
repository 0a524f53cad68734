import { labelText, metricHeader, sample } from './exposition.ts';
import { istioLabels, securityPolicy } from './istio-labels.ts';
import type { TcpSeries } from './tcp-registry.ts';

const counters = [
  {
    name: 'istio_tcp_connections_opened_total',
    help: 'TCP connections that were opened, or came to nothing.',
    of: ({ opened }: TcpSeries) => opened,
  },
  {
    name: 'istio_tcp_connections_closed_total',
    help: 'TCP connections that are over.',
    of: ({ closed }: TcpSeries) => closed,
  },
  {
    name: 'istio_tcp_sent_bytes_total',
    help: 'Bytes that went to the client.',
    of: ({ sentBytes }: TcpSeries) => sentBytes,
  },
  {
    name: 'istio_tcp_received_bytes_total',
    help: 'Bytes that came from the client.',
    of: ({ receivedBytes }: TcpSeries) => receivedBytes,
  },
] as const;

/** TCP connections under Istio's metric names and labels, in chunks. Source: Istio, "Istio Standard Metrics". */
export function* tcpMetrics(all: readonly TcpSeries[]): Iterable<string> {
  if (all.length === 0) return;
  const labels = all.map((series) =>
    labelText({
      ...istioLabels(series.labels),
      request_protocol: 'tcp',
      response_flags: series.flag,
      connection_security_policy: securityPolicy(series.labels.isMutualTls),
    }),
  );
  for (const { name, help, of } of counters) {
    yield metricHeader(name, 'counter', help);
    for (const [i, series] of all.entries()) yield sample(name, labels[i] ?? '', of(series));
  }
}

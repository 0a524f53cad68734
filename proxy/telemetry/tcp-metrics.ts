import { labelText, metricHeader, sample } from './exposition.ts';
import { istioLabels, securityPolicy } from './istio-labels.ts';
import type { TcpSeries } from './tcp-registry.ts';

type Exposed = Pick<TcpSeries, 'opened' | 'closed' | 'sentBytes' | 'receivedBytes'>;

const counters = [
  {
    name: 'istio_tcp_connections_opened_total',
    help: 'TCP connections that were opened, or came to nothing.',
    of: ({ opened }: Exposed) => opened,
  },
  {
    name: 'istio_tcp_connections_closed_total',
    help: 'TCP connections that are over.',
    of: ({ closed }: Exposed) => closed,
  },
  {
    name: 'istio_tcp_sent_bytes_total',
    help: 'Bytes that went to the client.',
    of: ({ sentBytes }: Exposed) => sentBytes,
  },
  {
    name: 'istio_tcp_received_bytes_total',
    help: 'Bytes that came from the client.',
    of: ({ receivedBytes }: Exposed) => receivedBytes,
  },
] as const;

/** TCP connections under Istio's metric names and labels, in chunks. Source: Istio, "Istio Standard Metrics". */
export function* tcpMetrics(all: readonly TcpSeries[]): Iterable<string> {
  if (all.length === 0) return;
  const exposed = new Map<string, Exposed>();
  for (const series of all) {
    const labels = labelText({
      ...istioLabels(series.labels),
      request_protocol: 'tcp',
      response_flags: series.flag,
      connection_security_policy: securityPolicy(series.labels.isMutualTls),
    });
    exposed.set(labels, sum(series, exposed.get(labels)));
  }
  for (const { name, help, of } of counters) {
    yield metricHeader(name, 'counter', help);
    for (const [labels, counts] of exposed) yield sample(name, labels, of(counts));
  }
}

/** Series that Prometheus cannot tell apart are one. */
function sum(a: Exposed, b: Exposed | undefined): Exposed {
  if (b === undefined) return a;
  return {
    opened: a.opened + b.opened,
    closed: a.closed + b.closed,
    sentBytes: a.sentBytes + b.sentBytes,
    receivedBytes: a.receivedBytes + b.receivedBytes,
  };
}

import type { Registry } from 'prom-client';
import { Counter, Gauge } from 'prom-client';
import type { MeshTelemetry } from './mesh-telemetry.ts';
import type { MeshLabels, MeshTotal, MeshTotals } from './mesh-totals.ts';
import { meshLabelNames } from './mesh-totals.ts';

/**
 * The whole mesh on the control plane's `/metrics`.
 *
 * Callers and callees both count, told apart by `reporter`: a sum must choose one. `reporter="destination"` is what
 * arrived, and agrees with `istio_requests_total{reporter="destination"}` of all sidecars; `reporter="source"` is what
 * callers got, requests that never reached anybody included.
 */
export function registerMeshMetrics(registry: Registry, telemetry: MeshTelemetry): void {
  const registers = [registry];
  const totalOf = (totals: MeshTotals) => (name: string, help: string, read: (of: MeshTotal) => number) =>
    new Counter({
      name,
      help,
      labelNames: meshLabelNames,
      registers,
      collect() {
        this.reset();
        for (const each of totals.all()) this.inc(each.labels satisfies MeshLabels, read(each));
      },
    });
  const total = totalOf(telemetry.totals);
  total('heddle_mesh_requests_total', 'Requests in the mesh, as the sidecars report them.', (of) => of.requests);
  total('heddle_mesh_request_bytes_total', 'Bytes of request bodies in the mesh.', (of) => of.requestBytes);
  total('heddle_mesh_response_bytes_total', 'Bytes of response bodies in the mesh.', (of) => of.responseBytes);
  const tcp = totalOf(telemetry.tcpTotals);
  tcp('heddle_mesh_tcp_connections_opened_total', 'TCP connections opened in the mesh.', (of) => of.openedConnections);
  tcp('heddle_mesh_tcp_connections_closed_total', 'TCP connections that are over.', (of) => of.closedConnections);
  tcp('heddle_mesh_tcp_received_bytes_total', 'Bytes that came from TCP clients.', (of) => of.requestBytes);
  tcp('heddle_mesh_tcp_sent_bytes_total', 'Bytes that went to TCP clients.', (of) => of.responseBytes);

  const { counts, ledger, aggregator } = telemetry;
  const counter = (name: string, help: string, label: string, read: () => Readonly<Record<string, number>>) =>
    new Counter({
      name,
      help,
      labelNames: [label],
      registers,
      collect() {
        this.reset();
        for (const [value, count] of Object.entries(read())) this.inc({ [label]: value }, count);
      },
    });
  counter('heddle_telemetry_reports_total', 'Reports of sidecars, by what became of them.', 'result', () => ({
    accepted: counts.accepted,
    repeated: counts.repeated,
  }));
  counter('heddle_telemetry_series_lost_total', 'Reported series not in heddle stat, by reason.', 'reason', () => ({
    ...counts.refused,
    late: aggregator.late,
    evicted: aggregator.evictedSeries,
  }));
  counter('heddle_telemetry_sidecar_dropped_total', 'What sidecars dropped, as they report it.', 'what', () => ({
    ...ledger.dropped,
  }));
  counter(
    'heddle_telemetry_time_lost_total',
    'Five-second spans forgotten early for lack of memory.',
    'reason',
    () => ({
      memory: aggregator.evictedBuckets,
    }),
  );
  counter('heddle_telemetry_events_total', 'Events that sidecars told, and that made room for others.', 'what', () => ({
    told: telemetry.events.lastId,
    forgotten: telemetry.events.forgotten,
  }));
  new Gauge({
    name: 'heddle_telemetry_series',
    help: 'Series of the last hour.',
    registers,
    collect() {
      this.set(aggregator.seriesCount);
    },
  });
}

import { spawnSync } from 'node:child_process';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { hasProgram } from '../../examples/testing/programs.ts';
import { MetricsPage } from './metrics-page.ts';
import { SeriesRegistry } from './series-registry.ts';
import { TcpRegistry } from './tcp-registry.ts';
import { labelsOf } from './testing/labels.ts';
import { startPrometheus } from './testing/prometheus-server.ts';
import { clusterStatsOf, trafficStatsOf } from './testing/stats.ts';

const pages: MetricsPage[] = [];
afterEach(() => {
  for (const page of pages.splice(0)) page.close();
});

function pageOf(registry = new SeriesRegistry(), clusters = [clusterStatsOf()]): MetricsPage {
  const page = new MetricsPage({
    registry,
    connections: new TcpRegistry(),
    traffic: trafficStatsOf(...clusters),
    downstream: () => [
      { direction: 'inbound', total: 3, byClass: [0, 0, 2, 0, 1, 0] },
      { direction: 'outbound', total: 1, byClass: [1, 0, 0, 0, 0, 0] },
    ],
    facts: {
      version: '0.1.0',
      certificateExpiry: () => [{ kind: 'leaf', expiresAtMs: 1_700_000_000_000 }],
      counters: () => [{ name: 'heddle_access_log_dropped_total', help: 'Lines that were not written.', value: 2 }],
      gauges: () => [{ name: 'heddle_fault_active', help: 'Held up.', value: 1.5 }],
    },
  });
  pages.push(page);
  return page;
}

function registryWithRequests(): SeriesRegistry {
  const registry = new SeriesRegistry();
  const series = registry.series(labelsOf());
  for (let i = 0; i < 20; i++) series.record(200, '-', i, i * 10, i * 100);
  series.record(503, 'UF', 0.3, 0, 120);
  const unknown = { workload: '', namespace: '', service: '', version: '', principal: '' };
  registry.series(labelsOf({ source: unknown, isMutualTls: false })).record(404, 'NR', 0.1, 0, 0);
  return registry;
}

function sampleOf(text: string, metric: string, ...labels: string[]): number | undefined {
  const line = text
    .split('\n')
    .find((each) => new RegExp(`^${metric}[{ ]`).test(each) && labels.every((label) => each.includes(label)));
  return line === undefined ? undefined : Number(line.slice(line.lastIndexOf(' ')));
}

describe('MetricsPage', () => {
  it('has all labels of Istio on requests, and unknown for what is not known', async () => {
    const text = await pageOf(registryWithRequests()).text();
    const line = text.split('\n').find((each) => each.startsWith('istio_requests_total') && each.includes('503'));
    const labels = Object.fromEntries([...(line ?? '').matchAll(/(\w+)="([^"]*)"/g)].map((match) => match.slice(1)));
    expect(labels).toEqual({
      reporter: 'destination',
      source_workload: 'web-1',
      source_workload_namespace: 'default',
      source_principal: 'spiffe://cluster.local/ns/default/sa/web',
      source_app: 'web',
      source_version: 'v1',
      source_cluster: 'heddle',
      source_canonical_service: 'web',
      source_canonical_revision: 'v1',
      destination_workload: 'cart-v1-1',
      destination_workload_namespace: 'default',
      destination_principal: 'spiffe://cluster.local/ns/default/sa/cart',
      destination_app: 'cart',
      destination_version: 'v1',
      destination_cluster: 'heddle',
      destination_service: 'cart.default.svc.cluster.local',
      destination_service_name: 'cart',
      destination_service_namespace: 'default',
      destination_canonical_service: 'cart',
      destination_canonical_revision: 'v1',
      request_protocol: 'http',
      response_code: '503',
      response_flags: 'UF',
      connection_security_policy: 'mutual_tls',
    });
    expect(sampleOf(text, 'istio_requests_total', 'source_app="unknown"', 'connection_security_policy="none"')).toBe(1);
  });

  it('has cumulative buckets that end in the count', async () => {
    const text = await pageOf(registryWithRequests()).text();
    const good = 'response_code="200"';
    expect(sampleOf(text, 'istio_request_duration_milliseconds_bucket', good, 'le="0.5"')).toBe(1);
    expect(sampleOf(text, 'istio_request_duration_milliseconds_bucket', good, 'le="5"')).toBe(6);
    expect(sampleOf(text, 'istio_request_duration_milliseconds_bucket', good, 'le="+Inf"')).toBe(20);
    expect(sampleOf(text, 'istio_request_duration_milliseconds_count', good)).toBe(20);
    expect(sampleOf(text, 'istio_request_duration_milliseconds_sum', good)).toBe(190);
    expect(sampleOf(text, 'istio_response_bytes_bucket', good, 'le="1000"')).toBe(11);
  });

  it('has the numbers of clusters, listeners and the process under their names', async () => {
    const text = await pageOf().text();
    const cluster = 'envoy_cluster_name="outbound|80||cart.default.svc.cluster.local"';
    const expected: Record<string, number> = {
      envoy_cluster_upstream_rq_total: 12,
      envoy_cluster_upstream_rq_retry: 4,
      envoy_cluster_upstream_rq_retry_success: 3,
      envoy_cluster_upstream_rq_timeout: 1,
      envoy_cluster_upstream_rq_per_try_timeout: 2,
      envoy_cluster_upstream_cx_active: 2,
      envoy_cluster_upstream_cx_total: 5,
      envoy_cluster_upstream_cx_connect_fail: 4,
      envoy_cluster_membership_total: 3,
      envoy_cluster_membership_healthy: 2,
      envoy_cluster_outlier_detection_ejections_enforced_total: 1,
      envoy_cluster_outlier_detection_ejections_detected_consecutive_5xx: 2,
      envoy_cluster_outlier_detection_ejections_enforced_consecutive_5xx: 1,
      envoy_cluster_circuit_breakers_default_rq_open: 0,
      envoy_cluster_circuit_breakers_default_rq_retry_open: 1,
      envoy_cluster_circuit_breakers_default_remaining_rq: 1023,
    };
    for (const [metric, value] of Object.entries(expected)) {
      expect({ [metric]: sampleOf(text, metric, cluster) }).toEqual({ [metric]: value });
    }
    expect(sampleOf(text, 'envoy_cluster_upstream_rq_xx', 'envoy_response_code_class="4"')).toBe(2);
    expect(sampleOf(text, 'envoy_http_downstream_rq_total', 'envoy_http_conn_manager_prefix="inbound"')).toBe(3);
    expect(sampleOf(text, 'envoy_http_downstream_cx_ssl_total', 'envoy_http_conn_manager_prefix="inbound"')).toBe(6);
    expect(sampleOf(text, 'envoy_listener_downstream_cx_active', 'envoy_listener_address="[::1]_15001"')).toBe(1);
    const inbound = 'envoy_listener_address="127.0.0.1_15006"';
    expect(sampleOf(text, 'envoy_listener_downstream_global_cx_overflow', inbound)).toBe(2);
    expect(sampleOf(text, 'envoy_listener_downstream_cx_overload_reject', inbound)).toBe(1);
    expect(sampleOf(text, 'heddle_certificate_expiration_timestamp_seconds', 'kind="leaf"')).toBe(1_700_000_000);
    expect(sampleOf(text, 'heddle_access_log_dropped_total')).toBe(2);
    expect(sampleOf(text, 'heddle_fault_active')).toBe(1.5);
    expect(sampleOf(text, 'heddle_metrics_series_dropped_total')).toBe(0);
    expect(sampleOf(text, 'process_resident_memory_bytes')).toBeGreaterThan(10_000_000);
    expect(sampleOf(text, 'process_cpu_seconds_total')).toBeGreaterThan(0);
  });

  it('escapes what stands in labels', async () => {
    const text = await pageOf(new SeriesRegistry(), [clusterStatsOf({ name: 'a"b\\c\nd' })]).text();
    expect(text).toContain('envoy_cluster_name="a\\"b\\\\c\\nd"');
  });

  it('makes a large page in pieces', async () => {
    const registry = new SeriesRegistry();
    for (let i = 0; i < 30; i++)
      registry.series(labelsOf({ source: { ...labelsOf().source, workload: `w${i}` } })).record(200, '-', 1, 0, 0);
    const sizes: number[] = [];
    for await (const chunk of pageOf(registry).chunks()) sizes.push(chunk.length);
    expect(sizes.length).toBeGreaterThan(10);
    expect(Math.max(...sizes)).toBeLessThan(150_000);
  });

  it.skipIf(!hasProgram('promtool'))('passes promtool check metrics, but for the milliseconds of Istio', async () => {
    const { stderr, stdout } = spawnSync('promtool', ['check', 'metrics'], {
      input: await pageOf(registryWithRequests()).text(),
      encoding: 'utf8',
    });
    expect(`${stdout}${stderr}`.trim().split('\n')).toEqual([
      expect.stringMatching(/^istio_request_duration_milliseconds use base unit "seconds"/),
    ]);
  });

  it.skipIf(!hasProgram('prometheus'))(
    'is scraped and queried by a real Prometheus',
    async () => {
      const page = pageOf(registryWithRequests());
      const exporter = createServer((_request, response) => {
        void page
          .text()
          .then((text) => response.setHeader('content-type', 'text/plain; version=0.0.4; charset=utf-8').end(text));
      });
      await new Promise<void>((resolve) => exporter.listen(0, '127.0.0.1', resolve));
      const prometheus = await startPrometheus((exporter.address() as AddressInfo).port);
      try {
        const value = await prometheus.query('sum by (destination_service_name) (istio_requests_total)');
        expect(value).toEqual([{ metric: { destination_service_name: 'cart' }, value: '22' }]);
        const p90 =
          'histogram_quantile(0.9, sum by (le) (istio_request_duration_milliseconds_bucket{response_code="200"}))';
        expect(Number((await prometheus.query(p90))[0]?.value)).toBeCloseTo(21.67, 1);
        expect(await prometheus.query('envoy_cluster_upstream_rq_retry')).toMatchObject([{ value: '4' }]);
      } finally {
        await prometheus.stop();
        exporter.closeAllConnections();
        exporter.close();
      }
    },
    30_000,
  );
});

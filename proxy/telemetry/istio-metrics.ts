import { istioBuckets, totalsLayout } from './code-counts.ts';
import { labelText, metricHeader, sample } from './exposition.ts';
import { grpcStatusOf, httpStatusOf } from './outcome-code.ts';
import type { ExposedCounts } from './series-registry.ts';

const histograms = [
  {
    name: 'istio_request_duration_milliseconds',
    help: 'Time from the head of a request to the end of its answer.',
    buckets: totalsLayout.durationMs,
    sum: totalsLayout.durationMsSum,
  },
  {
    name: 'istio_request_bytes',
    help: 'Size of request bodies, with their framing.',
    buckets: totalsLayout.requestBytes,
    sum: totalsLayout.requestBytesSum,
  },
  {
    name: 'istio_response_bytes',
    help: 'Size of response bodies, with their framing.',
    buckets: totalsLayout.responseBytes,
    sum: totalsLayout.responseBytesSum,
  },
] as const;

const boundLabels = [...istioBuckets.map(String), '+Inf'];

/**
 * Requests under Istio's metric names and labels, so that dashboards and graphs made for Istio work unchanged. In
 * chunks, one for each series: the page of a busy sidecar is large, and who writes it out may let requests pass between.
 *
 * Source: Istio, "Istio Standard Metrics".
 */
export function* istioMetrics(exposed: readonly ExposedCounts[]): Iterable<string> {
  const labels = exposed.map(istioLabels);
  yield metricHeader('istio_requests_total', 'counter', 'Requests that were answered or failed.');
  for (const [i, { totals }] of exposed.entries()) {
    yield sample('istio_requests_total', labels[i] ?? '', totals[totalsLayout.count] ?? 0);
  }
  for (const { name, help, buckets, sum } of histograms) {
    yield metricHeader(name, 'histogram', help);
    for (const [i, { totals }] of exposed.entries()) yield histogram(name, labels[i] ?? '', totals, buckets, sum);
  }
}

function histogram(name: string, labels: string, totals: Float64Array, buckets: number, sum: number): string {
  let text = '';
  let count = 0;
  for (const [i, bound] of boundLabels.entries()) {
    count += totals[buckets + i] ?? 0;
    text += `${name}_bucket{${labels},le="${bound}"} ${count}\n`;
  }
  return `${text}${name}_sum{${labels}} ${totals[sum]}\n${name}_count{${labels}} ${count}\n`;
}

function istioLabels({ labels, code, flag }: ExposedCounts): string {
  const { reporter, source, destination, protocol, isMutualTls } = labels;
  return labelText({
    reporter,
    source_workload: source.workload || unknown,
    source_workload_namespace: source.namespace || unknown,
    source_principal: source.principal || unknown,
    source_app: source.service || unknown,
    source_version: source.version || unknown,
    source_cluster: clusterOf(source.namespace),
    source_canonical_service: source.service || unknown,
    source_canonical_revision: revisionOf(source.service, source.version),
    destination_workload: destination.workload || unknown,
    destination_workload_namespace: destination.namespace || unknown,
    destination_principal: destination.principal || unknown,
    destination_app: destination.serviceName || unknown,
    destination_version: destination.version || unknown,
    destination_cluster: clusterOf(destination.namespace),
    destination_service: destination.serviceHost || unknown,
    destination_service_name: destination.serviceName || unknown,
    destination_service_namespace: destination.namespace || unknown,
    destination_canonical_service: destination.serviceName || unknown,
    destination_canonical_revision: revisionOf(destination.serviceName, destination.version),
    request_protocol: protocol,
    response_code: httpStatusOf(code),
    ...(protocol === 'grpc' ? { grpc_response_status: grpcStatusOf(code) < 0 ? '' : grpcStatusOf(code) } : {}),
    response_flags: flag,
    connection_security_policy: isMutualTls ? 'mutual_tls' : 'none',
  });
}

const unknown = 'unknown';

/** There is one cluster of machines in a mesh so far; who has no namespace is not in it. */
function clusterOf(namespace: string): string {
  return namespace === '' || namespace === 'other' ? unknown : 'heddle';
}

/** Istio calls the revision of a workload without a version `latest`. */
function revisionOf(service: string, version: string): string {
  return version || (service === '' ? unknown : 'latest');
}

import { istioBuckets, totalsLayout } from './code-counts.ts';
import { labelText, metricHeader, sample } from './exposition.ts';
import { istioLabels, securityPolicy } from './istio-labels.ts';
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
  const labels = exposed.map(labelsOf);
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

function labelsOf({ labels, code, flag }: ExposedCounts): string {
  const { protocol, isMutualTls } = labels;
  return labelText({
    ...istioLabels(labels),
    request_protocol: protocol,
    response_code: httpStatusOf(code),
    ...(protocol === 'grpc' ? { grpc_response_status: grpcStatusOf(code) < 0 ? '' : grpcStatusOf(code) } : {}),
    response_flags: flag,
    connection_security_policy: securityPolicy(isMutualTls),
  });
}

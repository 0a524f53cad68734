import { LATENCY_BUCKETS, latencyBucket, toSparseBuckets } from '../../../proto/histogram.ts';
import type { Input, Output } from '../../../proto/load.ts';
import { messageType } from '../../../proto/load.ts';

export const webId = 'spiffe://cluster.local/ns/default/sa/web';
export const cartId = 'spiffe://cluster.local/ns/default/sa/cart';

/** web calls cart v1 with mutual TLS; one request of each time in milliseconds. */
export function seriesMessage(
  overrides: Input<'heddle.v1.Series'> = {},
  timesMs: readonly number[] = [10],
): Input<'heddle.v1.Series'> {
  const counts = new Array<number>(LATENCY_BUCKETS).fill(0);
  for (const ms of timesMs) {
    const bucket = latencyBucket(ms * 1000);
    counts[bucket] = (counts[bucket] ?? 0) + 1;
  }
  return {
    reporter: 'DESTINATION',
    source_workload: 'web-1',
    source_namespace: 'default',
    source_service: 'web',
    source_principal: webId,
    destination_workload: 'cart-v1-1',
    destination_namespace: 'default',
    destination_service: 'cart.default.svc.cluster.local',
    destination_version: 'v1',
    destination_principal: cartId,
    route: 'default',
    response_code: 200,
    response_flags: '-',
    mutual_tls: true,
    protocol: 'http',
    count: timesMs.length,
    request_bytes: 10 * timesMs.length,
    response_bytes: 100 * timesMs.length,
    latency_us: { ...toSparseBuckets(counts), sum: timesMs.reduce((sum, ms) => sum + ms * 1000, 0) },
    ...overrides,
  };
}

/** A message as it comes out of the decoder. */
export function decodedSeries(...args: Parameters<typeof seriesMessage>): Output<'heddle.v1.Series'> {
  const type = messageType('heddle.v1.Series');
  return type.decode(type.encode(seriesMessage(...args)));
}

export function decodedReport(report: Input<'heddle.v1.ReportRequest'>): Output<'heddle.v1.ReportRequest'> {
  const type = messageType('heddle.v1.ReportRequest');
  return type.decode(type.encode({ instance_id: 'a', sequence: 1, interval_end_ms: 1, ...report }));
}

import type { SparseBuckets } from '../../proto/histogram.ts';
import { addSparseBuckets, LATENCY_BUCKETS, latencyBucket, toSparseBuckets } from '../../proto/histogram.ts';

/**
 * Upper bounds of the buckets of Istio's three histograms: milliseconds for durations, bytes for sizes.
 *
 * Source: Envoy's default Prometheus buckets, which Istio uses for all of its histograms.
 */
export const istioBuckets: readonly number[] = [
  0.5, 1, 5, 10, 25, 50, 100, 250, 500, 1000, 2500, 5000, 10_000, 30_000, 60_000, 300_000, 600_000, 1_800_000,
  3_600_000,
];

const bounds = Float64Array.from(istioBuckets);
/** One more for what exceeds the last bound. */
const bucketsPerHistogram = bounds.length + 1;

/** Where the parts of the totals lie. Each bucket counts what is in it alone; the page adds them up. */
export const totalsLayout = {
  durationMs: 0,
  requestBytes: bucketsPerHistogram,
  responseBytes: 2 * bucketsPerHistogram,
  durationMsSum: 3 * bucketsPerHistogram,
  requestBytesSum: 3 * bucketsPerHistogram + 1,
  responseBytesSum: 3 * bucketsPerHistogram + 2,
  count: 3 * bucketsPerHistogram + 3,
} as const;

const { durationMs, requestBytes, responseBytes, durationMsSum, requestBytesSum, responseBytesSum, count } =
  totalsLayout;

export function newTotals(): Float64Array {
  return new Float64Array(count + 1);
}

/** What `CodeCounts` holds, as plain data. */
export interface CountsContent {
  readonly count: number;
  readonly requestBytes: number;
  readonly responseBytes: number;
  readonly latency: SparseBuckets;
  readonly latencySumUs: number;
  /**
   * See `totalsLayout`. Series that differ only in their route share their totals: those of all of them come with the
   * first that is taken, and with the others come zeros.
   */
  readonly totals: Float64Array;
}

/**
 * Hot loop: bench/telemetry/request-series.ts.
 *
 * The requests of one series that ended with the same outcome code and flag, counted twice: in `totals`, which never go back
 * and which series that differ only in their route share, for Prometheus; and since the last report, for the control
 * plane. About 2.5 kB.
 */
export class CodeCounts {
  readonly flag: string;
  readonly totals: Float64Array;
  /** All since it was made; totals may hold those of other routes too. */
  recorded = 0;
  /** Not reported yet. */
  unreported = 0;
  /** Not reported yet: microseconds by latencyBucket, their sum, and bytes. A bucket wraps after 4.3e9 requests. */
  readonly latency = new Uint32Array(LATENCY_BUCKETS);
  readonly #sums = new Float64Array(3);
  #code: number;
  /** The counts of the same code with another flag. */
  next: CodeCounts | null = null;

  constructor(code: number, flag: string, totals: Float64Array) {
    this.#code = code;
    this.flag = flag;
    this.totals = totals;
  }

  /** See `outcomeCode`; -1 once retired. */
  get code(): number {
    return this.#code;
  }

  /** Fits no request any more, so that whoever still holds on to it looks for another. */
  retire(): void {
    this.#code = -1;
  }

  get latencySumUs(): number {
    return this.#sums[0] as number;
  }

  get requestBytes(): number {
    return this.#sums[1] as number;
  }

  get responseBytes(): number {
    return this.#sums[2] as number;
  }

  add(elapsedMs: number, received: number, sent: number): void {
    const { totals, latency } = this;
    const sums = this.#sums;
    add(totals, durationMs + bucketOf(elapsedMs), 1);
    add(totals, requestBytes + bucketOf(received), 1);
    add(totals, responseBytes + bucketOf(sent), 1);
    add(totals, durationMsSum, elapsedMs);
    add(totals, requestBytesSum, received);
    add(totals, responseBytesSum, sent);
    add(totals, count, 1);
    const elapsedUs = elapsedMs * 1000;
    const bucket = latencyBucket(elapsedUs);
    latency[bucket] = (latency[bucket] as number) + 1;
    add(sums, 0, elapsedUs);
    add(sums, 1, received);
    add(sums, 2, sent);
    this.unreported++;
    this.recorded++;
  }

  /** Everything that was counted, the totals too; nothing of it is left here. */
  take(): CountsContent {
    const content = {
      count: this.unreported,
      requestBytes: this.requestBytes,
      responseBytes: this.responseBytes,
      latency: toSparseBuckets(this.latency),
      latencySumUs: this.latencySumUs,
      totals: this.totals.slice(),
    };
    this.totals.fill(0);
    this.markReported();
    return content;
  }

  /** Adds what another process counted. */
  merge(content: CountsContent): void {
    const sums = this.#sums;
    for (let index = 0; index < this.totals.length; index++) add(this.totals, index, content.totals[index] ?? 0);
    addSparseBuckets(this.latency, content.latency.index, content.latency.count);
    add(sums, 0, content.latencySumUs);
    add(sums, 1, content.requestBytes);
    add(sums, 2, content.responseBytes);
    this.unreported += content.count;
    this.recorded += content.count;
  }

  /** What was not reported is in a report now. */
  markReported(): void {
    this.unreported = 0;
    this.latency.fill(0);
    this.#sums.fill(0);
  }
}

function add(numbers: Float64Array, index: number, amount: number): void {
  numbers[index] = (numbers[index] as number) + amount;
}

function bucketOf(value: number): number {
  let bucket = 0;
  while (bucket < bounds.length && value > (bounds[bucket] as number)) bucket++;
  return bucket;
}

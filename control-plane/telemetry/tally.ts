import { LATENCY_BUCKETS, quantileUs } from '../../proto/histogram.ts';
import type { Counts, SeriesLabels } from './reported-series.ts';
import { isSuccess } from './reported-series.ts';

/** The golden numbers of a set of requests. */
export interface GoldenMetrics {
  readonly requests: number;
  readonly requestsPerSecond: number;
  readonly successRate: number | null;
  readonly p50Ms: number | null;
  readonly p95Ms: number | null;
  readonly p99Ms: number | null;
  readonly mutualTlsShare: number | null;
}

/** Adds up requests of many series. */
export class Tally {
  readonly #latency = new Float64Array(LATENCY_BUCKETS);
  #count = 0;
  #successes = 0;
  #secured = 0;

  get count(): number {
    return this.#count;
  }

  get securedCount(): number {
    return this.#secured;
  }

  add(labels: SeriesLabels, { count, latency }: Counts): void {
    this.#count += count;
    if (isSuccess(labels)) this.#successes += count;
    if (labels.isMutualTls) this.#secured += count;
    for (let i = 0; i < latency.length; i += 2) {
      const bucket = latency[i] as number;
      this.#latency[bucket] = (this.#latency[bucket] as number) + (latency[i + 1] as number);
    }
  }

  metrics(seconds: number): GoldenMetrics {
    const share = (part: number): number | null => (this.#count === 0 ? null : part / this.#count);
    const quantileMs = (q: number): number | null => (this.#count === 0 ? null : quantileUs(this.#latency, q) / 1000);
    return {
      requests: this.#count,
      requestsPerSecond: this.#count / seconds,
      successRate: share(this.#successes),
      p50Ms: quantileMs(0.5),
      p95Ms: quantileMs(0.95),
      p99Ms: quantileMs(0.99),
      mutualTlsShare: share(this.#secured),
    };
  }
}

import { LATENCY_BUCKETS, quantileUs } from '../../proto/histogram.ts';
import type { ConnectionCounts, Counts, SeriesLabels } from './reported-series.ts';
import { isAnsweredByCaller, isSuccess } from './reported-series.ts';
import type { TcpMetrics } from './telemetry-source.ts';

/** The golden numbers of a set of requests and connections. */
export interface GoldenMetrics {
  readonly requests: number;
  readonly requestsPerSecond: number;
  readonly successRate: number | null;
  readonly p50Ms: number | null;
  readonly p95Ms: number | null;
  readonly p99Ms: number | null;
  readonly mutualTlsShare: number | null;
  readonly tcp: TcpMetrics | null;
}

/** Adds up requests and connections of many series. */
export class Tally {
  readonly #latency = new Float64Array(LATENCY_BUCKETS);
  #requests = 0;
  #successes = 0;
  #connections = 0;
  /** To an instance, so that they could be secured. */
  #sent = 0;
  #secured = 0;
  #open = 0;
  #opened = 0;
  #failed = 0;
  #readBytes = 0;
  #writtenBytes = 0;

  /** Requests, and connections that were open at some time. */
  get count(): number {
    return this.#requests + this.#connections;
  }

  get securedCount(): number {
    return this.#secured;
  }

  /** What `count` is the number of, for people. */
  get noun(): string {
    if (this.#connections === 0) return 'requests';
    return this.#requests === 0 ? 'connections' : 'requests and connections';
  }

  add(labels: SeriesLabels, counts: Counts): void {
    if (counts.connections !== null) {
      this.#addConnections(labels, counts, counts.connections);
      return;
    }
    const { count, latency } = counts;
    this.#requests += count;
    if (isSuccess(labels)) this.#successes += count;
    if (!isAnsweredByCaller(labels)) this.#sent += count;
    if (labels.isMutualTls) this.#secured += count;
    for (let i = 0; i < latency.length; i += 2) {
      const bucket = latency[i] as number;
      this.#latency[bucket] = (this.#latency[bucket] as number) + (latency[i + 1] as number);
    }
  }

  metrics(seconds: number): GoldenMetrics {
    const share = (part: number, whole: number): number | null => (whole === 0 ? null : part / whole);
    const quantileMs = (q: number): number | null =>
      this.#requests === 0 ? null : quantileUs(this.#latency, q) / 1000;
    return {
      requests: this.#requests,
      requestsPerSecond: this.#requests / seconds,
      successRate: share(this.#successes, this.#requests),
      p50Ms: quantileMs(0.5),
      p95Ms: quantileMs(0.95),
      p99Ms: quantileMs(0.99),
      mutualTlsShare: share(this.#secured, this.#sent),
      tcp: this.#connections === 0 ? null : this.#tcpMetrics(seconds),
    };
  }

  #addConnections(labels: SeriesLabels, counts: Counts, { opened, closed, open }: ConnectionCounts): void {
    this.#connections += closed + open;
    if (!isAnsweredByCaller(labels)) this.#sent += closed + open;
    if (labels.isMutualTls) this.#secured += closed + open;
    this.#open += open;
    this.#opened += opened;
    if (labels.responseFlags !== '-') this.#failed += opened;
    this.#readBytes += counts.requestBytes;
    this.#writtenBytes += counts.responseBytes;
  }

  #tcpMetrics(seconds: number): TcpMetrics {
    return {
      open: this.#open,
      opened: this.#opened,
      failed: this.#failed,
      readBytesPerSecond: this.#readBytes / seconds,
      writtenBytesPerSecond: this.#writtenBytes / seconds,
    };
  }
}

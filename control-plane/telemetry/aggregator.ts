import type { ConnectionCounts, Counts, ReportedSeries, SeriesLabels } from './reported-series.ts';

export interface AggregatorOptions {
  /** Milliseconds since the epoch. */
  readonly now?: () => number;
  /** Series that had requests in the last hour; the one that was longest without makes room. Default 5000. */
  readonly maxSeries?: number;
  /** Memory for counts, estimated; the oldest time makes room. Default 64 MiB. */
  readonly maxBytes?: number;
}

/** A span of time up to now, with what was counted in it. */
export interface Window {
  /** How much time the counts are of: less than was asked for while the control plane is young. */
  readonly seconds: number;
  readonly cells: Iterable<readonly [SeriesLabels, Counts]>;
}

const bucketMs = 5000;
/** An hour. */
const bucketCount = 720;
/** Reports come every few seconds; the newest one says how far the counts go. */
const reportLagMs = 15_000;
/** Estimates: a map entry with its object, and the elements of an array. */
const bytesPerCell = 200;
const bytesPerLatency = 8;

interface Series {
  readonly labels: SeriesLabels;
  readonly key: string;
  /** Of the newest bucket that has counts of it. */
  lastIndex: number;
}

interface Bucket {
  /** Number of the five seconds since the epoch. */
  index: number;
  readonly cells: Map<Series, Counts>;
  bytes: number;
}

/**
 * The last hour of the mesh in buckets of five seconds, as a ring. A bucket holds only the series that had requests in
 * it, with their latencies as sparse histograms, so quiet services cost nothing.
 */
export class Aggregator {
  readonly #now: () => number;
  readonly #maxSeries: number;
  readonly #maxBytes: number;
  readonly #startedAtMs: number;
  /** The series that was counted last comes last. */
  readonly #series = new Map<string, Series>();
  readonly #ring: Bucket[];
  #bytes = 0;
  #newestEndMs = 0;
  #evictedSeries = 0;
  #evictedBuckets = 0;
  #late = 0;

  constructor({ now = Date.now, maxSeries = 5000, maxBytes = 67_108_864 }: AggregatorOptions = {}) {
    this.#now = now;
    this.#maxSeries = maxSeries;
    this.#maxBytes = maxBytes;
    this.#startedAtMs = now();
    this.#ring = Array.from({ length: bucketCount }, () => ({ index: -1, cells: new Map(), bytes: 0 }));
  }

  get seriesCount(): number {
    return this.#series.size;
  }

  /** Series forgotten before their hour was over, since start. */
  get evictedSeries(): number {
    return this.#evictedSeries;
  }

  /** Buckets of five seconds forgotten before their hour was over, since start. */
  get evictedBuckets(): number {
    return this.#evictedBuckets;
  }

  /** Series of reports that were older than an hour, since start. */
  get late(): number {
    return this.#late;
  }

  /**
   * Counts what was reported for an interval that ended at `endMs`, by the reporter's clock. A clock that is ahead
   * counts as now. What was gathered over a long time while a sidecar could not report counts at its end.
   */
  add({ labels, counts }: ReportedSeries, endMs: number): void {
    const nowMs = this.#now();
    const atMs = Math.min(endMs, nowMs);
    const index = Math.floor((atMs - 1) / bucketMs);
    if (index <= this.#oldestIndex(nowMs)) {
      this.#late++;
      return;
    }
    this.#newestEndMs = Math.max(this.#newestEndMs, atMs);
    const series = this.#seriesOf(labels, index);
    const bucket = this.#bucketOf(index);
    const before = bucket.cells.get(series);
    const after = before === undefined ? { ...counts } : merged(before, counts);
    bucket.cells.set(series, after);
    this.#account(bucket, sizeOf(after) - (before === undefined ? 0 : sizeOf(before)));
    while (this.#series.size > this.#maxSeries) this.#evictSeries();
    while (this.#bytes > this.#maxBytes && this.#evictOldestBucket(bucket));
    this.#forgetOldSeries(nowMs);
  }

  /** What was counted in the last `seconds`, rounded up to whole buckets. */
  window(seconds: number): Window {
    const nowMs = this.#now();
    const span = Math.min(3600, Math.max(5, seconds));
    const first = Math.max(Math.floor((nowMs - span * 1000) / bucketMs), this.#oldestIndex(nowMs) + 1);
    const fromMs = Math.max(first * bucketMs, this.#startedAtMs);
    const toMs = nowMs - this.#newestEndMs <= reportLagMs ? this.#newestEndMs : nowMs;
    return { seconds: Math.max(1, (toMs - fromMs) / 1000), cells: this.#cellsFrom(first) };
  }

  /** Labels of all series of the hour. */
  *labels(): Iterable<SeriesLabels> {
    for (const { labels } of this.#series.values()) yield labels;
  }

  /**
   * Connections are said to be open in the newest cell of their series alone, so that cells can be added up. Those of a
   * sidecar that reports no longer are taken for closed.
   */
  *#cellsFrom(first: number): Iterable<readonly [SeriesLabels, Counts]> {
    const silentIndex = Math.floor((this.#now() - reportLagMs) / bucketMs);
    for (const { index, cells } of this.#ring) {
      if (index < first) continue;
      for (const [{ labels, lastIndex }, counts] of cells) {
        const { connections } = counts;
        if (connections === null || connections.open === 0) yield [labels, counts];
        else if (index < lastIndex) yield [labels, { ...counts, connections: { ...connections, open: 0 } }];
        else if (index < silentIndex) yield [labels, { ...counts, connections: ended(connections) }];
        else yield [labels, counts];
      }
    }
  }

  #oldestIndex(nowMs: number): number {
    return Math.floor(nowMs / bucketMs) - bucketCount;
  }

  #seriesOf(labels: SeriesLabels, index: number): Series {
    const key = keyOf(labels);
    const series = this.#series.get(key) ?? { labels, key, lastIndex: index };
    series.lastIndex = Math.max(series.lastIndex, index);
    this.#series.delete(key);
    this.#series.set(key, series);
    return series;
  }

  #bucketOf(index: number): Bucket {
    const bucket = this.#ring[index % bucketCount] as Bucket; // the ring has all of them
    if (bucket.index !== index) {
      this.#clear(bucket);
      bucket.index = index;
    }
    return bucket;
  }

  #account(bucket: Bucket, bytes: number): void {
    bucket.bytes += bytes;
    this.#bytes += bytes;
  }

  #clear(bucket: Bucket): void {
    this.#account(bucket, -bucket.bytes);
    bucket.cells.clear();
  }

  #evictSeries(): void {
    const [series] = this.#series.values();
    if (series === undefined) return;
    this.#series.delete(series.key);
    this.#evictedSeries++;
    for (const bucket of this.#ring) {
      const counts = bucket.cells.get(series);
      if (counts === undefined) continue;
      bucket.cells.delete(series);
      this.#account(bucket, -sizeOf(counts));
    }
  }

  /** False when there is none but the one that is being filled. */
  #evictOldestBucket(filling: Bucket): boolean {
    let oldest: Bucket | null = null;
    for (const bucket of this.#ring) {
      if (bucket === filling || bucket.cells.size === 0) continue;
      if (oldest === null || bucket.index < oldest.index) oldest = bucket;
    }
    if (oldest === null) return false;
    this.#evictedBuckets++;
    this.#clear(oldest);
    return true;
  }

  #forgetOldSeries(nowMs: number): void {
    const oldest = this.#oldestIndex(nowMs);
    for (const { key, lastIndex } of this.#series.values()) {
      if (lastIndex > oldest) return;
      this.#series.delete(key);
    }
  }
}

function keyOf({ source, destination, ...labels }: SeriesLabels): string {
  return [...Object.values(source), ...Object.values(destination), ...Object.values(labels)].join('\n');
}

function sizeOf({ latency }: Counts): number {
  return bytesPerCell + bytesPerLatency * latency.length;
}

function merged(a: Counts, b: Counts): Counts {
  return {
    count: a.count + b.count,
    requestBytes: a.requestBytes + b.requestBytes,
    responseBytes: a.responseBytes + b.responseBytes,
    latency: mergedLatency(a.latency, b.latency),
    connections: mergedConnections(a.connections, b.connections),
  };
}

/** `b` was reported later. */
function mergedConnections(a: ConnectionCounts | null, b: ConnectionCounts | null): ConnectionCounts | null {
  if (a === null || b === null) return b;
  return { opened: a.opened + b.opened, closed: a.closed + b.closed, open: b.open };
}

function ended({ opened, closed, open }: ConnectionCounts): ConnectionCounts {
  return { opened, closed: closed + open, open: 0 };
}

function mergedLatency(a: readonly number[], b: readonly number[]): number[] {
  const counts = new Map<number, number>();
  for (const pairs of [a, b]) {
    for (let i = 0; i < pairs.length; i += 2) {
      const bucket = pairs[i] as number;
      counts.set(bucket, (counts.get(bucket) ?? 0) + (pairs[i + 1] as number));
    }
  }
  return [...counts].sort(([x], [y]) => x - y).flat();
}

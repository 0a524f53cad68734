import { CodeCounts, newTotals } from './code-counts.ts';
import { httpStatusOf } from './outcome-code.ts';
import type { AdmitCode } from './request-series.ts';
import { CountedSeries } from './request-series.ts';
import type { SeriesLabels } from './series-labels.ts';
import { exposedKey, overflowLabels, seriesKey } from './series-labels.ts';

export interface SeriesRegistryOptions {
  /** Series at a time, and the same number of their statuses and flags. About 3 kB each. Default 2000. */
  readonly maxSeries?: number;
  /** A series without a request for this long is dropped. Default one hour. */
  readonly idleMs?: number;
}

/** What Prometheus sees as one series. */
export interface ExposedCounts {
  readonly labels: SeriesLabels;
  /** See `outcomeCode`. */
  readonly code: number;
  readonly flag: string;
  /** See `totalsLayout`. */
  readonly totals: Float64Array;
}

/**
 * All series of the sidecar. What exceeds the bound is counted too, under labels that say `other`: nothing is lost but
 * the difference.
 */
export class SeriesRegistry {
  readonly #maxSeries: number;
  readonly #idleMs: number;
  readonly #series = new Map<string, CountedSeries>();
  /** Totals by labels without the route, status and flag, with the number of series that count in them. */
  readonly #exposed = new Map<string, ExposedCounts & { users: number }>();
  /** Made when first needed, one for each end that counts; they stand outside the bound and are never dropped. */
  readonly #overflow: Record<SeriesLabels['reporter'], CountedSeries | null> = { source: null, destination: null };
  #codeCount = 0;
  #dropped = 0;
  readonly #admit: AdmitCode = (series, code, flag) => this.#admitCode(series, code, flag);

  constructor({ maxSeries = 2000, idleMs = 3_600_000 }: SeriesRegistryOptions = {}) {
    this.#maxSeries = maxSeries;
    this.#idleMs = idleMs;
  }

  /** How often something was counted as `other` because the bound was reached, since start. */
  get droppedTotal(): number {
    return this.#dropped;
  }

  /** Counts what another process's registry dropped. */
  addDropped(times: number): void {
    this.#dropped += times;
  }

  get size(): number {
    return this.#series.size;
  }

  /** The series with these labels, made when there is none; one of `other` when there are too many. */
  series(labels: SeriesLabels): CountedSeries {
    const key = seriesKey(labels);
    const known = this.#series.get(key);
    if (known !== undefined) return known;
    if (this.#series.size >= this.#maxSeries) {
      this.#dropped++;
      return this.#overflowOf(labels);
    }
    return this.#add(labels, key);
  }

  /** Drops what has been idle for too long; to be called about once a minute, with any monotonic clock. */
  sweep(nowMs: number): void {
    for (const series of this.#series.values()) {
      if (series.recorded !== series.quietAt) {
        series.quietAt = series.recorded;
        series.quietSinceMs = nowMs;
      } else if (nowMs - series.quietSinceMs >= this.#idleMs && !this.#isOverflow(series)) {
        this.#drop(series);
      }
    }
  }

  /** For the page that Prometheus reads. */
  exposed(): Iterable<ExposedCounts> {
    return this.#exposed.values();
  }

  /** For reports. */
  all(): Iterable<CountedSeries> {
    return this.#series.values();
  }

  #add(labels: SeriesLabels, key: string): CountedSeries {
    const series = new CountedSeries(labels, key, this.#admit);
    this.#series.set(key, series);
    return series;
  }

  #isOverflow(series: CountedSeries): boolean {
    return series === this.#overflow[series.labels.reporter];
  }

  #overflowOf(labels: SeriesLabels): CountedSeries {
    const { reporter } = labels;
    let series = this.#overflow[reporter];
    if (series === null) {
      const other = overflowLabels(labels);
      series = this.#add(other, seriesKey(other));
      this.#overflow[reporter] = series;
    }
    return series;
  }

  #admitCode(asked: CountedSeries, code: number, flag: string): CodeCounts {
    const series = this.#presentOf(asked);
    if (series !== null && !this.#isOverflow(series)) {
      const known = series.find(code, flag);
      if (known !== null) return known;
      if (this.#codeCount < this.#maxSeries) {
        this.#codeCount++;
        return this.#addCode(series, code, flag);
      }
    }
    const overflow = this.#overflowOf(asked.labels);
    if (asked !== overflow) this.#dropped++;
    // RFC 9110 section 15: a status that is not known stands for the x00 of its class. So `other` has few of them.
    const statusClass = Math.floor(httpStatusOf(code) / 100) * 100;
    return overflow.find(statusClass, flag) ?? this.#addCode(overflow, statusClass, flag);
  }

  /** The series that has these labels now: a dropped one comes back where there is room and none took its place. */
  #presentOf(series: CountedSeries): CountedSeries | null {
    const known = this.#series.get(series.key);
    if (known !== undefined) return known;
    if (this.#series.size >= this.#maxSeries) return null;
    this.#series.set(series.key, series);
    return series;
  }

  #addCode(series: CountedSeries, code: number, flag: string): CodeCounts {
    const key = exposedCodeKey(series.labels, code, flag);
    let exposed = this.#exposed.get(key);
    if (exposed === undefined) {
      exposed = { labels: series.labels, code, flag, totals: newTotals(), users: 0 };
      this.#exposed.set(key, exposed);
    }
    exposed.users++;
    const counts = new CodeCounts(code, flag, exposed.totals);
    series.addCode(counts);
    return counts;
  }

  #drop(series: CountedSeries): void {
    this.#series.delete(series.key);
    for (const { code, flag } of series.codes()) {
      this.#codeCount--;
      const key = exposedCodeKey(series.labels, code, flag);
      const exposed = this.#exposed.get(key);
      if (exposed !== undefined && --exposed.users === 0) this.#exposed.delete(key);
    }
    series.clear();
  }
}

function exposedCodeKey(labels: SeriesLabels, code: number, flag: string): string {
  return `${exposedKey(labels)}\n${code}\n${flag}`;
}

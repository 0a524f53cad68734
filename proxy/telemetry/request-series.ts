import type { CountsContent } from './code-counts.ts';
import { CodeCounts, newTotals } from './code-counts.ts';
import type { SeriesLabels } from './series-labels.ts';

/** Counts the requests of one label set; made by the telemetry registry. */
export interface RequestSeries {
  /**
   * `code` is an `outcomeCode`, `flag` Envoy's response flag, `-` for none; times in milliseconds, sizes in bytes. Never
   * allocates.
   */
  record(code: number, flag: string, durationMs: number, requestBytes: number, responseBytes: number): void;
}

/** Gives counts for a code and flag that a series sees for the first time, or those of `other`. */
export type AdmitCode = (series: CountedSeries, code: number, flag: string) => CodeCounts;

/**
 * Hot loop: bench/telemetry/request-series.ts.
 *
 * A series with its counts by outcome code and flag. Whoever records may hold on to it for ever: a series that was dropped for
 * having been idle comes back with the next request.
 */
export class CountedSeries implements RequestSeries {
  readonly labels: SeriesLabels;
  readonly key: string;
  /** When the registry first found that no more were recorded, and how many it were then. */
  quietSinceMs = 0;
  quietAt = -1;
  readonly #admit: AdmitCode;
  readonly #byCode = new Map<number, CodeCounts>();
  /** Most requests end like the one before. */
  #latest: CodeCounts = nothing;

  constructor(labels: SeriesLabels, key: string, admit: AdmitCode) {
    this.labels = labels;
    this.key = key;
    this.#admit = admit;
  }

  record(code: number, flag: string, durationMs: number, requestBytes: number, responseBytes: number): void {
    let counts = this.#latest;
    if (counts.code !== code || counts.flag !== flag) {
      counts = this.find(code, flag) ?? this.#admit(this, code, flag);
      this.#latest = counts;
    }
    counts.add(durationMs, requestBytes, responseBytes);
  }

  /** Adds what another process counted. */
  merge(code: number, flag: string, content: CountsContent): void {
    (this.find(code, flag) ?? this.#admit(this, code, flag)).merge(content);
  }

  /** All requests so far; how the registry sees that there were none. */
  get recorded(): number {
    let sum = 0;
    for (const counts of this.codes()) sum += counts.recorded;
    return sum;
  }

  find(code: number, flag: string): CodeCounts | null {
    let counts = this.#byCode.get(code) ?? null;
    while (counts !== null && counts.flag !== flag) counts = counts.next;
    return counts;
  }

  addCode(counts: CodeCounts): void {
    counts.next = this.#byCode.get(counts.code) ?? null;
    this.#byCode.set(counts.code, counts);
  }

  /** Forgets all counts; the next request asks to be admitted again. */
  clear(): void {
    for (const counts of this.codes()) counts.retire();
    this.#byCode.clear();
    this.#latest = nothing;
  }

  *codes(): Iterable<CodeCounts> {
    for (const first of this.#byCode.values()) {
      for (let counts: CodeCounts | null = first; counts !== null; counts = counts.next) yield counts;
    }
  }
}

/** Fits no request. */
const nothing = new CodeCounts(-1, '', newTotals());

import type { CountsContent } from './code-counts.ts';
import type { SeriesLabels } from './series-labels.ts';
import type { SeriesRegistry } from './series-registry.ts';

/**
 * Requests that one process counted and that another adds to its own: plain data, so that it can be sent. Added up they
 * are exactly what one process would have counted.
 */
export interface CountsDelta extends CountsContent {
  readonly labels: SeriesLabels;
  /** See `outcomeCode`. */
  readonly code: number;
  readonly flag: string;
}

/** Takes up to `max` counts out of a registry, which has none of them any more. */
export function takeCounts(registry: SeriesRegistry, max: number): CountsDelta[] {
  const taken: CountsDelta[] = [];
  for (const series of registry.all()) {
    for (const counts of series.codes()) {
      if (counts.unreported === 0) continue;
      if (taken.length >= max) return taken;
      taken.push({ labels: series.labels, code: counts.code, flag: counts.flag, ...counts.take() });
    }
  }
  return taken;
}

export function addCounts(registry: SeriesRegistry, deltas: readonly CountsDelta[]): void {
  for (const { labels, code, flag, ...content } of deltas) registry.series(labels).merge(code, flag, content);
}

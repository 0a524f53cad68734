/** One number that a sidecar tells of itself: a row of the tables from which all pages are made. */
export interface Statistic {
  /**
   * Envoy's name of it, after the dots of what it belongs to, from which the page of metrics and `/stats` make theirs; or our
   * own, as it stands on the page of metrics.
   */
  readonly name: string;
  /**
   * `counter` counts in total, and stays when a worker ends. The others say how it is now. Of several workers, `gauge` is the
   * sum; `shared` the greatest, for it is the same in each, or each has found it out by itself.
   */
  readonly kind: 'counter' | 'gauge' | 'shared';
  readonly help: string;
}

/** A statistic, and where it stands in a row of numbers. */
export interface StatisticOf<Stats> extends Statistic {
  readonly value: (of: Stats) => number;
}

export function counter(name: string, help: string): Statistic {
  return { name, kind: 'counter', help };
}

export function gauge(name: string, help: string): Statistic {
  return { name, kind: 'gauge', help };
}

export function shared(name: string, help: string): Statistic {
  return { name, kind: 'shared', help };
}

/** The statistics of a table whose keys are those of a row of numbers. */
export function valuesOf<Stats>(table: Readonly<Partial<Record<keyof Stats, Statistic>>>): StatisticOf<Stats>[] {
  const entries = Object.entries(table) as [keyof Stats, Statistic][];
  return entries.map(([key, statistic]) => ({ ...statistic, value: (of) => Number(of[key]) }));
}

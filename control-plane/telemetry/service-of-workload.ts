import type { ReportedEnd, SeriesLabels } from './reported-series.ts';

/** Finds out which service the destination of a series is. */
export type ServiceOf = (labels: SeriesLabels) => string;

/**
 * Callers know a destination by the Service they asked for, callees by the service they registered as, which need not be
 * the same: a `Service` may select the workloads of another. Where a workload has reported itself, its word counts for
 * both ends, so that they meet.
 */
export function serviceOfWorkload(all: Iterable<SeriesLabels>): ServiceOf {
  const known = new Map<string, string>();
  const key = ({ namespace, workload }: ReportedEnd) => `${namespace}/${workload}`;
  for (const { reporter, destination } of all) {
    if (reporter === 'destination') known.set(key(destination), destination.service);
  }
  return ({ destination }) => known.get(key(destination)) ?? destination.service;
}

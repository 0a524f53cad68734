import type { RouteFilter } from './request-filter.ts';

/**
 * The filters of a route as its requests are asked by, in this order; null for none.
 *
 * Throws where two of them slow bodies down: whoever asks them (`forward/filter-stage.ts`) has one pace for each body, and the
 * second would take the place of the first.
 */
export function filterChain(filters: readonly RouteFilter[]): readonly RouteFilter[] | null {
  const pacing = filters.filter((filter) => 'paces' in filter);
  if (pacing.length > 1) throw new Error(`${pacing.length} filters of a route slow bodies down: one can`);
  return filters.length === 0 ? null : filters;
}

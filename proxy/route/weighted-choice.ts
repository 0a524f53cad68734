import { SmoothWeights } from '../balance/smooth-weights.ts';

/** One of the destinations between which a route splits its traffic. */
export interface WeightedDestination<D> {
  readonly destination: D;
  /** Share relative to the others; 0 takes nothing. An integer from 0 to 1 000 000 (Gateway API `HTTPBackendRef`). */
  readonly weight: number;
}

/**
 * Returns a function that names the destination of the next request. The split is smooth: of any ten requests in a row
 * at 90 and 10 exactly nine go one way, so a small share is seen early and never in bursts. The start is random.
 *
 * Throws when there is nothing to choose from: a route whose weights are all 0 must answer 500 instead of forwarding
 * (Gateway API `HTTPRouteRule.backendRefs`), and that is decided where routes are made.
 */
export function weightedChoice<D>(choices: readonly WeightedDestination<D>[], random: () => number): () => D {
  const usable = choices.filter((choice) => choice.weight > 0);
  const [first, ...others] = usable;
  if (first === undefined) throw new Error('no destination has a weight above 0');
  if (others.length === 0) return () => first.destination;
  const destinations = usable.map((choice) => choice.destination);
  const weights = new SmoothWeights(
    usable.map((choice) => choice.weight),
    random,
  );
  return () => destinations[weights.next(-1)] as D; // weights above 0 always yield an index
}

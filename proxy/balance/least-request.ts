import type { Candidate, Picker } from './balancer.ts';
import { TwoChoices } from './two-choices.ts';

/**
 * Of two candidates, drawn at random, the less loaded one.
 *
 * Load is `(activeRequests + 1) / weight`, so an idle endpoint of weight 2 is preferred to an idle one of weight 1.
 * A tie keeps the first draw, which is random. Draws do not look at weights: with two candidates under no load the
 * heavier one takes everything, and weights turn into shares as load grows.
 *
 * One that starts slowly lets the other draw go first as often as its warmth says, whatever its load: as part of its weight
 * it would get nothing while there is little load, and everything while there is much.
 *
 * Source: Envoy `LEAST_REQUEST` with `choice_count` 2 and `active_request_bias` 1.
 */
export function buildLeastRequest<C extends Candidate>(candidates: readonly C[], random: () => number): Picker<C> {
  return new LeastRequest(candidates, random);
}

class LeastRequest<C extends Candidate> extends TwoChoices<C> {
  protected choose(a: C, b: C): C {
    // a's load ≤ b's load, multiplied out: no division, no rounding.
    const isFirst = (a.activeRequests + 1) * b.weight <= (b.activeRequests + 1) * a.weight;
    const picked = isFirst ? a : b;
    if (picked.warmth === 1 || this.random() < picked.warmth) return picked;
    return isFirst ? b : a;
  }
}

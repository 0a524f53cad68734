import type { Candidate, Picker } from './balancer.ts';
import type { HashKey } from './hash-key.ts';

/**
 * Power of two choices: draw two distinct candidates, keep the less loaded one.
 *
 * Load is `(activeRequests + 1) / weight`, so an idle endpoint of weight 2 is preferred to an idle one of weight 1.
 * A tie keeps the first draw, which is random. Draws do not look at weights: with two candidates under no load the
 * heavier one takes everything, and weights turn into shares as load grows.
 *
 * One that starts slowly lets the other draw go first as often as its warmth says, whatever its load: as part of its weight
 * it would get nothing while there is little load, and everything while there is much.
 *
 * Source: Mitzenmacher 2001, "The Power of Two Choices in Randomized Load Balancing"; Envoy `LEAST_REQUEST` with
 * `choice_count` 2 and `active_request_bias` 1.
 */
export function buildLeastRequest<C extends Candidate>(candidates: readonly C[], random: () => number): Picker<C> {
  return new LeastRequest(candidates, random);
}

class LeastRequest<C extends Candidate> implements Picker<C> {
  readonly #candidates: readonly C[];
  readonly #random: () => number;

  constructor(candidates: readonly C[], random: () => number) {
    this.#candidates = candidates;
    this.#random = random;
  }

  pick(exclude: C | null, _key: HashKey | null): C | null {
    const candidates = this.#candidates;
    const excluded = exclude === null || candidates.length < 2 ? -1 : candidates.indexOf(exclude);
    const count = excluded < 0 ? candidates.length : candidates.length - 1;
    if (count === 0) return null;
    if (count === 1) return candidates[excluded === 0 ? 1 : 0] ?? null;

    let first = Math.floor(this.#random() * count);
    let second = Math.floor(this.#random() * (count - 1));
    // The second draw skips the first, so the two are always distinct.
    if (second >= first) second++;
    if (excluded >= 0) {
      if (first >= excluded) first++;
      if (second >= excluded) second++;
    }
    const a = candidates[first] as C; // both are below the length while random() stays below 1
    const b = candidates[second] as C;
    // a's load ≤ b's load, multiplied out: no division, no rounding.
    const isFirst = (a.activeRequests + 1) * b.weight <= (b.activeRequests + 1) * a.weight;
    const picked = isFirst ? a : b;
    if (picked.warmth === 1 || this.#random() < picked.warmth) return picked;
    return isFirst ? b : a;
  }
}

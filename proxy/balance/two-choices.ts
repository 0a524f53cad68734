import type { Candidate, Picker } from './balancer.ts';
import type { HashKey } from './hash-key.ts';

/**
 * Power of two choices: draws two distinct candidates and leaves the choice between them to a subclass. Draws do not look at
 * weights. The excluded one is not drawn while there is another.
 *
 * Source: Mitzenmacher 2001, "The Power of Two Choices in Randomized Load Balancing".
 */
export abstract class TwoChoices<C extends Candidate> implements Picker<C> {
  protected readonly random: () => number;
  readonly #candidates: readonly C[];

  constructor(candidates: readonly C[], random: () => number) {
    this.#candidates = candidates;
    this.random = random;
  }

  /** The better one of two that were drawn in this order. */
  protected abstract choose(a: C, b: C): C;

  pick(exclude: C | null, _key: HashKey | null): C | null {
    const candidates = this.#candidates;
    const excluded = exclude === null || candidates.length < 2 ? -1 : candidates.indexOf(exclude);
    const count = excluded < 0 ? candidates.length : candidates.length - 1;
    if (count === 0) return null;
    if (count === 1) return candidates[excluded === 0 ? 1 : 0] ?? null;

    let first = Math.floor(this.random() * count);
    let second = Math.floor(this.random() * (count - 1));
    // The second draw skips the first, so the two are always distinct.
    if (second >= first) second++;
    if (excluded >= 0) {
      if (first >= excluded) first++;
      if (second >= excluded) second++;
    }
    // both are below the length while random() stays below 1
    return this.choose(candidates[first] as C, candidates[second] as C);
  }
}

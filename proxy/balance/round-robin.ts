import type { Candidate, Picker } from './balancer.ts';
import { haveEqualWeights } from './balancer.ts';
import { SmoothWeights } from './smooth-weights.ts';

/**
 * One endpoint after the other, in proportion to their weights, from a random start: without it, every proxy that
 * learns of the same list at the same time would send its first request to the same endpoint.
 *
 * Source: Envoy `ROUND_ROBIN`.
 */
export function buildRoundRobin<C extends Candidate>(candidates: readonly C[], random: () => number): Picker<C> {
  return haveEqualWeights(candidates)
    ? new EqualRoundRobin(candidates, random)
    : new WeightedRoundRobin(candidates, random);
}

class EqualRoundRobin<C extends Candidate> implements Picker<C> {
  readonly #candidates: readonly C[];
  #next: number;

  constructor(candidates: readonly C[], random: () => number) {
    this.#candidates = candidates;
    this.#next = Math.floor(random() * candidates.length);
  }

  pick(exclude: C | null): C | null {
    const candidate = this.#take();
    return candidate === exclude && this.#candidates.length > 1 ? this.#take() : candidate;
  }

  #take(): C | null {
    const index = this.#next;
    this.#next = index + 1 < this.#candidates.length ? index + 1 : 0;
    return this.#candidates[index] ?? null;
  }
}

class WeightedRoundRobin<C extends Candidate> implements Picker<C> {
  readonly #candidates: readonly C[];
  readonly #weights: SmoothWeights;

  constructor(candidates: readonly C[], random: () => number) {
    this.#candidates = candidates;
    this.#weights = new SmoothWeights(
      candidates.map((candidate) => candidate.weight),
      random,
    );
  }

  /** Unequal weights mean at least two candidates, so leaving one out leaves another. */
  pick(exclude: C | null): C | null {
    const skip = exclude === null ? -1 : this.#candidates.indexOf(exclude);
    return this.#candidates[this.#weights.next(skip)] ?? null;
  }
}

import type { Candidate, Picker } from './balancer.ts';
import { haveEqualWeights } from './balancer.ts';
import { EarliestDeadline } from './earliest-deadline.ts';
import type { HashKey } from './hash-key.ts';
import { SmoothWeights } from './smooth-weights.ts';

/**
 * One endpoint after the other, in proportion to their weights, from a random start: without it, every proxy that
 * learns of the same list at the same time would send its first request to the same endpoint.
 *
 * Weights are kept smoothly (`SmoothWeights`); among many candidates by their deadlines (`EarliestDeadline`), which costs less
 * and is a little less even.
 *
 * Source: Envoy `ROUND_ROBIN`.
 */
export function buildRoundRobin<C extends Candidate>(candidates: readonly C[], random: () => number): Picker<C> {
  if (candidates.every(({ warmth }) => warmth === 1)) {
    if (haveEqualWeights(candidates)) return new EqualRoundRobin(candidates, random);
    return new WeightedRoundRobin(candidates, weightsOf(candidates), random);
  }
  const scaled = candidates.map(({ weight, warmth }) => Math.max(1, Math.round(weight * warmth * warmthSteps)));
  if (candidates.length < 2) return new EqualRoundRobin(candidates, random);
  return new WeightedRoundRobin(candidates, scaled, random);
}

/** Weights are whole numbers, and a share of one is not. */
const warmthSteps = 100;

/** From here on a pass over all candidates would cost more than a queue of them. */
const maxSmoothCandidates = 32;

function weightsOf(candidates: readonly Candidate[]): number[] {
  return candidates.map(({ weight }) => weight);
}

class EqualRoundRobin<C extends Candidate> implements Picker<C> {
  readonly #candidates: readonly C[];
  #next: number;

  constructor(candidates: readonly C[], random: () => number) {
    this.#candidates = candidates;
    this.#next = Math.floor(random() * candidates.length);
  }

  pick(exclude: C | null, _key: HashKey | null): C | null {
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
  readonly #weights: SmoothWeights | EarliestDeadline;

  constructor(candidates: readonly C[], weights: readonly number[], random: () => number) {
    this.#candidates = candidates;
    this.#weights =
      candidates.length <= maxSmoothCandidates
        ? new SmoothWeights(weights, random)
        : new EarliestDeadline(weights, random);
  }

  /** There are at least two candidates, so leaving one out leaves another. */
  pick(exclude: C | null, _key: HashKey | null): C | null {
    const skip = exclude === null ? -1 : this.#candidates.indexOf(exclude);
    return this.#candidates[this.#weights.next(skip)] ?? null;
  }
}

import type { Candidate, Picker } from './balancer.ts';
import { haveEqualWeights } from './balancer.ts';
import type { HashKey } from './hash-key.ts';

/**
 * Any endpoint, with a probability in proportion to its weight. Needs no state between requests, so it stays fair where
 * the list changes all the time.
 *
 * Source: Envoy `RANDOM`, which ignores weights; here they count.
 */
export function buildRandom<C extends Candidate>(candidates: readonly C[], random: () => number): Picker<C> {
  return haveEqualWeights(candidates) ? new EqualRandom(candidates, random) : new WeightedRandom(candidates, random);
}

class EqualRandom<C extends Candidate> implements Picker<C> {
  readonly #candidates: readonly C[];
  readonly #random: () => number;

  constructor(candidates: readonly C[], random: () => number) {
    this.#candidates = candidates;
    this.#random = random;
  }

  pick(exclude: C | null, _key: HashKey | null): C | null {
    const candidates = this.#candidates;
    const excluded = exclude === null || candidates.length < 2 ? -1 : candidates.indexOf(exclude);
    if (excluded < 0) return candidates[Math.floor(this.#random() * candidates.length)] ?? null;
    const index = Math.floor(this.#random() * (candidates.length - 1));
    return candidates[index >= excluded ? index + 1 : index] ?? null;
  }
}

/** Candidates laid end to end on a line, each as long as its weight; a random point on it chooses. */
class WeightedRandom<C extends Candidate> implements Picker<C> {
  readonly #candidates: readonly C[];
  readonly #random: () => number;
  /** Where each candidate ends on the line. */
  readonly #ends: readonly number[];
  readonly #length: number;

  constructor(candidates: readonly C[], random: () => number) {
    this.#candidates = candidates;
    this.#random = random;
    let end = 0;
    this.#ends = candidates.map((candidate) => {
      end += candidate.weight;
      return end;
    });
    this.#length = end;
  }

  /** Unequal weights mean at least two candidates, so leaving one out leaves another. */
  pick(exclude: C | null, _key: HashKey | null): C | null {
    const excluded = exclude === null ? -1 : this.#candidates.indexOf(exclude);
    if (excluded < 0) return this.#candidateAt(this.#random() * this.#length);
    const end = this.#ends[excluded] as number; // indexOf found it
    const start = excluded === 0 ? 0 : (this.#ends[excluded - 1] as number);
    const point = this.#random() * (this.#length - (end - start));
    return this.#candidateAt(point < start ? point : point + (end - start));
  }

  /** First candidate whose end lies beyond the point, by bisection. */
  #candidateAt(point: number): C | null {
    let low = 0;
    let high = this.#ends.length - 1;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#ends[middle] as number) > point) high = middle;
      else low = middle + 1;
    }
    return this.#candidates[low] ?? null;
  }
}

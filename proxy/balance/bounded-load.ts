import type { BuildPicker, Candidate, Picker } from './balancer.ts';
import type { HashKey } from './hash-key.ts';

/** Requests that are under way in a whole cluster; whoever counts them does so as they come and go. */
export interface ClusterLoad {
  readonly active: number;
}

/**
 * Consistent hashing within bounds: no candidate gets a request while it has more than `percent` percent of its share of those
 * that are under way in the cluster, rounded up. A key whose candidate has that many goes to another one, by an order of its own, so that keys
 * which have to leave one candidate do not all go to the same; where all have, to the one that has least for its weight.
 *
 * Where a cluster has several levels or zones, the load is that of all of them and the share that within one: the bound is
 * wider then, as it is in Envoy. The number of candidates matters only to a key that has to leave its own.
 *
 * Source: Mirrokni et al. 2016, "Consistent Hashing with Bounded Loads"; Chen et al. 2019, "Revisiting Consistent Hashing with
 * Bounded Loads" (the jumps); Envoy `ConsistentHashingLbConfig.hash_balance_factor`.
 */
export function withBoundedLoad(build: BuildPicker, percent: number, load: ClusterLoad): BuildPicker {
  return (candidates, random) => new BoundedLoad(candidates, build(candidates, random), percent, load);
}

class BoundedLoad<C extends Candidate> implements Picker<C> {
  readonly #candidates: readonly C[];
  readonly #hashed: Picker<C>;
  readonly #percent: number;
  readonly #load: ClusterLoad;
  readonly #totalWeight: number;

  constructor(candidates: readonly C[], hashed: Picker<C>, percent: number, load: ClusterLoad) {
    this.#candidates = candidates;
    this.#hashed = hashed;
    this.#percent = percent;
    this.#load = load;
    this.#totalWeight = candidates.reduce((sum, { weight }) => sum + weight, 0);
  }

  pick(exclude: C | null, key: HashKey | null): C | null {
    const picked = this.#hashed.pick(exclude, key);
    if (picked === null || key === null) return picked;
    const slots = Math.ceil(((this.#load.active + 1) * this.#percent) / 100); // with this request
    return this.#hasRoom(picked, slots) ? picked : this.#pickOther(picked, exclude, key, slots);
  }

  #hasRoom({ activeRequests, weight }: C, slots: number): boolean {
    return activeRequests < Math.max(1, Math.ceil((slots * weight) / this.#totalWeight));
  }

  #pickOther(picked: C, exclude: C | null, key: HashKey, slots: number): C {
    const candidates = this.#candidates;
    const count = candidates.length;
    const step = stepThrough(count, key.high);
    let least = picked;
    let at = key.low % count;
    for (let i = 0; i < count; i++, at = (at + step) % count) {
      const other = candidates[at] as C; // at stays below the count
      if (other === exclude) continue;
      if (this.#hasRoom(other, slots)) return other;
      if (other.activeRequests * least.weight < least.activeRequests * other.weight) least = other;
    }
    return least;
  }
}

/** A step that comes by every one of `count` before it comes by one again: the two have no divisor in common. */
function stepThrough(count: number, seed: number): number {
  let step = 1 + (seed % count);
  while (greatestCommonDivisor(step, count) !== 1) step++;
  return step;
}

function greatestCommonDivisor(a: number, b: number): number {
  let [larger, smaller] = [a, b];
  while (smaller !== 0) [larger, smaller] = [smaller, larger % smaller];
  return larger;
}

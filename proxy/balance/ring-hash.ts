import { maxRingPoints } from '../../proto/hash-table-sizes.ts';
import type { BuildPicker, Candidate, Picker } from './balancer.ts';
import { HashKey } from './hash-key.ts';
import { sortByHash } from './sort-by-hash.ts';
import { xxh64 } from './xxh64.ts';

/** Envoy `RingHash.minimum_ring_size`. */
export const defaultMinRingSize = 1_024;

/**
 * Consistent hashing on a ring: each candidate has points on a circle of 64-bit numbers, and a key belongs to the first
 * point at or behind it. When a candidate leaves, its keys find others; one that joins takes its share. A few more keys move
 * because the number of points for each changes then, as in Envoy, to keep the size of the ring.
 *
 * A candidate has points in proportion to its weight, at XXH64 of `address:port_0`, `_1` and so on, so that every proxy and
 * every Envoy agree. The ring has `minSize` points or more, as many as give the lightest candidate a whole number of them,
 * but no more than `maxSize`: then light candidates may have none. A request without a key goes to a random point. A key
 * whose candidate is excluded goes on to the next point of another.
 *
 * Source: Karger et al. 1997, "Consistent Hashing and Random Trees"; Envoy `RING_HASH` (`ring_hash_lb.cc`), with `XX_HASH`.
 */
export function ringHash(minSize: number = defaultMinRingSize, maxSize: number = maxRingPoints): BuildPicker {
  return (candidates, random) => new Ring(candidates, random, minSize, maxSize);
}

class Ring<C extends Candidate> implements Picker<C> {
  readonly #candidates: readonly C[];
  readonly #random: () => number;
  /** The points in their order, as halves of 64 bits, and whose each is. */
  readonly #high: Uint32Array;
  readonly #low: Uint32Array;
  readonly #owner: Uint32Array;

  constructor(candidates: readonly C[], random: () => number, minSize: number, maxSize: number) {
    this.#candidates = candidates;
    this.#random = random;
    const points = placePoints(candidates, minSize, maxSize);
    this.#high = points.high;
    this.#low = points.low;
    this.#owner = points.payload;
  }

  pick(exclude: C | null, key: HashKey | null): C | null {
    const size = this.#owner.length;
    if (size === 0) return null;
    let at = key === null ? Math.floor(this.#random() * size) : this.#find(key);
    let picked = this.#candidates[this.#owner[at] as number] as C; // the search stays inside the ring
    for (let step = 1; picked === exclude && step < size; step++) {
      at = at + 1 < size ? at + 1 : 0;
      picked = this.#candidates[this.#owner[at] as number] as C;
    }
    return picked;
  }

  /** Index of the first point that is not before the key, of the first one of all behind the last. */
  #find({ high, low }: HashKey): number {
    const size = this.#owner.length;
    let first = 0;
    let end = size;
    while (first < end) {
      const middle = (first + end) >>> 1;
      const pointHigh = this.#high[middle] as number;
      if (pointHigh < high || (pointHigh === high && (this.#low[middle] as number) < low)) first = middle + 1;
      else end = middle;
    }
    return first === size ? 0 : first;
  }
}

function placePoints(candidates: readonly Candidate[], minSize: number, maxSize: number) {
  if (candidates.length === 0) return sortByHash(new Uint32Array(0), new Uint32Array(0), new Uint32Array(0));
  let total = 0;
  let lightest = Number.POSITIVE_INFINITY;
  for (const { weight } of candidates) {
    total += weight;
    lightest = Math.min(lightest, weight);
  }
  const smallestShare = lightest / total;
  const scale = Math.min(Math.ceil(smallestShare * minSize) / smallestShare, maxSize);
  const size = Math.ceil(scale);
  const high = new Uint32Array(size);
  const low = new Uint32Array(size);
  const owner = new Uint32Array(size);
  const point = new HashKey();
  let placed = 0;
  let target = 0;
  for (const [index, { key, weight }] of candidates.entries()) {
    target += scale * (weight / total);
    for (let i = 0; placed < target && placed < size; i++) {
      xxh64(`${key}_${i}`, point);
      high[placed] = point.high;
      low[placed] = point.low;
      owner[placed] = index;
      placed++;
    }
  }
  // adding shares up may round a last point away
  return sortByHash(high.subarray(0, placed), low.subarray(0, placed), owner.subarray(0, placed));
}

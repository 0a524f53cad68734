import { defaultRingPoints, maxRingPoints } from '../../proto/hash-table-sizes.ts';
import { HashKey } from './hash-key.ts';
import type { HashTable, TableMember, TablePlan, TableSteps } from './hash-table.ts';
import type { SortedHashes } from './sort-by-hash.ts';
import { sortSteps } from './sort-by-hash.ts';
import { xxh64 } from './xxh64.ts';

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
export function ringTable(minSize: number = defaultRingPoints, maxSize: number = maxRingPoints): TablePlan {
  return {
    name: `ring ${minSize} ${maxSize}`,
    placesFor: (members) => scaleOf(members, minSize, maxSize),
    steps: (members) => placePoints(members, minSize, maxSize),
  };
}

/** Points that are placed in one step. */
const POINTS_AT_A_TIME = 8192;

/** The points in their order, as halves of 64 bits, and whose each is. */
class Ring implements HashTable {
  readonly members: readonly TableMember[];
  readonly owner: Uint32Array;
  readonly #high: Uint32Array;
  readonly #low: Uint32Array;

  constructor(members: readonly TableMember[], { high, low, payload }: SortedHashes) {
    this.members = members;
    this.owner = payload;
    this.#high = high;
    this.#low = low;
  }

  /** The first point that is not before the key, the first one of all behind the last. */
  placeOf({ high, low }: HashKey): number {
    const size = this.owner.length;
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

function* placePoints(members: readonly TableMember[], minSize: number, maxSize: number): TableSteps {
  const total = members.reduce((sum, { weight }) => sum + weight, 0);
  const scale = scaleOf(members, minSize, maxSize);
  const size = Math.ceil(scale);
  const high = new Uint32Array(size);
  const low = new Uint32Array(size);
  const owner = new Uint32Array(size);
  const point = new HashKey();
  let placed = 0;
  let target = 0;
  for (const [index, { key, weight }] of members.entries()) {
    target += scale * (weight / total);
    for (let i = 0; placed < target && placed < size; i++) {
      xxh64(`${key}_${i}`, point);
      high[placed] = point.high;
      low[placed] = point.low;
      owner[placed] = index;
      placed++;
      if (placed % POINTS_AT_A_TIME === 0) yield;
    }
  }
  // adding shares up may round a last point away
  const sorted = yield* sortSteps(high.subarray(0, placed), low.subarray(0, placed), owner.subarray(0, placed));
  return new Ring(members, sorted);
}

/** As many points as give the lightest a whole number of them. */
function scaleOf(members: readonly TableMember[], minSize: number, maxSize: number): number {
  if (members.length === 0) return 0;
  let total = 0;
  let lightest = Number.POSITIVE_INFINITY;
  for (const { weight } of members) {
    total += weight;
    lightest = Math.min(lightest, weight);
  }
  const smallestShare = lightest / total;
  return Math.min(Math.ceil(smallestShare * minSize) / smallestShare, maxSize);
}

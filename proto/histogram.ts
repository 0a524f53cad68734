/**
 * The latency histogram that sidecars report and the control plane adds up: fixed log-linear buckets over whole
 * microseconds, so that adding the counts of the same bucket loses nothing, however often it is done.
 *
 * Each power of two is cut into 16 buckets of equal width; below 16 µs every value has its own. A bucket is at most 1/16
 * of its lower bound wide, so a value that is read back as the middle of its bucket is at most 3.2 % off.
 *
 * ```
 *   index   0  1 … 15 │ 16 17 … 31 │ 32 33 … 47 │ 48 …
 *   from    0  1 … 15 │ 16 17 … 31 │ 32 34 … 62 │ 64 68 …  µs
 * ```
 *
 * The layout is part of the contract: changing it needs another field in `heddle.v1.Histogram`.
 *
 * Source: HdrHistogram (Tene); the index is that of its `countsArrayIndex` for 16 sub-buckets.
 */

/** Longer times are counted as one hour. */
export const MAX_LATENCY_US = 3_600_000_000;

/** Buckets that values from 0 to one hour fall into. */
export const LATENCY_BUCKETS = 459;

/** The buckets of a histogram that hold anything, as the message `heddle.v1.Histogram` carries them. */
export interface SparseBuckets {
  /** Ascending: the first bucket's number, then the distance of each to the one before. */
  readonly index: number[];
  readonly count: number[];
}

/** Bucket of a time in microseconds; what is not a number, and less than nothing, is nothing. */
export function latencyBucket(valueUs: number): number {
  if (!(valueUs >= 16)) return valueUs >= 1 ? Math.floor(valueUs) : 0;
  const value = valueUs < MAX_LATENCY_US ? valueUs >>> 0 : MAX_LATENCY_US;
  const shift = 27 - Math.clz32(value);
  return (shift << 4) + (value >>> shift);
}

/** Smallest time that falls into the bucket, in microseconds. */
export function bucketLowerUs(index: number): number {
  return index < 16 ? index : (16 + (index & 15)) * 2 ** ((index >> 4) - 1);
}

/** Smallest time that falls into the next bucket. */
export function bucketUpperUs(index: number): number {
  return bucketLowerUs(index + 1);
}

/**
 * The time that a share `q` of all counted ones does not exceed, in microseconds: the middle of the bucket that the
 * nearest rank falls into, 0 where nothing is counted. `q` from 0 to 1.
 */
export function quantileUs(counts: ArrayLike<number>, q: number): number {
  let total = 0;
  for (let index = 0; index < counts.length; index++) total += counts[index] as number;
  if (total === 0) return 0;
  const rank = Math.min(total, Math.max(1, Math.ceil(q * total)));
  let seen = 0;
  for (let index = 0; index < counts.length; index++) {
    seen += counts[index] as number;
    // whole microseconds: of those in the bucket the last one is below its upper bound
    if (seen >= rank) return (bucketLowerUs(index) + bucketUpperUs(index) - 1) / 2;
  }
  return 0;
}

export function toSparseBuckets(counts: ArrayLike<number>): SparseBuckets {
  const sparse: SparseBuckets = { index: [], count: [] };
  let previous = 0;
  for (let index = 0; index < counts.length; index++) {
    const count = counts[index] as number;
    if (count === 0) continue;
    sparse.index.push(index - previous);
    sparse.count.push(count);
    previous = index;
  }
  return sparse;
}

/**
 * Adds what a message carries to dense counts of `LATENCY_BUCKETS`. 64-bit counts come as decimal strings.
 *
 * Returns why nothing was added when the message is not a histogram of this layout: the sender is another program.
 */
export function addSparseBuckets(
  into: { [index: number]: number },
  index: readonly number[],
  count: readonly (number | string)[],
): string | null {
  if (index.length !== count.length) return `${index.length} buckets with ${count.length} counts`;
  let at = 0;
  for (let i = 0; i < index.length; i++) {
    const distance = index[i] as number;
    if (i > 0 && distance < 1) return 'the buckets do not ascend';
    at += distance;
    if (!(at < LATENCY_BUCKETS)) return `there is no bucket ${at}`;
    if (!Number.isSafeInteger(Number(count[i])) || Number(count[i]) < 0) return `${count[i]} is not a count`;
  }
  at = 0;
  for (let i = 0; i < index.length; i++) {
    at += index[i] as number;
    into[at] = (into[at] ?? 0) + Number(count[i]);
  }
  return null;
}

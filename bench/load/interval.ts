/** A ratio and between what it lies with 95 % confidence. */
export interface Interval {
  readonly ratio: number;
  readonly low: number;
  readonly high: number;
  readonly pairs: number;
  /** How many starts of the processes the pairs are of. */
  readonly starts: number;
}

/** From so many pairs on, differences under 5 % may be believed. */
export const enoughPairs = 9;

/** Fewer say nothing of how far they lie apart. */
const leastForInterval = 3;

/**
 * What `ours` is as a multiple of `theirs`, from pairs that were measured side by side: for each start of the processes one
 * value a round. The geometric mean of ratios, with Student's t interval of their logarithms. Noise that meets both of a
 * pair falls out.
 *
 * What a start leaves to chance, such as what is compiled when and where objects lie, all of its rounds share. From three
 * starts on the interval is therefore that of one mean for each start; of fewer it is that of the pairs, holds for
 * these very processes, and is too narrow for others of the same build.
 *
 * Pairs with a value that is not a positive number do not count, and a start without a pair is none. Null with fewer than
 * three pairs left.
 *
 * Source: Kalibera and Jones 2013, "Rigorous Benchmarking in Reasonable Time": repetition at the level where it varies.
 */
export function pairedInterval(
  ours: readonly (readonly number[])[],
  theirs: readonly (readonly number[])[],
): Interval | null {
  const starts = ours.map((rounds, start) => logRatios(rounds, theirs[start] ?? [])).filter(({ length }) => length > 0);
  const pairs = starts.flat();
  if (pairs.length < leastForInterval) return null;
  const samples = starts.length < leastForInterval ? pairs : starts.map(mean);
  const middle = mean(samples);
  const variance = samples.reduce((sum, log) => sum + (log - middle) ** 2, 0) / (samples.length - 1);
  const half = studentT(samples.length - 1) * Math.sqrt(variance / samples.length);
  return {
    ratio: Math.exp(middle),
    low: Math.exp(middle - half),
    high: Math.exp(middle + half),
    pairs: pairs.length,
    starts: starts.length,
  };
}

function logRatios(ours: readonly number[], theirs: readonly number[]): number[] {
  return ours
    .slice(0, theirs.length)
    .map((value, pair) => Math.log(value / (theirs[pair] ?? Number.NaN)))
    .filter(Number.isFinite);
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

/** The 97.5th percentile of Student's t distribution, for 1 degree of freedom and up. */
const quantiles = [
  12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228, 2.201, 2.179, 2.16, 2.145, 2.131, 2.12, 2.11,
  2.101, 2.093, 2.086, 2.08, 2.074, 2.069, 2.064, 2.06, 2.056, 2.052, 2.048, 2.045, 2.042,
];

/** Beyond the table the value at 30, which is wider than it need be by at most 4 %. */
function studentT(degreesOfFreedom: number): number {
  return quantiles[degreesOfFreedom - 1] ?? 2.042;
}

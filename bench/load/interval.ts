/** A ratio and between what it lies with 95 % confidence. */
export interface Interval {
  readonly ratio: number;
  readonly low: number;
  readonly high: number;
  readonly pairs: number;
}

/** From so many pairs on, differences under 5 % may be believed. */
export const enoughPairs = 9;

/**
 * What `ours` is as a multiple of `theirs`, from pairs that were measured side by side: the geometric mean of the pairs'
 * ratios, with Student's t interval of their logarithms. Noise that meets both of a pair falls out.
 *
 * Pairs with a value that is not a positive number do not count. Null with fewer than three left.
 */
export function pairedInterval(ours: readonly number[], theirs: readonly number[]): Interval | null {
  const logs: number[] = [];
  for (let pair = 0; pair < Math.min(ours.length, theirs.length); pair += 1) {
    const log = Math.log((ours[pair] ?? Number.NaN) / (theirs[pair] ?? Number.NaN));
    if (Number.isFinite(log)) logs.push(log);
  }
  const pairs = logs.length;
  if (pairs < 3) return null;
  const mean = logs.reduce((sum, log) => sum + log, 0) / pairs;
  const variance = logs.reduce((sum, log) => sum + (log - mean) ** 2, 0) / (pairs - 1);
  const half = studentT(pairs - 1) * Math.sqrt(variance / pairs);
  return { ratio: Math.exp(mean), low: Math.exp(mean - half), high: Math.exp(mean + half), pairs };
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

/** A random start costs at most about this many additions, however long the cycle is. */
const maxStartSteps = 65_536;

/**
 * Smooth weighted round robin over indexes: weights 5, 1, 1 give `a a b a c a a`, not `a a a a a b c`.
 *
 * Every entry gains its weight each turn; the one with the most is chosen and pays the sum of all weights. Any run of
 * consecutive choices as long as the sum of the weights (divided by their greatest common divisor) holds every entry
 * exactly as often as its weight says, wherever the run begins.
 *
 * The start is a random point of that cycle: many proxies with the same weights must not all begin with the same entry.
 * A choice costs one pass over the entries.
 *
 * Source: nginx, `ngx_http_upstream_round_robin.c`, "smooth weighted round-robin balancing", 2012.
 */
export class SmoothWeights {
  readonly #weights: readonly number[];
  /** What each entry has gained and not yet paid; the sum is always 0. */
  readonly #credit: number[];

  /** `weights` are non-negative integers with a sum below 2^53; an entry of weight 0 is never chosen. */
  constructor(weights: readonly number[], random: () => number) {
    const divisor = weights.reduce(greatestCommonDivisor, 0) || 1;
    this.#weights = weights.map((weight) => weight / divisor);
    this.#credit = weights.map(() => 0);
    const cycle = this.#weights.reduce((sum, weight) => sum + weight, 0);
    const steps = Math.floor(random() * Math.min(cycle, maxStartSteps / Math.max(weights.length, 1)));
    for (let step = 0; step < steps; step++) this.next(-1);
  }

  /**
   * Index of the next entry, as if entry `skip` had weight 0; pass -1 to skip none. -1 when nothing is left.
   * A skipped entry neither gains nor pays, so skipping does not owe it anything later.
   */
  next(skip: number): number {
    const weights = this.#weights;
    const credit = this.#credit;
    let total = 0;
    let best = -1;
    let bestCredit = 0;
    for (let i = 0; i < weights.length; i++) {
      const weight = weights[i] as number; // i is below the length
      if (weight === 0 || i === skip) continue;
      total += weight;
      const gained = (credit[i] as number) + weight;
      credit[i] = gained;
      if (best < 0 || gained > bestCredit) {
        best = i;
        bestCredit = gained;
      }
    }
    if (best >= 0) credit[best] = bestCredit - total;
    return best;
  }
}

function greatestCommonDivisor(a: number, b: number): number {
  let x = a;
  let y = b;
  while (y !== 0) {
    const rest = x % y;
    x = y;
    y = rest;
  }
  return x;
}

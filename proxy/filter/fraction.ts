/** A share of requests, exact where a floating point percentage would not be (Envoy `FractionalPercent`). */
export interface Fraction {
  readonly numerator: number;
  readonly denominator: 100 | 10_000 | 1_000_000;
}

/** Draws: true for that share of the calls. `random` gives numbers in [0, 1). */
export function isDrawn({ numerator, denominator }: Fraction, random: () => number): boolean {
  return numerator > 0 && Math.floor(random() * denominator) < numerator;
}

/** The share that a request asks for in a header, in percent or in the unit of `limit`; never more than `limit`. */
export function boundedBy(limit: Fraction, numerator: number): Fraction {
  return numerator < limit.numerator ? { numerator, denominator: limit.denominator } : limit;
}

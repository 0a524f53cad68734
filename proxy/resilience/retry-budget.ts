/**
 * Bounds the retries in flight to a share of the real work in flight, so that retries fade out exactly when a failing
 * service would drown in them. Unlike a fixed number it fits small and large clusters alike.
 *
 * Source: Envoy `CircuitBreakers.Thresholds.RetryBudget`; defaults there 20 % and 3.
 */
export class RetryBudget {
  readonly #share: number;
  readonly #minConcurrency: number;

  /** `percent` in (0, 100]; `minConcurrency` retries are allowed however little traffic there is. */
  constructor(percent: number, minConcurrency: number) {
    this.#share = percent / 100;
    this.#minConcurrency = minConcurrency;
  }

  /** Most retries that may be in flight while so many requests are, those that are retried and those that wait included. */
  limit(requests: number): number {
    return Math.max(Math.floor(requests * this.#share), this.#minConcurrency);
  }
}

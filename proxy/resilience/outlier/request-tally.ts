/**
 * How many requests an endpoint had and how many went well, in this interval and the one before. Judgement looks at the
 * interval that is over, so that all endpoints are compared over the same time.
 *
 * Source: Envoy `SuccessRateAccumulator`.
 */
export class RequestTally {
  #total = 0;
  #successes = 0;
  #lastTotal = 0;
  #lastSuccesses = 0;

  success(): void {
    this.#total++;
    this.#successes++;
  }

  failure(): void {
    this.#total++;
  }

  /** The interval is over. */
  turn(): void {
    this.#lastTotal = this.#total;
    this.#lastSuccesses = this.#successes;
    this.#total = 0;
    this.#successes = 0;
  }

  /** Requests of the interval that is over. */
  get volume(): number {
    return this.#lastTotal;
  }

  /** Of those, the percentage that went well; only where there were some. */
  get successRate(): number {
    return (this.#lastSuccesses * 100) / this.#lastTotal;
  }
}

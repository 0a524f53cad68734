/** Descriptors that are remembered; beyond them the oldest makes room. */
export const MAX_OVER_LIMIT = 10_000;

/**
 * Descriptors of which the rate limit service has said that they are over their limits, until their windows end: about
 * those it is not asked again, so that a flood of what is refused anyway costs nobody a question.
 *
 * Source: envoyproxy/ratelimit, "local cache", which remembers the same on the other side.
 */
export class OverLimitMemory {
  readonly #until = new Map<string, number>();
  readonly #maxSize: number;

  constructor(maxSize = MAX_OVER_LIMIT) {
    this.#maxSize = maxSize;
  }

  get size(): number {
    return this.#until.size;
  }

  /** Milliseconds until the window ends; 0 where nothing is known of it, or it is over. */
  leftMs(key: string, nowMs: number): number {
    const until = this.#until.get(key);
    if (until === undefined) return 0;
    if (until > nowMs) return until - nowMs;
    this.#until.delete(key);
    return 0;
  }

  remember(key: string, untilMs: number): void {
    this.#until.delete(key); // to the end: the first is the one that was remembered first
    this.#until.set(key, untilMs);
    if (this.#until.size > this.#maxSize) this.#until.delete(this.#until.keys().next().value as string); // not empty
  }
}

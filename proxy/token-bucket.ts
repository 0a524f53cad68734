/** Allows `burst` at once and `perSecond` more each second; time comes in with every question. */
export class TokenBucket {
  readonly #burst: number;
  readonly #perSecond: number;
  #tokens: number;
  #filledAtMs: number;

  constructor(burst: number, perSecond: number, nowMs: number) {
    this.#burst = burst;
    this.#perSecond = perSecond;
    this.#tokens = burst;
    this.#filledAtMs = nowMs;
  }

  /** Takes one; false when there is none. */
  tryTake(nowMs: number): boolean {
    if (this.left(nowMs) < 1) return false;
    this.#tokens--;
    return true;
  }

  /** Takes `count`, also where there is less: the debt is paid off first. */
  spend(nowMs: number, count = 1): void {
    this.left(nowMs);
    this.#tokens -= count;
  }

  /** How many may be taken now; below 0 where more was spent. */
  left(nowMs: number): number {
    if (nowMs > this.#filledAtMs) {
      const filled = this.#tokens + ((nowMs - this.#filledAtMs) * this.#perSecond) / 1000;
      this.#tokens = Math.min(this.#burst, filled);
      this.#filledAtMs = nowMs;
    }
    return this.#tokens;
  }

  /** Milliseconds until one may be taken. */
  waitMs(nowMs: number): number {
    return Math.max(0, ((1 - this.left(nowMs)) * 1000) / this.#perSecond);
  }

  /** Gives `count` back, up to the burst. */
  give(count: number): void {
    this.#tokens = Math.min(this.#burst, this.#tokens + count);
  }
}

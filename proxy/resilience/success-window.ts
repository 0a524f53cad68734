/** How many requests of the last so many seconds went well, second by second, in as much memory as there are seconds. */
export class SuccessWindow {
  readonly #seconds: number;
  readonly #totals: Uint32Array;
  readonly #successes: Uint32Array;
  total = 0;
  successes = 0;
  /** The second that is being counted. */
  #second: number;

  constructor(seconds: number, nowMs: number) {
    this.#seconds = seconds;
    this.#totals = new Uint32Array(seconds);
    this.#successes = new Uint32Array(seconds);
    this.#second = Math.floor(nowMs / 1000);
  }

  record(isSuccess: boolean, nowMs: number): void {
    this.advance(nowMs);
    const slot = this.#second % this.#seconds;
    this.total++;
    this.#totals[slot] = (this.#totals[slot] as number) + 1;
    if (!isSuccess) return;
    this.successes++;
    this.#successes[slot] = (this.#successes[slot] as number) + 1;
  }

  /** Forgets what is too long ago. */
  advance(nowMs: number): void {
    const now = Math.floor(nowMs / 1000);
    const passed = Math.min(now - this.#second, this.#seconds);
    for (let i = 0; i < passed; i++) {
      const slot = (now - i) % this.#seconds;
      this.total -= this.#totals[slot] as number;
      this.successes -= this.#successes[slot] as number;
      this.#totals[slot] = 0;
      this.#successes[slot] = 0;
    }
    if (passed > 0) this.#second = now;
  }
}

/** How old its time may be at most, so that a span which it has measured may have been so much shorter. */
export const coarseClockMs = 1000;

/**
 * The time in whole seconds' precision, for deadlines of many seconds: reading it costs one property access.
 *
 * Milliseconds of the monotonic clock, at most one second old. Sweepers run right after it moves on; they are how
 * idle connections, slow heads and stalled streams are found without a timer for each.
 */
export class CoarseClock {
  nowMs: number;
  readonly #now: () => number;
  readonly #sweepers = new Set<(nowMs: number) => void>();
  #timer: NodeJS.Timeout | null = null;

  constructor(now: () => number = () => performance.now()) {
    this.#now = now;
    this.nowMs = now();
  }

  /** Moves on each second until `stop`; does not keep the process alive. */
  start(): void {
    this.#timer ??= setInterval(() => this.tick(), coarseClockMs).unref();
  }

  stop(): void {
    if (this.#timer !== null) clearInterval(this.#timer);
    this.#timer = null;
  }

  /** Calls `sweeper` after each tick; returns how to end that. */
  onTick(sweeper: (nowMs: number) => void): () => void {
    this.#sweepers.add(sweeper);
    return () => this.#sweepers.delete(sweeper);
  }

  /** Reads the clock and runs the sweepers; tests call it with a clock of their own. */
  tick(): void {
    this.nowMs = this.#now();
    for (const sweeper of this.#sweepers) sweeper(this.nowMs);
  }
}

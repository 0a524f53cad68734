/** Time as the xDS client sees it, so that tests can hand it a clock of their own. */
export interface Clock {
  /** Milliseconds since the epoch. */
  now(): number;
  /** Calls back once after `delayMs`, unless the answered function is called before. Keeps no process alive. */
  after(delayMs: number, callback: () => void): () => void;
}

/** Longest delay `setTimeout` takes: 2³¹ − 1 ms, about 24.8 days; a longer one would fire at once. */
const maxDelayMs = 2_147_483_647;

export const systemClock: Clock = {
  now: Date.now,
  after(delayMs, callback) {
    const timer = setTimeout(callback, Math.min(delayMs, maxDelayMs));
    timer.unref();
    return () => clearTimeout(timer);
  },
};

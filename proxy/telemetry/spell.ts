/** Nothing for so long: it is over. Shorter breaks are part of it. */
export const quietMs = 5_000;

/** Something of which only the count is known: when it begins, and when it has not happened for long enough to be over. */
export class Spell {
  isGoing = false;
  /** When it began, or did the last time; by the clock of who looks. */
  sinceMs = 0;
  /** Since it began. */
  count = 0;
  #lastMs = 0;
  #seen = 0;

  /** `total`: what has been counted by now, from 0 on. Says whether that makes it begin, or the rest makes it end. */
  look(total: number, nowMs: number, breakMs: number = quietMs): 'begins' | 'ends' | null {
    const more = total - this.#seen;
    this.#seen = total;
    if (more > 0) {
      const begins = !this.isGoing;
      if (begins) {
        this.isGoing = true;
        this.sinceMs = nowMs;
        this.count = 0;
      }
      this.count += more;
      this.#lastMs = nowMs;
      return begins ? 'begins' : null;
    }
    if (!this.isGoing || nowMs - this.#lastMs < breakMs) return null;
    this.isGoing = false;
    return 'ends';
  }
}

/** Late by this much a beat is a miss, or a mega miss: Envoy `watchdog.miss_timeout` and `megamiss_timeout`. */
const MISS_MS = 200;
const MEGA_MISS_MS = 1_000;

/**
 * Counts how often the event loop was stuck: everything that the sidecar does waits for it.
 *
 * Source: Envoy, `Bootstrap.watchdogs`, statistics `watchdog_miss` and `watchdog_mega_miss`.
 */
export class Watchdog {
  misses = 0;
  megaMisses = 0;
  readonly #intervalMs: number;
  #lastMs: number | null = null;

  /** `beat` is to be called every `intervalMs`. */
  constructor(intervalMs: number) {
    this.#intervalMs = intervalMs;
  }

  beat(nowMs: number): void {
    const lateMs = this.#lastMs === null ? 0 : nowMs - this.#lastMs - this.#intervalMs;
    this.#lastMs = nowMs;
    if (lateMs > MISS_MS) this.misses++;
    if (lateMs > MEGA_MISS_MS) this.megaMisses++;
  }
}

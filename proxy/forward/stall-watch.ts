import type { Failure } from '../failure.ts';
import type { CoarseClock } from '../transport/coarse-clock.ts';
import { coarseClockMs } from '../transport/coarse-clock.ts';

/**
 * Notices requests on which nothing moves, and those that do not come to their end. By the coarse clock: up to two seconds late,
 * and never early, since what moved a moment ago may carry the time of a second ago.
 */
export class StallWatch {
  readonly #clock: CoarseClock;
  #beganAtMs = 0;
  #touchedAtMs = 0;

  constructor(clock: CoarseClock) {
    this.#clock = clock;
  }

  /** A request has come. */
  begin(): void {
    this.#beganAtMs = this.#clock.nowMs;
    this.#touchedAtMs = this.#beganAtMs;
  }

  /** Something of it, or of its answer, has moved. */
  touch(): void {
    this.#touchedAtMs = this.#clock.nowMs;
  }

  /** `idleTimeoutMs`: without a byte. `requestTimeoutMs`: for a request that its client is still sending. 0 is no bound. */
  faultAt(nowMs: number, idleTimeoutMs: number, requestTimeoutMs: number): Failure | null {
    if (idleTimeoutMs > 0 && nowMs - this.#touchedAtMs > idleTimeoutMs + coarseClockMs) return 'streamIdleTimeout';
    if (requestTimeoutMs > 0 && nowMs - this.#beganAtMs > requestTimeoutMs + coarseClockMs) return 'requestTooSlow';
    return null;
  }
}

import type { AnswerTime, Candidate, Picker } from './balancer.ts';
import type { HashKey } from './hash-key.ts';

/** What an endpoint is taken to need before it has answered. Linkerd and Finagle: 30 ms. */
export const defaultAnswerTimeMs = 30;
/** Time in which what is known loses all but 1/e of its weight. Linkerd, Finagle and Envoy: 10 s. */
export const defaultDecayMs = 10_000;

/** An endpoint that answers at once would cost nothing however many requests it has. */
const leastMs = 0.01;

/**
 * How long an endpoint takes to answer: an average that forgets exponentially, and believes a slow answer at once. What is
 * not asked again fades towards 0, so that an endpoint that was slow once is tried again.
 *
 * Source: Finagle `PeakEwma`; Linkerd (tower `peak_ewma`).
 */
export class PeakEwma implements AnswerTime {
  readonly #decayMs: number;
  readonly #now: () => number;
  #valueMs: number;
  #updatedAtMs: number;

  constructor(now: () => number, defaultMs: number = defaultAnswerTimeMs, decayMs: number = defaultDecayMs) {
    this.#now = now;
    this.#decayMs = decayMs;
    this.#valueMs = defaultMs;
    this.#updatedAtMs = now();
  }

  /** An answer took so long. A failure counts when it took longer than expected: failing fast is no merit. */
  observe(elapsedMs: number, isFailure: boolean): void {
    const now = this.#now();
    if (elapsedMs > this.#valueMs) this.#valueMs = elapsedMs;
    else if (isFailure) return;
    else {
      const kept = Math.exp(-(now - this.#updatedAtMs) / this.#decayMs);
      this.#valueMs = this.#valueMs * kept + elapsedMs * (1 - kept);
    }
    this.#updatedAtMs = now;
  }

  estimateMs(): number {
    const faded = this.#valueMs * Math.exp(-(this.#now() - this.#updatedAtMs) / this.#decayMs);
    return Math.max(faded, leastMs);
  }
}

/**
 * Power of two choices by what a request would have to wait for: answer time times requests in flight and this one, divided
 * by weight. Requests move away from an endpoint that becomes slow before it fails. A tie keeps the first draw.
 *
 * Source: Linkerd's balancer (P2C with peak EWMA); Envoy `PeakEwma` (contrib).
 */
export function buildPeakEwma<C extends Candidate>(candidates: readonly C[], random: () => number): Picker<C> {
  return new PeakEwmaPicker(candidates, random);
}

class PeakEwmaPicker<C extends Candidate> implements Picker<C> {
  readonly #candidates: readonly C[];
  readonly #random: () => number;

  constructor(candidates: readonly C[], random: () => number) {
    this.#candidates = candidates;
    this.#random = random;
  }

  pick(exclude: C | null, _key: HashKey | null): C | null {
    const candidates = this.#candidates;
    const excluded = exclude === null || candidates.length < 2 ? -1 : candidates.indexOf(exclude);
    const count = excluded < 0 ? candidates.length : candidates.length - 1;
    if (count === 0) return null;
    if (count === 1) return candidates[excluded === 0 ? 1 : 0] ?? null;

    let first = Math.floor(this.#random() * count);
    let second = Math.floor(this.#random() * (count - 1));
    // The second draw skips the first, so the two are always distinct.
    if (second >= first) second++;
    if (excluded >= 0) {
      if (first >= excluded) first++;
      if (second >= excluded) second++;
    }
    const a = candidates[first] as C; // both are below the length while random() stays below 1
    const b = candidates[second] as C;
    return costOf(a) <= costOf(b) ? a : b;
  }
}

function costOf({ latency, activeRequests, weight }: Candidate): number {
  return ((latency === null ? defaultAnswerTimeMs : latency.estimateMs()) * (activeRequests + 1)) / weight;
}

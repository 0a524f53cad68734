import type { AnswerTime, Candidate, Picker } from './balancer.ts';
import { TwoChoices } from './two-choices.ts';

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
 * Of two candidates, drawn at random, the one at which a request would have to wait less: answer time times requests in flight and this one, divided
 * by weight. Requests move away from an endpoint that becomes slow before it fails. A tie keeps the first draw.
 *
 * Source: Linkerd's balancer (P2C with peak EWMA); Envoy `PeakEwma` (contrib).
 */
export function buildPeakEwma<C extends Candidate>(candidates: readonly C[], random: () => number): Picker<C> {
  return new PeakEwmaPicker(candidates, random);
}

class PeakEwmaPicker<C extends Candidate> extends TwoChoices<C> {
  protected choose(a: C, b: C): C {
    return costOf(a) <= costOf(b) ? a : b;
  }
}

function costOf({ latency, activeRequests, weight }: Candidate): number {
  return ((latency === null ? defaultAnswerTimeMs : latency.estimateMs()) * (activeRequests + 1)) / weight;
}

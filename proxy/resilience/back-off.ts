/** Unit of the waiting time where a policy names none; the most is ten times as much (Envoy `RetryBackOff`). */
export const defaultBackOffBaseMs = 25;

/** Any cap is reached long before; beyond 2^1023 the window would be infinite, and infinity times 0 is no number. */
const maxDoublings = 52;

/**
 * How long to wait before retry number `retry` (1 is the first): anywhere in `[0, (2^retry - 1) × baseMs)`, the upper
 * end capped at `maxMs`. Full jitter spreads the retries of many clients that failed at the same moment.
 *
 * `random` returns numbers in [0, 1).
 *
 * Source: Envoy router filter, `x-envoy-max-retries`; Brooker 2015, "Exponential Backoff And Jitter".
 */
export function backOffMs(retry: number, baseMs: number, maxMs: number, random: () => number): number {
  return random() * Math.min((2 ** Math.min(retry, maxDoublings) - 1) * baseMs, maxMs);
}

import { headerValue } from '../message-head.ts';

/** A header of an answer that says when to come back: in how many seconds, or at which second since 1970. */
export interface ResetHeader {
  readonly lowerCaseName: string;
  readonly format: 'seconds' | 'unix-timestamp';
}

/** `max_interval` of a policy that does not say (Envoy). */
export const defaultMaxIntervalMs = 300_000;

/**
 * How long to wait before a request is sent again, as the answer to it says: `Retry-After`, or whatever a service calls it.
 *
 * The headers are tried in order. One that is missing, no whole number, in the past or further away than `maxIntervalMs`
 * says nothing; where none says anything the usual back-off holds. Up to half as much is added by chance, so that the
 * callers that were turned away together do not come back together.
 *
 * Source: Envoy `RetryPolicy.RateLimitedRetryBackOff`.
 */
export class RateLimitedBackOff {
  readonly #headers: readonly ResetHeader[];
  readonly #maxIntervalMs: number;

  constructor(headers: readonly ResetHeader[], maxIntervalMs: number) {
    this.#headers = headers;
    this.#maxIntervalMs = maxIntervalMs;
  }

  /** Milliseconds, or null where the answer does not say. `wallMs` is the time since 1970. */
  waitMs(block: string, wallMs: number, random: () => number): number | null {
    for (const { lowerCaseName, format } of this.#headers) {
      const value = headerValue(block, lowerCaseName);
      if (value === null || !/^[0-9]{1,12}$/.test(value)) continue;
      const intervalMs = Number(value) * 1000 - (format === 'seconds' ? 0 : wallMs);
      if (intervalMs < 0 || intervalMs > this.#maxIntervalMs) continue;
      return intervalMs * (1 + random() / 2);
    }
    return null;
  }
}

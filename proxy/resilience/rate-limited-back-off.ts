import { headerValue } from '../message-head.ts';
import { retryAfterMs } from './retry-after.ts';

/** A header of an answer that says when to come back: as `Retry-After` does, or at which second since 1970. */
export interface ResetHeader {
  readonly lowerCaseName: string;
  readonly format: 'seconds' | 'unix-timestamp';
}

/** `max_interval` of a policy that does not say (Envoy). */
export const defaultMaxIntervalMs = 300_000;

/**
 * How long to wait before a request is sent again, as the answer to it says: `Retry-After`, or whatever a service calls it.
 *
 * The headers are tried in order. One that is missing, neither a whole number nor a date, in the past or further away than
 * `maxIntervalMs` says nothing; where none says anything the usual back-off holds. Up to half as much is added by chance, so
 * that the callers that were turned away together do not come back together.
 *
 * Source: Envoy `RetryPolicy.RateLimitedRetryBackOff`, which takes no dates; RFC 9110 section 10.2.3, which has them.
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
      if (value === null) continue;
      const intervalMs = format === 'seconds' ? retryAfterMs(value, wallMs) : secondMs(value) - wallMs;
      if (!(intervalMs >= 0 && intervalMs <= this.#maxIntervalMs)) continue; // NaN is neither
      return intervalMs * (1 + random() / 2);
    }
    return null;
  }
}

function secondMs(value: string): number {
  return /^[0-9]{1,12}$/.test(value) ? Number(value) * 1000 : Number.NaN;
}

import { TokenBucket } from '../token-bucket.ts';
import type { BucketSize } from './local-rate-limit.ts';

/** What is left of a limit; it outlives the listener that it came with. `share` as in `Buckets`. */
export class ConnectionBucket extends TokenBucket {
  constructor({ maxTokens, tokensPerFill, fillIntervalMs }: BucketSize, share: number, nowMs: number) {
    super(Math.max(1, maxTokens / share), (1000 * tokensPerFill) / fillIntervalMs / share, nowMs);
  }
}

/** New connections in a time; each takes a token. */
export interface ConnectionLimit {
  readonly bucket: ConnectionBucket;
  /** What is allowed and who says so, for the log. */
  readonly detail: string;
}

/** Of the whole sidecar. */
export interface ConnectionRateCounters {
  rateLimited: number;
}

/**
 * Limits of the rate of new connections, such as to a database whose log-ins are dear. A connection goes on when each limit
 * has a token, and only then takes one of each.
 *
 * Source: Envoy `envoy.filters.network.local_ratelimit`.
 */
export class ConnectionRate {
  readonly #limits: readonly ConnectionLimit[];
  readonly #counters: ConnectionRateCounters;
  readonly #now: () => number;

  /** `now`: monotonic milliseconds. */
  constructor(limits: readonly ConnectionLimit[], counters: ConnectionRateCounters, now: () => number) {
    this.#limits = limits;
    this.#counters = counters;
    this.#now = now;
  }

  refusal(): string | null {
    const nowMs = this.#now();
    for (const { bucket, detail } of this.#limits) {
      if (bucket.left(nowMs) >= 1) continue;
      this.#counters.rateLimited++;
      return detail;
    }
    for (const { bucket } of this.#limits) bucket.spend(nowMs);
    return null;
  }
}

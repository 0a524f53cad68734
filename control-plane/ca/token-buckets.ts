export interface TokenBucketsOptions {
  /** How many may be taken at once by one who took none for a while. */
  readonly burst: number;
  readonly perSecond: number;
  /** Callers remembered; beyond that the one idle for longest is forgotten. Default 10 000. */
  readonly maxKeys?: number;
  /** Milliseconds; only differences count. */
  readonly now?: () => number;
}

interface Bucket {
  tokens: number;
  filledAtMs: number;
}

/** A rate limit for each caller, in bounded memory. Source: token bucket, RFC 2697, with one colour. */
export class TokenBuckets {
  readonly #options: Required<TokenBucketsOptions>;
  /** Least recently used first, which a Map keeps for us. */
  readonly #buckets = new Map<string, Bucket>();

  constructor({ maxKeys = 10_000, now = Date.now, ...rate }: TokenBucketsOptions) {
    this.#options = { maxKeys, now, ...rate };
  }

  /** Whether this caller may go on; if so, that is counted. */
  take(key: string): boolean {
    const { burst, perSecond, maxKeys, now } = this.#options;
    const nowMs = now();
    const bucket = this.#buckets.get(key) ?? { tokens: burst, filledAtMs: nowMs };
    // A clock that was set back fills nothing and takes nothing away.
    bucket.tokens = Math.min(burst, bucket.tokens + (Math.max(0, nowMs - bucket.filledAtMs) * perSecond) / 1000);
    bucket.filledAtMs = nowMs;
    const isAllowed = bucket.tokens >= 1;
    if (isAllowed) {
      bucket.tokens -= 1;
    }
    this.#buckets.delete(key);
    this.#buckets.set(key, bucket);
    if (this.#buckets.size > maxKeys) {
      const [oldest] = this.#buckets.keys();
      this.#buckets.delete(oldest ?? '');
    }
    return isAllowed;
  }
}

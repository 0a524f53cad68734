import { TokenBucket } from '../token-bucket.ts';
import type { DescriptorRule } from './rate-limit-descriptor.ts';
import { valuesOf } from './rate-limit-descriptor.ts';
import type { FilterAnswer, FilteredRequest, FilterVerdict, RequestFilter } from './request-filter.ts';

/** So many at once, and so many more in each stretch of time, evenly (Envoy `TokenBucket`). */
export interface BucketSize {
  readonly maxTokens: number;
  readonly tokensPerFill: number;
  readonly fillIntervalMs: number;
}

/** A bucket for requests with these entries, in this order; an empty value is any, each with a bucket of its own. */
export interface LimitDescriptor {
  readonly entries: readonly { readonly key: string; readonly value: string }[];
  readonly size: BucketSize;
}

export interface LocalRateLimitConfig {
  /** Of all requests; null for none. */
  readonly size: BucketSize | null;
  /** Whether requests with a descriptor of their own take a token here as well. */
  readonly alwaysTakesDefault: boolean;
  readonly descriptors: readonly LimitDescriptor[];
  /** Who asks for each of the descriptors, in words, for the answer; '' where nobody said. */
  readonly origins: readonly string[];
  readonly rules: readonly DescriptorRule[];
  /** Values that get a bucket of their own, for each descriptor; the least lately used makes room. */
  readonly maxDynamic: number;
  /** gRPC status of a call that is refused: 8 RESOURCE_EXHAUSTED, or 14 UNAVAILABLE. */
  readonly grpcStatus: number;
}

/** Counters; names as in Envoy's `http_local_rate_limit.`. */
export interface RateLimitCounters {
  ok: number;
  rateLimited: number;
}

export interface RateLimitEnvironment {
  /** Of the whole sidecar. */
  readonly rateLimits: RateLimitCounters;
  /** Monotonic milliseconds. */
  now(): number;
}

/**
 * The buckets of one configuration. They outlive the filter: a new route table with the same limits goes on counting
 * where the old one was, or every change of a route would be a present to those who are over their limit.
 */
export class Buckets {
  readonly #config: LocalRateLimitConfig;
  readonly #share: number;
  readonly #default: TokenBucket | null;
  readonly #fixed: (TokenBucket | null)[];
  readonly #dynamic: Map<string, TokenBucket>[];

  /** `share` is the number of processes among which every limit is divided. */
  constructor(config: LocalRateLimitConfig, share: number, nowMs: number) {
    this.#config = config;
    this.#share = share;
    this.#default = config.size === null ? null : this.#make(config.size, nowMs);
    this.#fixed = config.descriptors.map(({ entries, size }) =>
      entries.some(({ value }) => value === '') ? null : this.#make(size, nowMs),
    );
    this.#dynamic = config.descriptors.map(() => new Map<string, TokenBucket>());
  }

  /** The buckets that a request takes a token of; empty where no limit is for it. */
  bucketsFor(request: FilteredRequest, nowMs: number): readonly TakenBucket[] {
    const { rules, descriptors, alwaysTakesDefault, size } = this.#config;
    const found: TakenBucket[] = [];
    for (const rule of rules) {
      const values = valuesOf(rule, request);
      if (values === null) continue;
      for (let i = 0; i < descriptors.length; i++) {
        const descriptor = descriptors[i] as LimitDescriptor; // i is below the length
        if (fits(descriptor, rule, values)) {
          found.push({ bucket: this.#bucketOf(i, descriptor, values, nowMs), size: descriptor.size, descriptor: i });
        }
      }
    }
    if (this.#default !== null && size !== null && (alwaysTakesDefault || found.length === 0)) {
      found.push({ bucket: this.#default, size, descriptor: -1 });
    }
    return found;
  }

  #bucketOf(index: number, { size }: LimitDescriptor, values: readonly string[], nowMs: number): TokenBucket {
    const fixed = this.#fixed[index] as TokenBucket | null; // one for each descriptor
    if (fixed !== null) return fixed;
    const dynamic = this.#dynamic[index] as Map<string, TokenBucket>; // likewise
    const key = JSON.stringify(values);
    const known = dynamic.get(key);
    const bucket = known ?? this.#make(size, nowMs);
    dynamic.delete(key); // to the end: the first is the least lately used
    dynamic.set(key, bucket);
    if (dynamic.size > this.#config.maxDynamic) dynamic.delete(dynamic.keys().next().value as string); // not empty
    return bucket;
  }

  #make({ maxTokens, tokensPerFill, fillIntervalMs }: BucketSize, nowMs: number): TokenBucket {
    const burst = Math.max(1, maxTokens / this.#share);
    return new TokenBucket(burst, (1000 * tokensPerFill) / fillIntervalMs / this.#share, nowMs);
  }
}

interface TakenBucket {
  readonly bucket: TokenBucket;
  readonly size: BucketSize;
  /** Its place in the configuration; -1 is the bucket of all requests. */
  readonly descriptor: number;
}

/**
 * Refuses requests beyond a rate with 429 (RFC 6585), in this process alone: each instance of a service has its own count.
 *
 * A request goes on when each of its buckets has a token, and only then takes one of each.
 *
 * Source: Envoy `envoy.filters.http.local_ratelimit`; headers: draft-ietf-httpapi-ratelimit-headers-03.
 */
export class LocalRateLimit implements RequestFilter {
  readonly #config: LocalRateLimitConfig;
  readonly #buckets: Buckets;
  readonly #environment: RateLimitEnvironment;

  constructor(config: LocalRateLimitConfig, buckets: Buckets, environment: RateLimitEnvironment) {
    this.#config = config;
    this.#buckets = buckets;
    this.#environment = environment;
  }

  onRequest(request: FilteredRequest): FilterVerdict {
    const nowMs = this.#environment.now();
    const taken = this.#buckets.bucketsFor(request, nowMs);
    const { rateLimits } = this.#environment;
    for (const { bucket, size, descriptor } of taken) {
      if (bucket.left(nowMs) >= 1) continue;
      rateLimits.rateLimited++;
      return this.#refusal(bucket.waitMs(nowMs), size, this.#config.origins[descriptor] ?? '');
    }
    for (const { bucket } of taken) bucket.spend(nowMs);
    if (taken.length > 0) rateLimits.ok++;
    return null;
  }

  #refusal(waitMs: number, { maxTokens, tokensPerFill, fillIntervalMs }: BucketSize, rule: string): FilterAnswer {
    const waitSeconds = Math.max(1, Math.ceil(waitMs / 1000));
    return {
      kind: 'answer',
      failure: 'rateLimited',
      status: 0,
      grpcStatus: this.#config.grpcStatus,
      detail: `${tokensPerFill} requests in ${fillIntervalMs / 1000} s`,
      lines:
        `x-envoy-ratelimited: true\r\nretry-after: ${waitSeconds}\r\nx-ratelimit-limit: ${maxTokens}\r\n` +
        `x-ratelimit-remaining: 0\r\nx-ratelimit-reset: ${waitSeconds}\r\n`,
      rule,
    };
  }
}

function fits({ entries }: LimitDescriptor, rule: DescriptorRule, values: readonly string[]): boolean {
  if (entries.length !== rule.length) return false;
  return entries.every(
    ({ key, value }, index) => rule[index]?.key === key && (value === '' || value === values[index]),
  );
}

import { unpackAs } from '../../proto/any.ts';
import type { FilterChain__Output } from '../../proto/generated/envoy/config/listener/v3/FilterChain.ts';
import { parsePolicyMetadata } from '../../proto/policy-metadata.ts';
import type { ConnectionRateCounters } from '../filter/connection-rate.ts';
import { ConnectionBucket, ConnectionRate } from '../filter/connection-rate.ts';
import type { BucketSize } from '../filter/local-rate-limit.ts';
import { compileBucketSize } from './compile-rate-limit.ts';
import { keptState } from './kept-state.ts';

export interface ConnectionRateConfig {
  /** That of a filter with the same name and size goes on counting where it was. */
  readonly name: string;
  readonly size: BucketSize;
  /** Who asks for it, in words; '' where nobody said. */
  readonly origin: string;
}

/** What stays of limits while configurations come and go. */
export interface ConnectionRateMemory {
  /** As long as a listener has them. */
  readonly connectionBuckets: Map<string, WeakRef<ConnectionBucket>>;
  readonly connectionRates: ConnectionRateCounters;
  /** Processes among which a limit is divided. */
  readonly limitShare: number;
  /** Monotonic milliseconds. */
  now(): number;
}

/** Of a validated filter chain: those that stand before what becomes of its connections. */
export function compileConnectionRates({ filters, metadata }: FilterChain__Output): readonly ConnectionRateConfig[] {
  if (filters.length < 2) return [];
  const { connectionRates: origins } = parsePolicyMetadata(metadata);
  return filters.slice(0, -1).map(({ typed_config: packed }, index) => {
    if (!packed) throw new Error(`filters[${index}]: has no configuration`);
    const limit = unpackAs('envoy.extensions.filters.network.local_ratelimit.v3.LocalRateLimit', packed);
    if (limit.token_bucket === null) throw new Error(`filters[${index}]: has no token_bucket`);
    return { name: limit.stat_prefix, size: compileBucketSize(limit.token_bucket), origin: origins[index] ?? '' };
  });
}

/** Null where there are none. */
export function connectionRate(
  rates: readonly ConnectionRateConfig[],
  memory: ConnectionRateMemory,
): ConnectionRate | null {
  if (rates.length === 0) return null;
  const limits = rates.map(({ name, size, origin }) => {
    const key = JSON.stringify([name, size]);
    const bucket = keptState(
      memory.connectionBuckets,
      key,
      () => new ConnectionBucket(size, memory.limitShare, memory.now()),
    );
    const detail = `${size.tokensPerFill} in ${size.fillIntervalMs / 1000} s${origin && `, ${origin}`}`;
    return { bucket, detail };
  });
  return new ConnectionRate(limits, memory.connectionRates, () => memory.now());
}

import { unpackAs } from '../../proto/any.ts';
import { timerMs } from '../../proto/duration.ts';
import { LOCAL_RATE_LIMIT_FILTER } from '../../proto/extension-names.ts';
import type {
  _envoy_config_route_v3_RateLimit_Action__Output as Action,
  RateLimit__Output,
} from '../../proto/generated/envoy/config/route/v3/RateLimit.ts';
import type { Route__Output } from '../../proto/generated/envoy/config/route/v3/Route.ts';
import type { TokenBucket__Output } from '../../proto/generated/envoy/type/v3/TokenBucket.ts';
import { parsePolicyMetadata } from '../../proto/policy-metadata.ts';
import type { BucketSize, LocalRateLimitConfig, RateLimitEnvironment } from '../filter/local-rate-limit.ts';
import { Buckets, LocalRateLimit } from '../filter/local-rate-limit.ts';
import type { DescriptorSource } from '../filter/rate-limit-descriptor.ts';
import {
  exactPrincipal,
  genericKey,
  headerMatch,
  peerPrincipal,
  remoteAddress,
  requestHeader,
} from '../filter/rate-limit-descriptor.ts';
import type { RequestFilter } from '../filter/request-filter.ts';
import { compileHeader } from './compile-matchers.ts';
import { keptState } from './kept-state.ts';

/** `max_dynamic_descriptors` where it is absent (Envoy). Our control plane always says. */
const DEFAULT_MAX_DYNAMIC = 20;
export const RESOURCE_EXHAUSTED = 8;
export const UNAVAILABLE = 14;

/** What stays of limits while configurations come and go. */
export interface RateLimitMemory extends RateLimitEnvironment {
  /** Buckets by route, destination and the bytes of their configuration, as long as a route has them. */
  readonly buckets: Map<string, WeakRef<Buckets>>;
  /** Processes among which a limit is divided. */
  readonly limitShare: number;
}

/** Null where the route has none. */
export function compileRateLimit(route: Route__Output, memory: RateLimitMemory): RequestFilter | null {
  const packed = route.typed_per_filter_config[LOCAL_RATE_LIMIT_FILTER];
  if (packed === undefined) return null;
  const limit = unpackAs('envoy.extensions.filters.http.local_ratelimit.v3.LocalRateLimit', packed);
  const config: LocalRateLimitConfig = {
    size: limit.token_bucket === null ? null : compileBucketSize(limit.token_bucket),
    alwaysTakesDefault: limit.always_consume_default_token_bucket?.value ?? true,
    descriptors: limit.descriptors.map(({ entries, token_bucket: size }) => ({
      entries,
      size: compileBucketSize(size as TokenBucket__Output), // validation asks for it
    })),
    origins: parsePolicyMetadata(route.metadata).localRateLimits,
    rules: limit.rate_limits.map(compileRule),
    maxDynamic: limit.max_dynamic_descriptors?.value ?? DEFAULT_MAX_DYNAMIC,
    grpcStatus: limit.rate_limited_as_resource_exhausted ? RESOURCE_EXHAUSTED : UNAVAILABLE,
  };
  // two ports may have the same limits, and one must not be refused what the other has used
  const key = `${route.name} ${route.route?.cluster} ${packed.value.toString('base64')}`;
  const buckets = keptState(memory.buckets, key, () => new Buckets(config, memory.limitShare, memory.now()));
  return new LocalRateLimit(config, buckets, memory);
}

/** Of a validated bucket. */
export function compileBucketSize({ max_tokens, tokens_per_fill, fill_interval }: TokenBucket__Output): BucketSize {
  return {
    maxTokens: max_tokens,
    tokensPerFill: tokens_per_fill?.value ?? 1,
    fillIntervalMs: fill_interval === null ? 1000 : timerMs(fill_interval),
  };
}

function compileRule({ actions }: RateLimit__Output): readonly DescriptorSource[] {
  return actions.map(compileAction);
}

/** What of a request an action makes an entry of. */
export function compileAction(action: Action): DescriptorSource {
  const { generic_key: generic, request_headers: header, header_value_match: match } = action;
  if (generic) return genericKey(generic.descriptor_key || 'generic_key', generic.descriptor_value);
  if (header) return requestHeader(header.descriptor_key, header.header_name);
  if (match) {
    const { descriptor_key: key, descriptor_value: value, expect_match: expected, headers } = match;
    return headerMatch(key || 'header_match', value, expected?.value ?? true, headers.map(compileHeader));
  }
  if (!action.extension?.typed_config) return remoteAddress;
  const { exact } = unpackAs('heddle.v1.PeerPrincipal', action.extension.typed_config);
  return exact === '' ? peerPrincipal : exactPrincipal(exact);
}

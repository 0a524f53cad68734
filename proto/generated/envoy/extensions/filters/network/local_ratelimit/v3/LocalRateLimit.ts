// Original file: proto/envoy/extensions/filters/network/local_ratelimit/v3/local_rate_limit.proto

import type { TokenBucket as _envoy_type_v3_TokenBucket, TokenBucket__Output as _envoy_type_v3_TokenBucket__Output } from '../../../../../../envoy/type/v3/TokenBucket.ts';

export interface LocalRateLimit {
  'stat_prefix'?: (string);
  'token_bucket'?: (_envoy_type_v3_TokenBucket | null);
}

export interface LocalRateLimit__Output {
  'stat_prefix': (string);
  'token_bucket': (_envoy_type_v3_TokenBucket__Output | null);
}

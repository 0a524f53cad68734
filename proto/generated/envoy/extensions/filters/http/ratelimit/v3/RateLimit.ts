// Original file: proto/envoy/extensions/filters/http/ratelimit/v3/rate_limit.proto

import type { Duration as _google_protobuf_Duration, Duration__Output as _google_protobuf_Duration__Output } from '../../../../../../google/protobuf/Duration.ts';
import type { RateLimitServiceConfig as _envoy_config_ratelimit_v3_RateLimitServiceConfig, RateLimitServiceConfig__Output as _envoy_config_ratelimit_v3_RateLimitServiceConfig__Output } from '../../../../../../envoy/config/ratelimit/v3/RateLimitServiceConfig.ts';

export interface RateLimit {
  'domain'?: (string);
  'timeout'?: (_google_protobuf_Duration | null);
  'failure_mode_deny'?: (boolean);
  'rate_limited_as_resource_exhausted'?: (boolean);
  'rate_limit_service'?: (_envoy_config_ratelimit_v3_RateLimitServiceConfig | null);
}

export interface RateLimit__Output {
  'domain': (string);
  'timeout': (_google_protobuf_Duration__Output | null);
  'failure_mode_deny': (boolean);
  'rate_limited_as_resource_exhausted': (boolean);
  'rate_limit_service': (_envoy_config_ratelimit_v3_RateLimitServiceConfig__Output | null);
}

// Original file: proto/envoy/extensions/filters/http/ratelimit/v3/rate_limit.proto

import type { RateLimit as _envoy_config_route_v3_RateLimit, RateLimit__Output as _envoy_config_route_v3_RateLimit__Output } from '../../../../../../envoy/config/route/v3/RateLimit.ts';

export interface RateLimitPerRoute {
  'rate_limits'?: (_envoy_config_route_v3_RateLimit)[];
}

export interface RateLimitPerRoute__Output {
  'rate_limits': (_envoy_config_route_v3_RateLimit__Output)[];
}

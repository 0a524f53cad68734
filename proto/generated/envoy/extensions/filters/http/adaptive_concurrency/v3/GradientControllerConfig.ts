// Original file: proto/envoy/extensions/filters/http/adaptive_concurrency/v3/adaptive_concurrency.proto

import type { Percent as _envoy_type_v3_Percent, Percent__Output as _envoy_type_v3_Percent__Output } from '../../../../../../envoy/type/v3/Percent.ts';
import type { UInt32Value as _google_protobuf_UInt32Value, UInt32Value__Output as _google_protobuf_UInt32Value__Output } from '../../../../../../google/protobuf/UInt32Value.ts';
import type { Duration as _google_protobuf_Duration, Duration__Output as _google_protobuf_Duration__Output } from '../../../../../../google/protobuf/Duration.ts';

export interface _envoy_extensions_filters_http_adaptive_concurrency_v3_GradientControllerConfig_ConcurrencyLimitCalculationParams {
  'max_concurrency_limit'?: (_google_protobuf_UInt32Value | null);
  'concurrency_update_interval'?: (_google_protobuf_Duration | null);
}

export interface _envoy_extensions_filters_http_adaptive_concurrency_v3_GradientControllerConfig_ConcurrencyLimitCalculationParams__Output {
  'max_concurrency_limit': (_google_protobuf_UInt32Value__Output | null);
  'concurrency_update_interval': (_google_protobuf_Duration__Output | null);
}

export interface _envoy_extensions_filters_http_adaptive_concurrency_v3_GradientControllerConfig_MinimumRTTCalculationParams {
  'interval'?: (_google_protobuf_Duration | null);
  'request_count'?: (_google_protobuf_UInt32Value | null);
  'jitter'?: (_envoy_type_v3_Percent | null);
  'min_concurrency'?: (_google_protobuf_UInt32Value | null);
  'buffer'?: (_envoy_type_v3_Percent | null);
}

export interface _envoy_extensions_filters_http_adaptive_concurrency_v3_GradientControllerConfig_MinimumRTTCalculationParams__Output {
  'interval': (_google_protobuf_Duration__Output | null);
  'request_count': (_google_protobuf_UInt32Value__Output | null);
  'jitter': (_envoy_type_v3_Percent__Output | null);
  'min_concurrency': (_google_protobuf_UInt32Value__Output | null);
  'buffer': (_envoy_type_v3_Percent__Output | null);
}

export interface GradientControllerConfig {
  'sample_aggregate_percentile'?: (_envoy_type_v3_Percent | null);
  'concurrency_limit_params'?: (_envoy_extensions_filters_http_adaptive_concurrency_v3_GradientControllerConfig_ConcurrencyLimitCalculationParams | null);
  'min_rtt_calc_params'?: (_envoy_extensions_filters_http_adaptive_concurrency_v3_GradientControllerConfig_MinimumRTTCalculationParams | null);
}

export interface GradientControllerConfig__Output {
  'sample_aggregate_percentile': (_envoy_type_v3_Percent__Output | null);
  'concurrency_limit_params': (_envoy_extensions_filters_http_adaptive_concurrency_v3_GradientControllerConfig_ConcurrencyLimitCalculationParams__Output | null);
  'min_rtt_calc_params': (_envoy_extensions_filters_http_adaptive_concurrency_v3_GradientControllerConfig_MinimumRTTCalculationParams__Output | null);
}

// Original file: proto/envoy/extensions/filters/http/adaptive_concurrency/v3/adaptive_concurrency.proto

import type { GradientControllerConfig as _envoy_extensions_filters_http_adaptive_concurrency_v3_GradientControllerConfig, GradientControllerConfig__Output as _envoy_extensions_filters_http_adaptive_concurrency_v3_GradientControllerConfig__Output } from '../../../../../../envoy/extensions/filters/http/adaptive_concurrency/v3/GradientControllerConfig.ts';

export interface AdaptiveConcurrency {
  'gradient_controller_config'?: (_envoy_extensions_filters_http_adaptive_concurrency_v3_GradientControllerConfig | null);
  'concurrency_controller_config'?: "gradient_controller_config";
}

export interface AdaptiveConcurrency__Output {
  'gradient_controller_config'?: (_envoy_extensions_filters_http_adaptive_concurrency_v3_GradientControllerConfig__Output | null);
  'concurrency_controller_config'?: "gradient_controller_config";
}

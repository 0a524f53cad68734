// Original file: proto/envoy/extensions/filters/http/bandwidth_limit/v3/bandwidth_limit.proto

import type { UInt64Value as _google_protobuf_UInt64Value, UInt64Value__Output as _google_protobuf_UInt64Value__Output } from '../../../../../../google/protobuf/UInt64Value.ts';
import type { Duration as _google_protobuf_Duration, Duration__Output as _google_protobuf_Duration__Output } from '../../../../../../google/protobuf/Duration.ts';

// Original file: proto/envoy/extensions/filters/http/bandwidth_limit/v3/bandwidth_limit.proto

export const _envoy_extensions_filters_http_bandwidth_limit_v3_BandwidthLimit_EnableMode = {
  DISABLED: 'DISABLED',
  REQUEST: 'REQUEST',
  RESPONSE: 'RESPONSE',
  REQUEST_AND_RESPONSE: 'REQUEST_AND_RESPONSE',
} as const;

export type _envoy_extensions_filters_http_bandwidth_limit_v3_BandwidthLimit_EnableMode =
  | 'DISABLED'
  | 0
  | 'REQUEST'
  | 1
  | 'RESPONSE'
  | 2
  | 'REQUEST_AND_RESPONSE'
  | 3

export type _envoy_extensions_filters_http_bandwidth_limit_v3_BandwidthLimit_EnableMode__Output = typeof _envoy_extensions_filters_http_bandwidth_limit_v3_BandwidthLimit_EnableMode[keyof typeof _envoy_extensions_filters_http_bandwidth_limit_v3_BandwidthLimit_EnableMode]

export interface BandwidthLimit {
  'stat_prefix'?: (string);
  'enable_mode'?: (_envoy_extensions_filters_http_bandwidth_limit_v3_BandwidthLimit_EnableMode);
  'limit_kbps'?: (_google_protobuf_UInt64Value | null);
  'fill_interval'?: (_google_protobuf_Duration | null);
  'enable_response_trailers'?: (boolean);
  'response_trailer_prefix'?: (string);
}

export interface BandwidthLimit__Output {
  'stat_prefix': (string);
  'enable_mode': (_envoy_extensions_filters_http_bandwidth_limit_v3_BandwidthLimit_EnableMode__Output);
  'limit_kbps': (_google_protobuf_UInt64Value__Output | null);
  'fill_interval': (_google_protobuf_Duration__Output | null);
  'enable_response_trailers': (boolean);
  'response_trailer_prefix': (string);
}

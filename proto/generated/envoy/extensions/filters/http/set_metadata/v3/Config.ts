// Original file: proto/envoy/extensions/filters/http/set_metadata/v3/set_metadata.proto

import type { Metadata as _envoy_extensions_filters_http_set_metadata_v3_Metadata, Metadata__Output as _envoy_extensions_filters_http_set_metadata_v3_Metadata__Output } from '../../../../../../envoy/extensions/filters/http/set_metadata/v3/Metadata.ts';

export interface Config {
  'metadata'?: (_envoy_extensions_filters_http_set_metadata_v3_Metadata)[];
}

export interface Config__Output {
  'metadata': (_envoy_extensions_filters_http_set_metadata_v3_Metadata__Output)[];
}

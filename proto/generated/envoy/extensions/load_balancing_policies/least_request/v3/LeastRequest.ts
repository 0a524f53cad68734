// Original file: proto/envoy/extensions/load_balancing_policies/least_request/v3/least_request.proto

import type { UInt32Value as _google_protobuf_UInt32Value, UInt32Value__Output as _google_protobuf_UInt32Value__Output } from '../../../../../google/protobuf/UInt32Value.ts';

export interface LeastRequest {
  'choice_count'?: (_google_protobuf_UInt32Value | null);
}

export interface LeastRequest__Output {
  'choice_count': (_google_protobuf_UInt32Value__Output | null);
}

// Original file: proto/envoy/extensions/filters/http/buffer/v3/buffer.proto

import type { UInt32Value as _google_protobuf_UInt32Value, UInt32Value__Output as _google_protobuf_UInt32Value__Output } from '../../../../../../google/protobuf/UInt32Value.ts';

export interface Buffer {
  'max_request_bytes'?: (_google_protobuf_UInt32Value | null);
}

export interface Buffer__Output {
  'max_request_bytes': (_google_protobuf_UInt32Value__Output | null);
}

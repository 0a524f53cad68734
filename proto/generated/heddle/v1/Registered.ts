// Original file: proto/heddle/v1/workload.proto

import type { Duration as _google_protobuf_Duration, Duration__Output as _google_protobuf_Duration__Output } from '../../google/protobuf/Duration.ts';

export interface Registered {
  'lease_ttl'?: (_google_protobuf_Duration | null);
  'renew_interval'?: (_google_protobuf_Duration | null);
}

export interface Registered__Output {
  'lease_ttl': (_google_protobuf_Duration__Output | null);
  'renew_interval': (_google_protobuf_Duration__Output | null);
}

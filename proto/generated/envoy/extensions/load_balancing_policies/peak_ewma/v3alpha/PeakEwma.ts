// Original file: proto/envoy/extensions/load_balancing_policies/peak_ewma/v3alpha/peak_ewma.proto

import type { Duration as _google_protobuf_Duration, Duration__Output as _google_protobuf_Duration__Output } from '../../../../../google/protobuf/Duration.ts';

export interface PeakEwma {
  'decay_time'?: (_google_protobuf_Duration | null);
  'default_rtt'?: (_google_protobuf_Duration | null);
}

export interface PeakEwma__Output {
  'decay_time': (_google_protobuf_Duration__Output | null);
  'default_rtt': (_google_protobuf_Duration__Output | null);
}

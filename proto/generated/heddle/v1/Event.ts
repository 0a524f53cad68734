// Original file: proto/heddle/v1/telemetry.proto

import type { EventKind as _heddle_v1_EventKind, EventKind__Output as _heddle_v1_EventKind__Output } from '../../heddle/v1/EventKind.ts';
import type { Long } from '@grpc/proto-loader';

export interface Event {
  'kind'?: (_heddle_v1_EventKind);
  'timestamp_ms'?: (number | string | Long);
  'last_ms'?: (number | string | Long);
  'count'?: (number);
  'cluster_name'?: (string);
  'upstream_url'?: (string);
  'workload'?: (string);
  'cause'?: (string);
  'num_ejections'?: (number);
  'duration_ms'?: (number | string | Long);
  'limit'?: (number | string | Long);
  'requests'?: (number | string | Long);
  'detail'?: (string);
  'rule'?: (string);
}

export interface Event__Output {
  'kind': (_heddle_v1_EventKind__Output);
  'timestamp_ms': (string);
  'last_ms': (string);
  'count': (number);
  'cluster_name': (string);
  'upstream_url': (string);
  'workload': (string);
  'cause': (string);
  'num_ejections': (number);
  'duration_ms': (string);
  'limit': (string);
  'requests': (string);
  'detail': (string);
  'rule': (string);
}

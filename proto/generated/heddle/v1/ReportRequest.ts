// Original file: proto/heddle/v1/telemetry.proto

import type { Series as _heddle_v1_Series, Series__Output as _heddle_v1_Series__Output } from '../../heddle/v1/Series.ts';
import type { Event as _heddle_v1_Event, Event__Output as _heddle_v1_Event__Output } from '../../heddle/v1/Event.ts';
import type { TrafficState as _heddle_v1_TrafficState, TrafficState__Output as _heddle_v1_TrafficState__Output } from '../../heddle/v1/TrafficState.ts';
import type { Long } from '@grpc/proto-loader';

export interface ReportRequest {
  'instance_id'?: (string);
  'sequence'?: (number | string | Long);
  'interval_start_ms'?: (number | string | Long);
  'interval_end_ms'?: (number | string | Long);
  'series'?: (_heddle_v1_Series)[];
  'dropped_series'?: (number | string | Long);
  'dropped_reports'?: (number | string | Long);
  'events'?: (_heddle_v1_Event)[];
  'dropped_events'?: (number | string | Long);
  'state'?: (_heddle_v1_TrafficState | null);
  'workload'?: (string);
}

export interface ReportRequest__Output {
  'instance_id': (string);
  'sequence': (string);
  'interval_start_ms': (string);
  'interval_end_ms': (string);
  'series': (_heddle_v1_Series__Output)[];
  'dropped_series': (string);
  'dropped_reports': (string);
  'events': (_heddle_v1_Event__Output)[];
  'dropped_events': (string);
  'state': (_heddle_v1_TrafficState__Output | null);
  'workload': (string);
}

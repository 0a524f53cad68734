// Original file: proto/heddle/v1/telemetry.proto

import type { Reporter as _heddle_v1_Reporter, Reporter__Output as _heddle_v1_Reporter__Output } from '../../heddle/v1/Reporter.ts';
import type { Histogram as _heddle_v1_Histogram, Histogram__Output as _heddle_v1_Histogram__Output } from '../../heddle/v1/Histogram.ts';
import type { Long } from '@grpc/proto-loader';

export interface Series {
  'reporter'?: (_heddle_v1_Reporter);
  'source_workload'?: (string);
  'source_namespace'?: (string);
  'source_service'?: (string);
  'source_version'?: (string);
  'source_principal'?: (string);
  'destination_workload'?: (string);
  'destination_namespace'?: (string);
  'destination_service'?: (string);
  'destination_version'?: (string);
  'destination_principal'?: (string);
  'route'?: (string);
  'response_code'?: (number);
  'response_flags'?: (string);
  'mutual_tls'?: (boolean);
  'protocol'?: (string);
  'count'?: (number | string | Long);
  'request_bytes'?: (number | string | Long);
  'response_bytes'?: (number | string | Long);
  'latency_us'?: (_heddle_v1_Histogram | null);
  'grpc_response_status'?: (string);
  'connections_opened'?: (number | string | Long);
  'connections_closed'?: (number | string | Long);
  'connections_open'?: (number | string | Long);
  'host'?: (string);
  'unsent'?: (boolean);
}

export interface Series__Output {
  'reporter': (_heddle_v1_Reporter__Output);
  'source_workload': (string);
  'source_namespace': (string);
  'source_service': (string);
  'source_version': (string);
  'source_principal': (string);
  'destination_workload': (string);
  'destination_namespace': (string);
  'destination_service': (string);
  'destination_version': (string);
  'destination_principal': (string);
  'route': (string);
  'response_code': (number);
  'response_flags': (string);
  'mutual_tls': (boolean);
  'protocol': (string);
  'count': (string);
  'request_bytes': (string);
  'response_bytes': (string);
  'latency_us': (_heddle_v1_Histogram__Output | null);
  'grpc_response_status': (string);
  'connections_opened': (string);
  'connections_closed': (string);
  'connections_open': (string);
  'host': (string);
  'unsent': (boolean);
}

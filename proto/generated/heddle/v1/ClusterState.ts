// Original file: proto/heddle/v1/telemetry.proto

import type { Long } from '@grpc/proto-loader';

export interface ClusterState {
  'cluster_name'?: (string);
  'endpoints'?: (number);
  'ejected'?: (number);
  'failed_checks'?: (number);
  'panic'?: (boolean);
  'open_limit'?: (string);
  'limit'?: (number | string | Long);
  'refused'?: (number | string | Long);
}

export interface ClusterState__Output {
  'cluster_name': (string);
  'endpoints': (number);
  'ejected': (number);
  'failed_checks': (number);
  'panic': (boolean);
  'open_limit': (string);
  'limit': (string);
  'refused': (string);
}

// Original file: proto/heddle/v1/telemetry.proto

import type { ClusterState as _heddle_v1_ClusterState, ClusterState__Output as _heddle_v1_ClusterState__Output } from '../../heddle/v1/ClusterState.ts';

export interface TrafficState {
  'clusters'?: (_heddle_v1_ClusterState)[];
}

export interface TrafficState__Output {
  'clusters': (_heddle_v1_ClusterState__Output)[];
}

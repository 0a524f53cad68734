// Original file: proto/heddle/v1/workload.proto

import type { ResourceInForce as _heddle_v1_ResourceInForce, ResourceInForce__Output as _heddle_v1_ResourceInForce__Output } from '../../heddle/v1/ResourceInForce.ts';

export interface InForce {
  'resources'?: (_heddle_v1_ResourceInForce)[];
}

export interface InForce__Output {
  'resources': (_heddle_v1_ResourceInForce__Output)[];
}

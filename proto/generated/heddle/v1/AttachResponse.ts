// Original file: proto/heddle/v1/workload.proto

import type { Registered as _heddle_v1_Registered, Registered__Output as _heddle_v1_Registered__Output } from '../../heddle/v1/Registered.ts';
import type { Renewed as _heddle_v1_Renewed, Renewed__Output as _heddle_v1_Renewed__Output } from '../../heddle/v1/Renewed.ts';
import type { Withdrawn as _heddle_v1_Withdrawn, Withdrawn__Output as _heddle_v1_Withdrawn__Output } from '../../heddle/v1/Withdrawn.ts';
import type { Lapsed as _heddle_v1_Lapsed, Lapsed__Output as _heddle_v1_Lapsed__Output } from '../../heddle/v1/Lapsed.ts';

export interface AttachResponse {
  'registered'?: (_heddle_v1_Registered | null);
  'renewed'?: (_heddle_v1_Renewed | null);
  'withdrawn'?: (_heddle_v1_Withdrawn | null);
  'lapsed'?: (_heddle_v1_Lapsed | null);
  'response'?: "registered"|"renewed"|"withdrawn"|"lapsed";
}

export interface AttachResponse__Output {
  'registered'?: (_heddle_v1_Registered__Output | null);
  'renewed'?: (_heddle_v1_Renewed__Output | null);
  'withdrawn'?: (_heddle_v1_Withdrawn__Output | null);
  'lapsed'?: (_heddle_v1_Lapsed__Output | null);
  'response'?: "registered"|"renewed"|"withdrawn"|"lapsed";
}

// Original file: proto/heddle/v1/workload.proto

import type { Register as _heddle_v1_Register, Register__Output as _heddle_v1_Register__Output } from '../../heddle/v1/Register.ts';
import type { Renew as _heddle_v1_Renew, Renew__Output as _heddle_v1_Renew__Output } from '../../heddle/v1/Renew.ts';
import type { Withdraw as _heddle_v1_Withdraw, Withdraw__Output as _heddle_v1_Withdraw__Output } from '../../heddle/v1/Withdraw.ts';
import type { InForce as _heddle_v1_InForce, InForce__Output as _heddle_v1_InForce__Output } from '../../heddle/v1/InForce.ts';
import type { Rejected as _heddle_v1_Rejected, Rejected__Output as _heddle_v1_Rejected__Output } from '../../heddle/v1/Rejected.ts';

export interface AttachRequest {
  'register'?: (_heddle_v1_Register | null);
  'renew'?: (_heddle_v1_Renew | null);
  'withdraw'?: (_heddle_v1_Withdraw | null);
  'in_force'?: (_heddle_v1_InForce | null);
  'rejected'?: (_heddle_v1_Rejected | null);
  'request'?: "register"|"renew"|"withdraw"|"in_force"|"rejected";
}

export interface AttachRequest__Output {
  'register'?: (_heddle_v1_Register__Output | null);
  'renew'?: (_heddle_v1_Renew__Output | null);
  'withdraw'?: (_heddle_v1_Withdraw__Output | null);
  'in_force'?: (_heddle_v1_InForce__Output | null);
  'rejected'?: (_heddle_v1_Rejected__Output | null);
  'request'?: "register"|"renew"|"withdraw"|"in_force"|"rejected";
}

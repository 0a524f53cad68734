// Original file: proto/envoy/extensions/filters/http/admission_control/v3/admission_control.proto

import type { Duration as _google_protobuf_Duration, Duration__Output as _google_protobuf_Duration__Output } from '../../../../../../google/protobuf/Duration.ts';
import type { RuntimeDouble as _envoy_config_core_v3_RuntimeDouble, RuntimeDouble__Output as _envoy_config_core_v3_RuntimeDouble__Output } from '../../../../../../envoy/config/core/v3/RuntimeDouble.ts';
import type { RuntimePercent as _envoy_config_core_v3_RuntimePercent, RuntimePercent__Output as _envoy_config_core_v3_RuntimePercent__Output } from '../../../../../../envoy/config/core/v3/RuntimePercent.ts';
import type { RuntimeUInt32 as _envoy_config_core_v3_RuntimeUInt32, RuntimeUInt32__Output as _envoy_config_core_v3_RuntimeUInt32__Output } from '../../../../../../envoy/config/core/v3/RuntimeUInt32.ts';

export interface _envoy_extensions_filters_http_admission_control_v3_AdmissionControl_SuccessCriteria {
}

export interface _envoy_extensions_filters_http_admission_control_v3_AdmissionControl_SuccessCriteria__Output {
}

export interface AdmissionControl {
  'success_criteria'?: (_envoy_extensions_filters_http_admission_control_v3_AdmissionControl_SuccessCriteria | null);
  'sampling_window'?: (_google_protobuf_Duration | null);
  'aggression'?: (_envoy_config_core_v3_RuntimeDouble | null);
  'sr_threshold'?: (_envoy_config_core_v3_RuntimePercent | null);
  'rps_threshold'?: (_envoy_config_core_v3_RuntimeUInt32 | null);
  'max_rejection_probability'?: (_envoy_config_core_v3_RuntimePercent | null);
  'evaluation_criteria'?: "success_criteria";
}

export interface AdmissionControl__Output {
  'success_criteria'?: (_envoy_extensions_filters_http_admission_control_v3_AdmissionControl_SuccessCriteria__Output | null);
  'sampling_window': (_google_protobuf_Duration__Output | null);
  'aggression': (_envoy_config_core_v3_RuntimeDouble__Output | null);
  'sr_threshold': (_envoy_config_core_v3_RuntimePercent__Output | null);
  'rps_threshold': (_envoy_config_core_v3_RuntimeUInt32__Output | null);
  'max_rejection_probability': (_envoy_config_core_v3_RuntimePercent__Output | null);
  'evaluation_criteria'?: "success_criteria";
}

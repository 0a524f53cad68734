// Original file: proto/envoy/config/core/v3/base.proto


export interface RuntimeDouble {
  'default_value'?: (number | string);
}

export interface RuntimeDouble__Output {
  'default_value': (number);
}

// Original file: proto/envoy/extensions/rate_limit_descriptors/expr/v3/expr.proto


export interface Descriptor {
  'descriptor_key'?: (string);
  'skip_if_error'?: (boolean);
  'text'?: (string);
  'expr_specifier'?: "text";
}

export interface Descriptor__Output {
  'descriptor_key': (string);
  'skip_if_error': (boolean);
  'text'?: (string);
  'expr_specifier'?: "text";
}

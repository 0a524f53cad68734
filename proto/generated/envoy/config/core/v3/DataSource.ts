// Original file: proto/envoy/config/core/v3/base.proto


export interface DataSource {
  'inline_bytes'?: (Buffer | Uint8Array | string);
  'inline_string'?: (string);
  'specifier'?: "inline_bytes"|"inline_string";
}

export interface DataSource__Output {
  'inline_bytes'?: (Buffer);
  'inline_string'?: (string);
  'specifier'?: "inline_bytes"|"inline_string";
}

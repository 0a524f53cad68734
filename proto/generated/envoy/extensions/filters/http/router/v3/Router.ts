// Original file: proto/envoy/extensions/filters/http/router/v3/router.proto


export interface Router {
  'suppress_envoy_headers'?: (boolean);
}

export interface Router__Output {
  'suppress_envoy_headers': (boolean);
}

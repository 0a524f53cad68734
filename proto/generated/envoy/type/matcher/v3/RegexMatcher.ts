// Original file: proto/envoy/type/matcher/v3/regex.proto


export interface RegexMatcher {
  'regex'?: (string);
}

export interface RegexMatcher__Output {
  'regex': (string);
}

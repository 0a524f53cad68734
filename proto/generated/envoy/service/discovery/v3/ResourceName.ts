// Original file: proto/envoy/service/discovery/v3/discovery.proto


export interface ResourceName {
  'name'?: (string);
}

export interface ResourceName__Output {
  'name': (string);
}

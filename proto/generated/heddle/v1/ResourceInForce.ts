// Original file: proto/heddle/v1/workload.proto


export interface ResourceInForce {
  'type_url'?: (string);
  'name'?: (string);
  'version'?: (string);
  'removed'?: (boolean);
}

export interface ResourceInForce__Output {
  'type_url': (string);
  'name': (string);
  'version': (string);
  'removed': (boolean);
}

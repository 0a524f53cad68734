// Original file: proto/heddle/v1/workload.proto


export interface Rejected {
  'type_url'?: (string);
  'name'?: (string);
  'version'?: (string);
  'reason'?: (string);
}

export interface Rejected__Output {
  'type_url': (string);
  'name': (string);
  'version': (string);
  'reason': (string);
}

// Original file: proto/heddle/v1/identity.proto


export interface JoinRequest {
  'token'?: (string);
  'signing_request'?: (Buffer | Uint8Array | string);
  'namespace'?: (string);
  'service'?: (string);
}

export interface JoinRequest__Output {
  'token': (string);
  'signing_request': (Buffer);
  'namespace': (string);
  'service': (string);
}

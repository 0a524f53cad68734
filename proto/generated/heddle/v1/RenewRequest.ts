// Original file: proto/heddle/v1/identity.proto


export interface RenewRequest {
  'signing_request'?: (Buffer | Uint8Array | string);
}

export interface RenewRequest__Output {
  'signing_request': (Buffer);
}

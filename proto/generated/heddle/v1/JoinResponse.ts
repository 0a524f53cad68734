// Original file: proto/heddle/v1/identity.proto

import type { Timestamp as _google_protobuf_Timestamp, Timestamp__Output as _google_protobuf_Timestamp__Output } from '../../google/protobuf/Timestamp.ts';

export interface JoinResponse {
  'certificate_chain'?: (Buffer | Uint8Array | string)[];
  'trust_bundle'?: (Buffer | Uint8Array | string)[];
  'spiffe_id'?: (string);
  'expires_at'?: (_google_protobuf_Timestamp | null);
}

export interface JoinResponse__Output {
  'certificate_chain': (Buffer)[];
  'trust_bundle': (Buffer)[];
  'spiffe_id': (string);
  'expires_at': (_google_protobuf_Timestamp__Output | null);
}

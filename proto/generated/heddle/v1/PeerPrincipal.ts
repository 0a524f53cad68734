// Original file: proto/heddle/v1/peer_principal.proto


export interface PeerPrincipal {
  'exact'?: (string);
}

export interface PeerPrincipal__Output {
  'exact': (string);
}

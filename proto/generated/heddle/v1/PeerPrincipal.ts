// Original file: proto/heddle/v1/peer_principal.proto


export interface PeerPrincipal {
}

export interface PeerPrincipal__Output {
}

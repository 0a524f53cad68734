// Original file: proto/envoy/config/core/v3/protocol.proto


export interface Http1ProtocolOptions {
}

export interface Http1ProtocolOptions__Output {
}

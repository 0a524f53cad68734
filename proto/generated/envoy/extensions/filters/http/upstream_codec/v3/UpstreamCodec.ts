// Original file: proto/envoy/extensions/filters/http/upstream_codec/v3/upstream_codec.proto


export interface UpstreamCodec {
}

export interface UpstreamCodec__Output {
}

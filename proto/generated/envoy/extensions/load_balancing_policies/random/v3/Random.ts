// Original file: proto/envoy/extensions/load_balancing_policies/random/v3/random.proto


export interface Random {
}

export interface Random__Output {
}

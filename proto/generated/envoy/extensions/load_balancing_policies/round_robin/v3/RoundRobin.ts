// Original file: proto/envoy/extensions/load_balancing_policies/round_robin/v3/round_robin.proto


export interface RoundRobin {
}

export interface RoundRobin__Output {
}

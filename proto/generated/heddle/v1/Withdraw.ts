// Original file: proto/heddle/v1/workload.proto


export interface Withdraw {
}

export interface Withdraw__Output {
}

// Original file: proto/heddle/v1/workload.proto


export interface Renew {
}

export interface Renew__Output {
}

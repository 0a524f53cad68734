// Original file: proto/heddle/v1/workload.proto


export interface Renewed {
}

export interface Renewed__Output {
}

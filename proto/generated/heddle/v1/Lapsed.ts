// Original file: proto/heddle/v1/workload.proto


export interface Lapsed {
}

export interface Lapsed__Output {
}

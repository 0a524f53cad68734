// Original file: proto/heddle/v1/workload.proto


export interface Withdrawn {
}

export interface Withdrawn__Output {
}

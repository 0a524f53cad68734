// Original file: proto/heddle/v1/telemetry.proto

import type { Long } from '@grpc/proto-loader';

export interface ReportResponse {
  'sequence'?: (number | string | Long);
}

export interface ReportResponse__Output {
  'sequence': (string);
}

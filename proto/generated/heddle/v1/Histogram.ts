// Original file: proto/heddle/v1/telemetry.proto

import type { Long } from '@grpc/proto-loader';

export interface Histogram {
  'index'?: (number)[];
  'count'?: (number | string | Long)[];
  'sum'?: (number | string);
}

export interface Histogram__Output {
  'index': (number)[];
  'count': (string)[];
  'sum': (number);
}

// Original file: proto/heddle/v1/telemetry.proto

import type * as grpc from '@grpc/grpc-js'
import type { MethodDefinition } from '@grpc/proto-loader'
import type { ReportRequest as _heddle_v1_ReportRequest, ReportRequest__Output as _heddle_v1_ReportRequest__Output } from '../../heddle/v1/ReportRequest.ts';
import type { ReportResponse as _heddle_v1_ReportResponse, ReportResponse__Output as _heddle_v1_ReportResponse__Output } from '../../heddle/v1/ReportResponse.ts';

export interface TelemetryServiceClient extends grpc.Client {
  Report(metadata: grpc.Metadata, options?: grpc.CallOptions): grpc.ClientDuplexStream<_heddle_v1_ReportRequest, _heddle_v1_ReportResponse__Output>;
  Report(options?: grpc.CallOptions): grpc.ClientDuplexStream<_heddle_v1_ReportRequest, _heddle_v1_ReportResponse__Output>;
  report(metadata: grpc.Metadata, options?: grpc.CallOptions): grpc.ClientDuplexStream<_heddle_v1_ReportRequest, _heddle_v1_ReportResponse__Output>;
  report(options?: grpc.CallOptions): grpc.ClientDuplexStream<_heddle_v1_ReportRequest, _heddle_v1_ReportResponse__Output>;
  
}

export interface TelemetryServiceHandlers extends grpc.UntypedServiceImplementation {
  Report: grpc.handleBidiStreamingCall<_heddle_v1_ReportRequest__Output, _heddle_v1_ReportResponse>;
  
}

export interface TelemetryServiceDefinition extends grpc.ServiceDefinition {
  Report: MethodDefinition<_heddle_v1_ReportRequest, _heddle_v1_ReportResponse, _heddle_v1_ReportRequest__Output, _heddle_v1_ReportResponse__Output>
}

// Original file: proto/heddle/v1/workload.proto

import type * as grpc from '@grpc/grpc-js'
import type { MethodDefinition } from '@grpc/proto-loader'
import type { AttachRequest as _heddle_v1_AttachRequest, AttachRequest__Output as _heddle_v1_AttachRequest__Output } from '../../heddle/v1/AttachRequest.ts';
import type { AttachResponse as _heddle_v1_AttachResponse, AttachResponse__Output as _heddle_v1_AttachResponse__Output } from '../../heddle/v1/AttachResponse.ts';

export interface WorkloadServiceClient extends grpc.Client {
  Attach(metadata: grpc.Metadata, options?: grpc.CallOptions): grpc.ClientDuplexStream<_heddle_v1_AttachRequest, _heddle_v1_AttachResponse__Output>;
  Attach(options?: grpc.CallOptions): grpc.ClientDuplexStream<_heddle_v1_AttachRequest, _heddle_v1_AttachResponse__Output>;
  attach(metadata: grpc.Metadata, options?: grpc.CallOptions): grpc.ClientDuplexStream<_heddle_v1_AttachRequest, _heddle_v1_AttachResponse__Output>;
  attach(options?: grpc.CallOptions): grpc.ClientDuplexStream<_heddle_v1_AttachRequest, _heddle_v1_AttachResponse__Output>;
  
}

export interface WorkloadServiceHandlers extends grpc.UntypedServiceImplementation {
  Attach: grpc.handleBidiStreamingCall<_heddle_v1_AttachRequest__Output, _heddle_v1_AttachResponse>;
  
}

export interface WorkloadServiceDefinition extends grpc.ServiceDefinition {
  Attach: MethodDefinition<_heddle_v1_AttachRequest, _heddle_v1_AttachResponse, _heddle_v1_AttachRequest__Output, _heddle_v1_AttachResponse__Output>
}

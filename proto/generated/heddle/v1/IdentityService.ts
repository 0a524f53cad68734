// Original file: proto/heddle/v1/identity.proto

import type * as grpc from '@grpc/grpc-js'
import type { MethodDefinition } from '@grpc/proto-loader'
import type { JoinRequest as _heddle_v1_JoinRequest, JoinRequest__Output as _heddle_v1_JoinRequest__Output } from '../../heddle/v1/JoinRequest.ts';
import type { JoinResponse as _heddle_v1_JoinResponse, JoinResponse__Output as _heddle_v1_JoinResponse__Output } from '../../heddle/v1/JoinResponse.ts';
import type { RenewRequest as _heddle_v1_RenewRequest, RenewRequest__Output as _heddle_v1_RenewRequest__Output } from '../../heddle/v1/RenewRequest.ts';
import type { RenewResponse as _heddle_v1_RenewResponse, RenewResponse__Output as _heddle_v1_RenewResponse__Output } from '../../heddle/v1/RenewResponse.ts';

export interface IdentityServiceClient extends grpc.Client {
  Join(argument: _heddle_v1_JoinRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_heddle_v1_JoinResponse__Output>): grpc.ClientUnaryCall;
  Join(argument: _heddle_v1_JoinRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_heddle_v1_JoinResponse__Output>): grpc.ClientUnaryCall;
  Join(argument: _heddle_v1_JoinRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_heddle_v1_JoinResponse__Output>): grpc.ClientUnaryCall;
  Join(argument: _heddle_v1_JoinRequest, callback: grpc.requestCallback<_heddle_v1_JoinResponse__Output>): grpc.ClientUnaryCall;
  join(argument: _heddle_v1_JoinRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_heddle_v1_JoinResponse__Output>): grpc.ClientUnaryCall;
  join(argument: _heddle_v1_JoinRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_heddle_v1_JoinResponse__Output>): grpc.ClientUnaryCall;
  join(argument: _heddle_v1_JoinRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_heddle_v1_JoinResponse__Output>): grpc.ClientUnaryCall;
  join(argument: _heddle_v1_JoinRequest, callback: grpc.requestCallback<_heddle_v1_JoinResponse__Output>): grpc.ClientUnaryCall;
  
  Renew(argument: _heddle_v1_RenewRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_heddle_v1_RenewResponse__Output>): grpc.ClientUnaryCall;
  Renew(argument: _heddle_v1_RenewRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_heddle_v1_RenewResponse__Output>): grpc.ClientUnaryCall;
  Renew(argument: _heddle_v1_RenewRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_heddle_v1_RenewResponse__Output>): grpc.ClientUnaryCall;
  Renew(argument: _heddle_v1_RenewRequest, callback: grpc.requestCallback<_heddle_v1_RenewResponse__Output>): grpc.ClientUnaryCall;
  renew(argument: _heddle_v1_RenewRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_heddle_v1_RenewResponse__Output>): grpc.ClientUnaryCall;
  renew(argument: _heddle_v1_RenewRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_heddle_v1_RenewResponse__Output>): grpc.ClientUnaryCall;
  renew(argument: _heddle_v1_RenewRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_heddle_v1_RenewResponse__Output>): grpc.ClientUnaryCall;
  renew(argument: _heddle_v1_RenewRequest, callback: grpc.requestCallback<_heddle_v1_RenewResponse__Output>): grpc.ClientUnaryCall;
  
}

export interface IdentityServiceHandlers extends grpc.UntypedServiceImplementation {
  Join: grpc.handleUnaryCall<_heddle_v1_JoinRequest__Output, _heddle_v1_JoinResponse>;
  
  Renew: grpc.handleUnaryCall<_heddle_v1_RenewRequest__Output, _heddle_v1_RenewResponse>;
  
}

export interface IdentityServiceDefinition extends grpc.ServiceDefinition {
  Join: MethodDefinition<_heddle_v1_JoinRequest, _heddle_v1_JoinResponse, _heddle_v1_JoinRequest__Output, _heddle_v1_JoinResponse__Output>
  Renew: MethodDefinition<_heddle_v1_RenewRequest, _heddle_v1_RenewResponse, _heddle_v1_RenewRequest__Output, _heddle_v1_RenewResponse__Output>
}

// Original file: proto/heddle/v1/workload.proto

import type { Long } from '@grpc/proto-loader';

export interface _heddle_v1_Register_Port {
  'port'?: (number);
  'inbound_address'?: (string);
  'inbound_port'?: (number);
  'app_protocol'?: (string);
}

export interface _heddle_v1_Register_Port__Output {
  'port': (number);
  'inbound_address': (string);
  'inbound_port': (number);
  'app_protocol': (string);
}

export interface Register {
  'name'?: (string);
  'namespace'?: (string);
  'service'?: (string);
  'labels'?: ({[key: string]: string});
  'address'?: (string);
  'ports'?: (_heddle_v1_Register_Port)[];
  'admin_address'?: (string);
  'instance_id'?: (string);
  'generation'?: (number | string | Long);
  'version'?: (string);
  'region'?: (string);
  'zone'?: (string);
}

export interface Register__Output {
  'name': (string);
  'namespace': (string);
  'service': (string);
  'labels': ({[key: string]: string});
  'address': (string);
  'ports': (_heddle_v1_Register_Port__Output)[];
  'admin_address': (string);
  'instance_id': (string);
  'generation': (string);
  'version': (string);
  'region': (string);
  'zone': (string);
}

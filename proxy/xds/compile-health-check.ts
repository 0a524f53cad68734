import { Buffer } from 'node:buffer';
import type { ProtoDuration } from '../../proto/duration.ts';
import { timerMs } from '../../proto/duration.ts';
import type {
  _envoy_config_core_v3_HealthCheck_GrpcHealthCheck__Output as GrpcHealthCheck,
  HealthCheck__Output,
  _envoy_config_core_v3_HealthCheck_HttpHealthCheck__Output as HttpHealthCheck,
  _envoy_config_core_v3_HealthCheck_Payload__Output as Payload,
  _envoy_config_core_v3_HealthCheck_TcpHealthCheck__Output as TcpHealthCheck,
} from '../../proto/generated/envoy/config/core/v3/HealthCheck.ts';
import type { Int64Range__Output } from '../../proto/generated/envoy/type/v3/Int64Range.ts';
import type {
  GrpcCheck,
  HealthCheckSettings,
  HttpCheck,
  StatusRange,
  TcpCheck,
} from '../resilience/health-check/health-check-settings.ts';

/** What a validated HealthCheck means; Envoy's defaults for what it does not say. `clusterName` is who is asked for. */
export function compileHealthCheck(said: HealthCheck__Output, clusterName: string): HealthCheckSettings {
  const intervalMs = msOr(said.interval, 0);
  const unhealthyIntervalMs = msOr(said.unhealthy_interval, intervalMs);
  const noTrafficIntervalMs = msOr(said.no_traffic_interval, 60_000);
  return {
    timeoutMs: msOr(said.timeout, 0),
    intervalMs,
    intervalJitterMs: msOr(said.interval_jitter, 0),
    intervalJitterPercent: said.interval_jitter_percent,
    initialJitterMs: msOr(said.initial_jitter, 0),
    noTrafficIntervalMs,
    noTrafficHealthyIntervalMs: msOr(said.no_traffic_healthy_interval, noTrafficIntervalMs),
    unhealthyIntervalMs,
    unhealthyEdgeIntervalMs: msOr(said.unhealthy_edge_interval, unhealthyIntervalMs),
    healthyEdgeIntervalMs: msOr(said.healthy_edge_interval, intervalMs),
    unhealthyThreshold: said.unhealthy_threshold?.value ?? 1,
    healthyThreshold: said.healthy_threshold?.value ?? 1,
    reusesConnection: said.reuse_connection?.value ?? true,
    check: compileCheck(said, clusterName),
  };
}

function compileCheck(said: HealthCheck__Output, clusterName: string): HealthCheckSettings['check'] {
  if (said.http_health_check) return compileHttp(said.http_health_check, clusterName);
  if (said.tcp_health_check) return compileTcp(said.tcp_health_check);
  if (said.grpc_health_check) return compileGrpc(said.grpc_health_check, clusterName);
  throw new Error('a health check says nothing of how to check');
}

function compileHttp(said: HttpHealthCheck, clusterName: string): HttpCheck {
  const statuses = said.expected_statuses.map(compileRange);
  return {
    kind: 'http',
    host: said.host || clusterName,
    path: said.path,
    method: said.method === 'METHOD_UNSPECIFIED' ? 'GET' : said.method,
    protocol: said.codec_client_type === 'HTTP2' ? 'http2' : 'http1',
    expectedStatuses: statuses.length > 0 ? statuses : [{ start: 200, end: 201 }],
    retriableStatuses: said.retriable_statuses.map(compileRange),
    receive: said.receive.map(compilePayload),
    maxBodyBytes: Number(said.response_buffer_size?.value ?? 1024),
  };
}

function compileTcp(said: TcpHealthCheck): TcpCheck {
  return {
    kind: 'tcp',
    send: said.send === null ? null : compilePayload(said.send),
    receive: said.receive.map(compilePayload),
  };
}

function compileGrpc(said: GrpcHealthCheck, clusterName: string): GrpcCheck {
  return { kind: 'grpc', service: said.service_name, authority: said.authority || clusterName };
}

function compileRange({ start, end }: Int64Range__Output): StatusRange {
  return { start: Number(start), end: Number(end) };
}

function compilePayload({ text, binary }: Payload): Buffer {
  return binary === undefined ? Buffer.from(text ?? '', 'hex') : Buffer.from(binary);
}

function msOr(duration: ProtoDuration | null, otherwiseMs: number): number {
  return duration === null ? otherwiseMs : timerMs(duration);
}

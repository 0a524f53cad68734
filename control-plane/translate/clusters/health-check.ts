import { Buffer } from 'node:buffer';
import { msToDuration } from '../../../proto/duration.ts';
import type { Input } from '../../../proto/load.ts';
import type { PortProtocol } from '../../model/app-protocol.ts';
import type { HealthCheckPayload } from '../../model/traffic-policy/active-health-check.ts';
import type {
  EffectiveActiveHealthCheck,
  EffectiveCheck,
} from '../../model/traffic-policy/effective-active-health-check.ts';

type HealthCheck = Input<'envoy.config.core.v3.HealthCheck'>;
type Checker = Pick<HealthCheck, 'http_health_check' | 'tcp_health_check' | 'grpc_health_check'>;
type Payload = NonNullable<NonNullable<HealthCheck['tcp_health_check']>['send']>;

/** Whether a port that carries this can be asked in that way: gRPC needs HTTP/2, whatever the application would take. */
export function canBeChecked({ kind }: EffectiveCheck, protocol: PortProtocol): boolean {
  return kind !== 'GRPC' || protocol !== 'http';
}

/** The message of a cluster; null where its endpoints are not asked. */
export function healthCheck(
  policy: EffectiveActiveHealthCheck | null,
  host: string,
  protocol: PortProtocol,
): HealthCheck | null {
  if (policy === null || !canBeChecked(policy.check, protocol)) return null;
  return {
    timeout: msToDuration(policy.timeoutMs),
    interval: msToDuration(policy.intervalMs),
    ...(policy.intervalJitterMs > 0 && { interval_jitter: msToDuration(policy.intervalJitterMs) }),
    ...(policy.initialJitterMs > 0 && { initial_jitter: msToDuration(policy.initialJitterMs) }),
    unhealthy_threshold: { value: policy.unhealthyThreshold },
    healthy_threshold: { value: policy.healthyThreshold },
    ...(!policy.reuseConnection && { reuse_connection: { value: false } }),
    no_traffic_interval: msToDuration(policy.noTrafficIntervalMs),
    ...(policy.unhealthyIntervalMs !== policy.intervalMs && {
      unhealthy_interval: msToDuration(policy.unhealthyIntervalMs),
    }),
    ...checker(policy.check, host, protocol),
  };
}

function checker(check: EffectiveCheck, host: string, protocol: PortProtocol): Checker {
  switch (check.kind) {
    case 'HTTP':
      return {
        http_health_check: {
          host: check.hostname ?? host,
          path: check.path,
          ...(check.method !== 'GET' && { method: check.method }),
          ...(protocol === 'http2' && { codec_client_type: 'HTTP2' }),
          expected_statuses: ranges(check.expectedStatuses),
          retriable_statuses: ranges(check.retriableStatuses),
          ...(check.expectedResponse !== null && { receive: [payload(check.expectedResponse)] }),
        },
      };
    case 'TCP':
      return {
        tcp_health_check: {
          ...(check.send !== null && { send: payload(check.send) }),
          ...(check.receive !== null && { receive: [payload(check.receive)] }),
        },
      };
    case 'GRPC':
      return { grpc_health_check: { service_name: check.service, authority: host } };
  }
}

function ranges(statuses: readonly number[]): { readonly start: string; readonly end: string }[] {
  return statuses.map((status) => ({ start: String(status), end: String(status + 1) }));
}

/** As text, since a stock Envoy of before 2023 does not know the other. */
function payload({ type, text = '', binary = '' }: HealthCheckPayload): Payload {
  const bytes = type === 'Text' ? Buffer.from(text) : Buffer.from(binary, 'base64');
  return { text: bytes.toString('hex') };
}

import type { Cluster__Output } from '../generated/envoy/config/cluster/v3/Cluster.ts';
import type {
  HealthCheck__Output,
  _envoy_config_core_v3_HealthCheck_HttpHealthCheck__Output as HttpHealthCheck,
  _envoy_config_core_v3_HealthCheck_Payload__Output as Payload,
} from '../generated/envoy/config/core/v3/HealthCheck.ts';
import type { Int64Range__Output } from '../generated/envoy/type/v3/Int64Range.ts';
import type { Path, Violations } from '../violation.ts';
import { checkDuration, checkUInt32, requireOneOf } from './field-checks.ts';

const MAX_BODY_BYTES = 65_536;

/** Active checks of a cluster: one of them, of endpoints that are listed somewhere. */
export function checkHealthChecks(cluster: Cluster__Output, at: Path, violations: Violations): void {
  const checks = cluster.health_checks;
  if (checks.length === 0) {
    return;
  }
  const checksAt = at.field('health_checks');
  if (checks.length > 1) {
    violations.add(checksAt, `must be one, and is ${checks.length}`);
  }
  if (cluster.type === 'ORIGINAL_DST') {
    violations.add(checksAt, 'has no meaning for the type ORIGINAL_DST');
  }
  if (!cluster.ignore_health_on_host_removal) {
    violations.add(
      at.field('ignore_health_on_host_removal'),
      'must be true: an endpoint is gone when it is not listed',
    );
  }
  for (const [index, check] of checks.entries()) {
    checkHealthCheck(check, checksAt.index(index), violations);
  }
}

const optionalIntervals = [
  'no_traffic_interval',
  'unhealthy_interval',
  'unhealthy_edge_interval',
  'healthy_edge_interval',
  'no_traffic_healthy_interval',
] as const;

function checkHealthCheck(check: HealthCheck__Output, at: Path, violations: Violations): void {
  for (const field of ['timeout', 'interval'] as const) {
    if (check[field] === null) {
      violations.add(at.field(field), 'is required');
    }
    checkDuration(check[field], at.field(field), violations, { minMs: 1 });
  }
  for (const field of optionalIntervals) {
    checkDuration(check[field], at.field(field), violations, { minMs: 1 });
  }
  for (const field of ['interval_jitter', 'initial_jitter'] as const) {
    checkDuration(check[field], at.field(field), violations);
  }
  for (const field of ['unhealthy_threshold', 'healthy_threshold'] as const) {
    if (check[field] === null) {
      violations.add(at.field(field), 'is required');
    }
    checkUInt32(check[field], at.field(field), violations, { min: 1 });
  }
  if (check.http_health_check) {
    checkHttp(check.http_health_check, at.field('http_health_check'), violations);
  } else if (check.tcp_health_check) {
    const tcpAt = at.field('tcp_health_check');
    const { send, receive } = check.tcp_health_check;
    if (send !== null) {
      checkPayload(send, tcpAt.field('send'), violations);
    }
    checkPayloads(receive, tcpAt.field('receive'), violations);
  } else if (!check.grpc_health_check) {
    violations.add(at, 'needs one of http_health_check, tcp_health_check and grpc_health_check');
  }
}

function checkHttp(check: HttpHealthCheck, at: Path, violations: Violations): void {
  // What is written into a request line and a header line.
  if (!/^\/[\x21-\x7e]*$/.test(check.path)) {
    violations.add(at.field('path'), 'must begin with a slash and hold visible ASCII alone');
  }
  if (!/^[\x21-\x7e]*$/.test(check.host)) {
    violations.add(at.field('host'), 'must hold visible ASCII alone');
  }
  requireOneOf(
    check.method,
    ['METHOD_UNSPECIFIED', 'GET', 'HEAD', 'POST', 'PUT', 'DELETE', 'OPTIONS', 'TRACE', 'PATCH'],
    at.field('method'),
    violations,
  );
  for (const field of ['expected_statuses', 'retriable_statuses'] as const) {
    for (const [index, range] of check[field].entries()) {
      checkStatuses(range, at.field(field).index(index), violations);
    }
  }
  checkPayloads(check.receive, at.field('receive'), violations);
  if (Number(check.response_buffer_size?.value ?? 0) > MAX_BODY_BYTES) {
    violations.add(at.field('response_buffer_size'), `must be at most ${MAX_BODY_BYTES}`);
  }
}

function checkStatuses({ start, end }: Int64Range__Output, at: Path, violations: Violations): void {
  const isRange = Number(start) >= 100 && Number(end) <= 600 && Number(start) < Number(end);
  if (!isRange) {
    violations.add(at, `must be a range within 100 and 600, and is ${start} to ${end}`);
  }
}

function checkPayloads(payloads: readonly Payload[], at: Path, violations: Violations): void {
  for (const [index, payload] of payloads.entries()) {
    checkPayload(payload, at.index(index), violations);
  }
}

function checkPayload(payload: Payload, at: Path, violations: Violations): void {
  if (payload.binary !== undefined ? payload.binary.length === 0 : !/^([0-9a-fA-F]{2})+$/.test(payload.text ?? '')) {
    violations.add(at, 'must hold bytes, in text as hexadecimal');
  }
}

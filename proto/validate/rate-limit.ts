import type { RateLimit__Output } from '../generated/envoy/extensions/filters/http/ratelimit/v3/RateLimit.ts';
import type { RateLimitPerRoute__Output } from '../generated/envoy/extensions/filters/http/ratelimit/v3/RateLimitPerRoute.ts';
import type { Path, Violations } from '../violation.ts';
import { checkDuration, requireName } from './field-checks.ts';
import { checkRateLimitRule, MAX_RULES } from './rate-limit-rule.ts';

/** envoy.extensions.filters.http.ratelimit.v3.RateLimit */
export function checkRateLimitFilter(limit: RateLimit__Output, at: Path, violations: Violations): void {
  requireName(limit.domain, at.field('domain'), violations);
  checkDuration(limit.timeout, at.field('timeout'), violations, { minMs: 1 });
  const serviceAt = at.field('rate_limit_service');
  const service = limit.rate_limit_service;
  if (service === null) {
    violations.add(serviceAt, 'is required');
    return;
  }
  if (service.transport_api_version !== 'V3') violations.add(serviceAt.field('transport_api_version'), 'must be V3');
  const grpcAt = serviceAt.field('grpc_service').field('envoy_grpc');
  const grpc = service.grpc_service?.envoy_grpc;
  if (!grpc) {
    violations.add(grpcAt, 'is required');
    return;
  }
  requireName(grpc.cluster_name, grpcAt.field('cluster_name'), violations);
  // it becomes a line of a head
  if (!/^[A-Za-z0-9._:|[\]-]*$/.test(grpc.authority)) violations.add(grpcAt.field('authority'), 'is not an authority');
}

/** envoy.extensions.filters.http.ratelimit.v3.RateLimitPerRoute */
export function checkRateLimitPerRoute(
  { rate_limits: limits }: RateLimitPerRoute__Output,
  at: Path,
  violations: Violations,
): void {
  if (limits.length > MAX_RULES) violations.add(at.field('rate_limits'), `has more than ${MAX_RULES}`);
  for (const [index, rule] of limits.entries()) {
    checkRateLimitRule(rule, at.field('rate_limits').index(index), violations, true);
  }
}

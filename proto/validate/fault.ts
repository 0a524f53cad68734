import type { FaultDelay__Output } from '../generated/envoy/extensions/filters/common/fault/v3/FaultDelay.ts';
import type { FaultRateLimit__Output } from '../generated/envoy/extensions/filters/common/fault/v3/FaultRateLimit.ts';
import type { FaultAbort__Output } from '../generated/envoy/extensions/filters/http/fault/v3/FaultAbort.ts';
import type { HTTPFault__Output } from '../generated/envoy/extensions/filters/http/fault/v3/HTTPFault.ts';
import type { FractionalPercent__Output } from '../generated/envoy/type/v3/FractionalPercent.ts';
import type { Path, Violations } from '../violation.ts';
import { MAX_KBPS } from './bandwidth-limit.ts';
import { checkDuration } from './field-checks.ts';
import { checkHeaderMatcher } from './matcher.ts';

/** What a denominator stands for. */
export const DENOMINATORS = { HUNDRED: 100, TEN_THOUSAND: 10_000, MILLION: 1_000_000 } as const;

/** envoy.extensions.filters.http.fault.v3.HTTPFault */
export function checkFault(fault: HTTPFault__Output, at: Path, violations: Violations): void {
  const { delay, abort, response_rate_limit: rateLimit } = fault;
  if (delay === null && abort === null && rateLimit === null) {
    violations.add(at, 'needs delay, abort or response_rate_limit');
  }
  if (delay !== null) checkDelay(delay, at.field('delay'), violations);
  if (abort !== null) checkAbort(abort, at.field('abort'), violations);
  if (rateLimit !== null) checkRateLimit(rateLimit, at.field('response_rate_limit'), violations);
  for (const [index, header] of fault.headers.entries()) {
    checkHeaderMatcher(header, at.field('headers').index(index), violations);
  }
}

function checkDelay(delay: FaultDelay__Output, at: Path, violations: Violations): void {
  checkFraction(delay.percentage, at.field('percentage'), violations);
  if (delay.fault_delay_secifier === undefined) violations.add(at, 'needs fixed_delay or header_delay');
  if (delay.fixed_delay) checkDuration(delay.fixed_delay, at.field('fixed_delay'), violations, { minMs: 1 });
}

function checkAbort(abort: FaultAbort__Output, at: Path, violations: Violations): void {
  checkFraction(abort.percentage, at.field('percentage'), violations);
  if (abort.error_type === undefined) violations.add(at, 'needs http_status, grpc_status or header_abort');
  const { http_status: status, grpc_status: grpcStatus } = abort;
  if (status !== undefined && (status < 200 || status > 599)) {
    violations.add(at.field('http_status'), `must be between 200 and 599, and is ${status}`);
  }
  if (grpcStatus !== undefined && grpcStatus > 16) {
    violations.add(at.field('grpc_status'), `must be between 0 and 16, and is ${grpcStatus}`);
  }
}

function checkRateLimit(limit: FaultRateLimit__Output, at: Path, violations: Violations): void {
  checkFraction(limit.percentage, at.field('percentage'), violations);
  if (limit.limit_type === undefined) violations.add(at, 'needs fixed_limit or header_limit');
  const { fixed_limit: fixed } = limit;
  if (!fixed) return;
  const kbps = Number(fixed.limit_kbps);
  if (kbps < 1 || kbps > MAX_KBPS) {
    violations.add(at.field('fixed_limit').field('limit_kbps'), `must be between 1 and ${MAX_KBPS}, and is ${kbps}`);
  }
}

export function checkFraction(fraction: FractionalPercent__Output | null, at: Path, violations: Violations): void {
  if (fraction === null) return;
  const denominator = DENOMINATORS[fraction.denominator];
  if (denominator === undefined) violations.add(at.field('denominator'), 'is unknown');
  else if (fraction.numerator > denominator) violations.add(at.field('numerator'), `is more than ${denominator}`);
}

import { durationToMs } from '../duration.ts';
import type { RetryPolicy__Output } from '../generated/envoy/config/route/v3/RetryPolicy.ts';
import { retryConditions } from '../retry-conditions.ts';
import type { Path, Violations } from '../violation.ts';
import { checkDuration, checkUInt32, requireOneOf } from './field-checks.ts';
import { isHeaderName } from './http-text.ts';
import { checkHeaderMatcher } from './matcher.ts';
import { unpackAt } from './unpack-at.ts';

const CONDITIONS: ReadonlySet<string> = new Set(retryConditions);

/** A request that is sent more often than this is an attack on the service behind. */
const MAX_RETRIES = 100;

export function checkRetryPolicy(policy: RetryPolicy__Output, at: Path, violations: Violations): void {
  checkConditions(policy.retry_on, at.field('retry_on'), violations);
  checkUInt32(policy.num_retries, at.field('num_retries'), violations, { min: 0, max: MAX_RETRIES });
  checkDuration(policy.per_try_timeout, at.field('per_try_timeout'), violations);
  checkDuration(policy.per_try_idle_timeout, at.field('per_try_idle_timeout'), violations);
  for (const field of ['retriable_headers', 'retriable_request_headers'] as const) {
    for (const [index, matcher] of policy[field].entries()) {
      const matcherAt = at.field(field).index(index);
      if (field === 'retriable_headers' && matcher.name.startsWith(':')) {
        violations.add(matcherAt.field('name'), `is no header of an answer: ${matcher.name.slice(0, 100)}`);
      } else {
        checkHeaderMatcher(matcher, matcherAt, violations);
      }
    }
  }
  for (const [index, status] of policy.retriable_status_codes.entries()) {
    if (status < 100 || status > 599) {
      violations.add(at.field('retriable_status_codes').index(index), `is not an HTTP status: ${status}`);
    }
  }
  const attempts = Number(policy.host_selection_retry_max_attempts);
  if (attempts < 0 || attempts > MAX_RETRIES) {
    violations.add(at.field('host_selection_retry_max_attempts'), `must be between 0 and ${MAX_RETRIES}`);
  }
  checkBackOff(policy, at, violations);
  checkRateLimitedBackOff(policy, at, violations);
  for (const [index, predicate] of policy.retry_host_predicate.entries()) {
    const configAt = at.field('retry_host_predicate').index(index).field('typed_config');
    unpackAt(
      ['envoy.extensions.retry.host.previous_hosts.v3.PreviousHostsPredicate'],
      predicate.typed_config,
      configAt,
      violations,
    );
  }
}

function checkConditions(retryOn: string, at: Path, violations: Violations): void {
  const unknown = retryOn
    .split(',')
    .map((condition) => condition.trim())
    .filter((condition) => condition !== '' && !CONDITIONS.has(condition));
  if (unknown.length > 0) {
    violations.add(
      at,
      `names ${unknown.slice(0, 10).join(', ').slice(0, 200)}; known are ${retryConditions.join(', ')}`,
    );
  }
}

function checkBackOff({ retry_back_off: backOff }: RetryPolicy__Output, at: Path, violations: Violations): void {
  if (backOff === null) {
    return;
  }
  const backOffAt = at.field('retry_back_off');
  if (backOff.base_interval === null) {
    violations.add(backOffAt.field('base_interval'), 'is required');
    return;
  }
  checkDuration(backOff.base_interval, backOffAt.field('base_interval'), violations, { minMs: 1 });
  checkDuration(backOff.max_interval, backOffAt.field('max_interval'), violations, { minMs: 1 });
  if (backOff.max_interval !== null && durationToMs(backOff.max_interval) < durationToMs(backOff.base_interval)) {
    violations.add(backOffAt.field('max_interval'), 'is shorter than base_interval');
  }
}

function checkRateLimitedBackOff(policy: RetryPolicy__Output, at: Path, violations: Violations): void {
  const { rate_limited_retry_back_off: backOff } = policy;
  if (backOff === null) {
    return;
  }
  const backOffAt = at.field('rate_limited_retry_back_off');
  if (backOff.reset_headers.length === 0) {
    violations.add(backOffAt.field('reset_headers'), 'is required');
  }
  for (const [index, { name, format }] of backOff.reset_headers.entries()) {
    const headerAt = backOffAt.field('reset_headers').index(index);
    if (!isHeaderName(name)) {
      violations.add(headerAt.field('name'), `is not a header name: ${JSON.stringify(name.slice(0, 100))}`);
    }
    requireOneOf(format, ['SECONDS', 'UNIX_TIMESTAMP'], headerAt.field('format'), violations);
  }
  checkDuration(backOff.max_interval, backOffAt.field('max_interval'), violations, { minMs: 1 });
}

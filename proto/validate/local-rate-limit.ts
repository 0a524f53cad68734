import type { RuntimeFractionalPercent__Output } from '../generated/envoy/config/core/v3/RuntimeFractionalPercent.ts';
import type { LocalRateLimit__Output } from '../generated/envoy/extensions/filters/http/local_ratelimit/v3/LocalRateLimit.ts';
import type { Path, Violations } from '../violation.ts';
import { DENOMINATORS } from './fault.ts';
import { checkUInt32 } from './field-checks.ts';
import { checkRateLimitRule, MAX_RULES } from './rate-limit-rule.ts';
import { checkBucket } from './token-bucket.ts';

/** Buckets that one descriptor may open for values that it leaves open. */
export const MAX_DYNAMIC_DESCRIPTORS = 100_000;

/** envoy.extensions.filters.http.local_ratelimit.v3.LocalRateLimit */
export function checkLocalRateLimit(limit: LocalRateLimit__Output, at: Path, violations: Violations): void {
  for (const field of ['filter_enabled', 'filter_enforced'] as const) {
    // a filter that is off for some would be counted on by all
    if (!isAll(limit[field])) violations.add(at.field(field), 'must be 100 %');
  }
  if (limit.token_bucket !== null) checkBucket(limit.token_bucket, at.field('token_bucket'), violations);
  for (const [index, descriptor] of limit.descriptors.entries()) {
    const descriptorAt = at.field('descriptors').index(index);
    if (descriptor.entries.length === 0) violations.add(descriptorAt.field('entries'), 'is empty');
    if (descriptor.token_bucket === null) violations.add(descriptorAt.field('token_bucket'), 'is required');
    else checkBucket(descriptor.token_bucket, descriptorAt.field('token_bucket'), violations);
  }
  for (const field of ['descriptors', 'rate_limits'] as const) {
    if (limit[field].length > MAX_RULES) violations.add(at.field(field), `has more than ${MAX_RULES}`);
  }
  for (const [index, rule] of limit.rate_limits.entries()) {
    checkRateLimitRule(rule, at.field('rate_limits').index(index), violations);
  }
  checkUInt32(limit.max_dynamic_descriptors, at.field('max_dynamic_descriptors'), violations, {
    min: 1,
    max: MAX_DYNAMIC_DESCRIPTORS,
  });
}

function isAll(share: RuntimeFractionalPercent__Output | null): boolean {
  const value = share?.default_value ?? null;
  return value !== null && value.numerator >= (DENOMINATORS[value.denominator] ?? Number.POSITIVE_INFINITY);
}

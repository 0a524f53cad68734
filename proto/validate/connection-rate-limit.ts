import type { LocalRateLimit__Output } from '../generated/envoy/extensions/filters/network/local_ratelimit/v3/LocalRateLimit.ts';
import type { Path, Violations } from '../violation.ts';
import { requireName } from './field-checks.ts';
import { checkBucket } from './token-bucket.ts';

/** envoy.extensions.filters.network.local_ratelimit.v3.LocalRateLimit */
export function checkConnectionRateLimit(
  { stat_prefix: name, token_bucket: bucket }: LocalRateLimit__Output,
  at: Path,
  violations: Violations,
): void {
  requireName(name, at.field('stat_prefix'), violations);
  if (bucket === null) violations.add(at.field('token_bucket'), 'is required');
  else checkBucket(bucket, at.field('token_bucket'), violations);
}

import type { TokenBucket__Output } from '../generated/envoy/type/v3/TokenBucket.ts';
import type { Path, Violations } from '../violation.ts';
import { checkDuration, checkUInt32 } from './field-checks.ts';

/** The shortest time in which a bucket is filled (Envoy). */
const MIN_FILL_MS = 50;

/** envoy.type.v3.TokenBucket */
export function checkBucket(bucket: TokenBucket__Output, at: Path, violations: Violations): void {
  if (bucket.max_tokens === 0) violations.add(at.field('max_tokens'), 'must be at least 1');
  checkUInt32(bucket.tokens_per_fill, at.field('tokens_per_fill'), violations, { min: 1 });
  if (bucket.fill_interval === null) violations.add(at.field('fill_interval'), 'is required');
  checkDuration(bucket.fill_interval, at.field('fill_interval'), violations, { minMs: MIN_FILL_MS });
}

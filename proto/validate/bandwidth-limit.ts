import type { BandwidthLimit__Output } from '../generated/envoy/extensions/filters/http/bandwidth_limit/v3/BandwidthLimit.ts';
import type { Path, Violations } from '../violation.ts';
import { checkDuration, requireOneOf } from './field-checks.ts';
import { isHeaderName } from './http-text.ts';

/** KiB a second; more than any sidecar carries, and its bytes are still a whole number. */
export const MAX_KBPS = 2 ** 32;
/** The shortest and the longest time in which a bucket is filled (Envoy). */
const MIN_FILL_MS = 20;
const MAX_FILL_MS = 1000;

/** envoy.extensions.filters.http.bandwidth_limit.v3.BandwidthLimit of a filter for one direction. */
export function checkBandwidthLimit(direction: 'REQUEST' | 'RESPONSE') {
  return (limit: BandwidthLimit__Output, at: Path, violations: Violations): void => {
    requireOneOf(limit.enable_mode, [direction], at.field('enable_mode'), violations);
    const kbps = Number(limit.limit_kbps?.value ?? 0);
    if (limit.limit_kbps === null) violations.add(at.field('limit_kbps'), 'is required');
    else if (kbps < 1 || kbps > MAX_KBPS) {
      violations.add(at.field('limit_kbps'), `must be between 1 and ${MAX_KBPS}, and is ${kbps}`);
    }
    const fillAt = at.field('fill_interval');
    checkDuration(limit.fill_interval, fillAt, violations, { minMs: MIN_FILL_MS });
    const seconds = Number(limit.fill_interval?.seconds ?? 0);
    if (seconds > 1 || (seconds === 1 && (limit.fill_interval?.nanos ?? 0) > 0)) {
      violations.add(fillAt, `must be at most ${MAX_FILL_MS} ms`);
    }
    const prefix = limit.response_trailer_prefix;
    if (prefix !== '' && !isHeaderName(prefix)) {
      violations.add(at.field('response_trailer_prefix'), 'is no beginning of a header name');
    }
  };
}

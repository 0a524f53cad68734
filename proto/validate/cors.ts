import type { CorsPolicy__Output } from '../generated/envoy/extensions/filters/http/cors/v3/CorsPolicy.ts';
import type { Path, Violations } from '../violation.ts';
import { isHeaderValue } from './http-text.ts';
import { checkStringMatcher } from './matcher.ts';

/** envoy.extensions.filters.http.cors.v3.CorsPolicy */
export function checkCors(policy: CorsPolicy__Output, at: Path, violations: Violations): void {
  for (const [index, origin] of policy.allow_origin_string_match.entries()) {
    checkStringMatcher(origin, at.field('allow_origin_string_match').index(index), violations);
  }
  for (const field of ['allow_methods', 'allow_headers', 'expose_headers'] as const) {
    if (!isHeaderValue(policy[field])) violations.add(at.field(field), 'is not a header value');
  }
  if (!/^\d{0,10}$/.test(policy.max_age)) violations.add(at.field('max_age'), 'is not a number of seconds');
}

import type { ConfigSource__Output } from '../generated/envoy/config/core/v3/ConfigSource.ts';
import type { Path, Violations } from '../violation.ts';
import { checkDuration, requireOneOf } from './field-checks.ts';

/** Resources come on the stream that this one came on; there is no other place to get them from. */
export function requireConfigSource(source: ConfigSource__Output | null, at: Path, violations: Violations): void {
  if (source === null) {
    violations.add(at, 'is required');
    return;
  }
  if (source.config_source_specifier === undefined) {
    violations.add(at, 'must be ads or self');
  }
  // AUTO is what an absent field decodes to, and what gRPC clients are sent.
  requireOneOf(source.resource_api_version, ['V3', 'AUTO'], at.field('resource_api_version'), violations);
  checkDuration(source.initial_fetch_timeout, at.field('initial_fetch_timeout'), violations);
}

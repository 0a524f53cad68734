import type { HttpProtocolOptions__Output as CommonOptions } from '../generated/envoy/config/core/v3/HttpProtocolOptions.ts';
import type { HttpProtocolOptions__Output as UpstreamOptions } from '../generated/envoy/extensions/upstreams/http/v3/HttpProtocolOptions.ts';
import type { Path, Violations } from '../violation.ts';
import { checkDuration, checkUInt32, refuse, requireOneOf } from './field-checks.ts';

/** What HTTP towards clients and HTTP towards endpoints have in common. */
export function checkCommonHttpOptions(options: CommonOptions | null, at: Path, violations: Violations): void {
  if (options === null) {
    return;
  }
  checkDuration(options.idle_timeout, at.field('idle_timeout'), violations);
  checkDuration(options.max_connection_duration, at.field('max_connection_duration'), violations);
  checkUInt32(options.max_headers_count, at.field('max_headers_count'), violations, { min: 1 });
  checkUInt32(options.max_requests_per_connection, at.field('max_requests_per_connection'), violations, { min: 0 });
  requireOneOf(
    options.headers_with_underscores_action,
    ['ALLOW'],
    at.field('headers_with_underscores_action'),
    violations,
  );
  refuse(options, ['max_stream_duration'], at, violations);
}

/** A cluster's HTTP: HTTP/1.1, or what the request came in with, which a listener decides. */
export function checkUpstreamHttpOptions(options: UpstreamOptions, at: Path, violations: Violations): void {
  checkCommonHttpOptions(options.common_http_protocol_options, at.field('common_http_protocol_options'), violations);
  const explicit = options.explicit_http_config;
  if (explicit) {
    const explicitAt = at.field('explicit_http_config');
    refuse(explicit, ['http2_protocol_options'], explicitAt, violations);
    if (explicit.protocol_config === undefined) {
      violations.add(explicitAt, 'needs http_protocol_options');
    }
  }
}

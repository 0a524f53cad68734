import type { Http2ProtocolOptions__Output as Http2Options } from '../generated/envoy/config/core/v3/Http2ProtocolOptions.ts';
import type { HttpProtocolOptions__Output as CommonOptions } from '../generated/envoy/config/core/v3/HttpProtocolOptions.ts';
import type { KeepaliveSettings__Output as KeepaliveSettings } from '../generated/envoy/config/core/v3/KeepaliveSettings.ts';
import type { HttpProtocolOptions__Output as UpstreamOptions } from '../generated/envoy/extensions/upstreams/http/v3/HttpProtocolOptions.ts';
import type { Path, Violations } from '../violation.ts';
import { checkDuration, checkUInt32, refuse, requireOneOf } from './field-checks.ts';

/** What HTTP towards clients and HTTP towards endpoints have in common. `side` is who the other end is. */
export function checkCommonHttpOptions(
  options: CommonOptions | null,
  side: 'downstream' | 'upstream',
  at: Path,
  violations: Violations,
): void {
  if (options === null) {
    return;
  }
  checkDuration(options.idle_timeout, at.field('idle_timeout'), violations);
  checkUInt32(options.max_headers_count, at.field('max_headers_count'), violations, { min: 1 });
  checkUInt32(options.max_requests_per_connection, at.field('max_requests_per_connection'), violations, { min: 0 });
  requireOneOf(
    options.headers_with_underscores_action,
    // Only requests can be meant: an answer is not matched by any rule.
    side === 'downstream' ? ['ALLOW', 'REJECT_REQUEST', 'DROP_HEADER'] : ['ALLOW'],
    at.field('headers_with_underscores_action'),
    violations,
  );
  // What an answer may hold has a bound that is fixed.
  refuse(options, side === 'upstream' ? ['max_headers_count'] : [], at, violations);
  // of a stream it is the route that says how long it may last
  refuse(
    options,
    ['max_stream_duration', ...(side === 'downstream' ? (['max_connection_duration'] as const) : [])],
    at,
    violations,
  );
  checkDuration(options.max_connection_duration, at.field('max_connection_duration'), violations);
}

/** The lower bound of windows is that of the protocol, RFC 9113 section 6.9.2; the upper one is what a sidecar may hold for a peer. */
const WINDOW = { min: 65_535, max: 16_777_216 };

/** Towards clients the windows are the sidecar's own. */
export function checkHttp2Options(
  options: Http2Options | null,
  side: 'downstream' | 'upstream',
  at: Path,
  violations: Violations,
): void {
  if (options === null) {
    return;
  }
  if (side === 'upstream') {
    checkUInt32(options.initial_stream_window_size, at.field('initial_stream_window_size'), violations, WINDOW);
    checkUInt32(options.initial_connection_window_size, at.field('initial_connection_window_size'), violations, WINDOW);
    checkKeepAlive(options.connection_keepalive, at.field('connection_keepalive'), violations);
  } else {
    refuse(
      options,
      ['connection_keepalive', 'initial_stream_window_size', 'initial_connection_window_size'],
      at,
      violations,
    );
  }
  const streamsAt = at.field('max_concurrent_streams');
  checkUInt32(options.max_concurrent_streams, streamsAt, violations, { min: 1, max: 2 ** 31 - 1 });
  refuse(options, ['hpack_table_size'], at, violations);
}

/** Envoy sends no PING without an interval; here both are needed, so that what is asked for is what happens. */
function checkKeepAlive(settings: KeepaliveSettings | null, at: Path, violations: Violations): void {
  if (settings === null) {
    return;
  }
  for (const name of ['interval', 'timeout'] as const) {
    if (settings[name] === null) violations.add(at.field(name), 'is required');
    else checkDuration(settings[name], at.field(name), violations, { minMs: 1 });
  }
}

/** A cluster's HTTP: HTTP/1.1, HTTP/2, or what the request came in with. */
export function checkUpstreamHttpOptions(options: UpstreamOptions, at: Path, violations: Violations): void {
  refuse(options, ['http_filters'], at, violations);
  const commonAt = at.field('common_http_protocol_options');
  checkCommonHttpOptions(options.common_http_protocol_options, 'upstream', commonAt, violations);
  const explicit = options.explicit_http_config;
  if (explicit) {
    const explicitAt = at.field('explicit_http_config');
    checkHttp2Options(
      explicit.http2_protocol_options ?? null,
      'upstream',
      explicitAt.field('http2_protocol_options'),
      violations,
    );
    if (explicit.protocol_config === undefined) {
      violations.add(explicitAt, 'needs http_protocol_options or http2_protocol_options');
    }
  }
  const http2At = at.field('use_downstream_protocol_config').field('http2_protocol_options');
  checkHttp2Options(
    options.use_downstream_protocol_config?.http2_protocol_options ?? null,
    'upstream',
    http2At,
    violations,
  );
}

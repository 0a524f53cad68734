/**
 * When a failed attempt may be repeated, from the safest to the least safe.
 *
 * - `always`: no byte of the request can have reached an application, so every method may be repeated.
 * - `idempotent`: the application may have seen the request; only idempotent methods may be repeated (RFC 9110
 *   section 9.2.2) unless the user set `retryNonIdempotent`.
 * - `never`: repeating cannot help, or the answer has begun.
 */
export type RetryClass = 'always' | 'idempotent' | 'never';

/** One way a request can fail: what the client gets, what the logs call it, and whether to try again. */
export interface FailureKind {
  readonly status: number;
  /** Envoy's response flag, as access logs and metrics know it; `-` where Envoy has none. */
  readonly flag: string;
  readonly retry: RetryClass;
  /** Envoy's `response_code_details`. */
  readonly details: string;
  readonly title: string;
}

/**
 * Every way a request can fail. Access log, metrics and local replies all read this table.
 *
 * Flags: Envoy access log documentation, `%RESPONSE_FLAGS%`.
 */
export const failures = {
  badRequest: row(400, 'DPE', 'never', 'http1.codec_error', 'The request is malformed'),
  headersTooLarge: row(431, 'DPE', 'never', 'http1.headers_too_large', 'The request head is too large'),
  targetTooLong: row(414, 'DPE', 'never', 'http1.target_too_long', 'The request target is too long'),
  bodyTooLarge: row(413, 'DPE', 'never', 'http1.chunk_extensions_too_large', 'The framing of the body is too large'),
  requestPayloadTooLarge: row(
    413,
    '-',
    'never',
    'request_payload_too_large',
    'The body of the request is larger than the service takes',
  ),
  unsupportedCoding: row(501, 'DPE', 'never', 'http1.unsupported_transfer_coding', 'The transfer coding is unknown'),
  unsupportedVersion: row(505, 'DPE', 'never', 'http1.unsupported_version', 'The HTTP version is not supported'),
  expectationFailed: row(417, 'DPE', 'never', 'http1.expectation_failed', 'The expectation cannot be met'),
  overloaded: row(503, 'OM', 'never', 'overload', 'The sidecar is close to the end of its memory'),
  pathRefused: row(400, 'DPE', 'never', 'path_normalization_failed', 'The path hides a slash'),
  underscoreRefused: row(400, 'DPE', 'never', 'http.unexpected_underscore', 'A header name has an underscore'),
  upgradeNotSupported: row(403, 'NR', 'never', 'upgrade_failed', 'This listener does not take that kind of request'),
  noRoute: row(404, 'NR', 'never', 'route_not_found', 'No route matches the request'),
  unknownHost: row(404, 'NR', 'never', 'route_not_found', 'No service of that name is in the mesh'),
  unknownPort: row(404, 'NR', 'never', 'route_not_found', 'The service has no such port'),
  forbiddenDestination: row(403, 'NR', 'never', 'forbidden_destination', 'The proxy never connects there'),
  rewriteFailed: row(500, '-', 'never', 'path_rewrite_failed', 'The rule makes no path of this one'),
  noCluster: row(500, 'NC', 'never', 'cluster_not_found', 'The route leads to no backend that exists'),
  noHealthyUpstream: row(503, 'UH', 'never', 'no_healthy_upstream', 'No instance can take the request'),
  sessionLost: row(503, 'UH', 'never', 'session_endpoint_lost', "The instance of the client's session is gone"),
  upstreamOverflow: row(503, 'UO', 'never', 'upstream_overflow', 'The circuit is open: the service is at its limit'),
  overflowFallback: row(503, 'UO', 'never', 'fallback{upstream_overflow}', 'The circuit is open: the fallback serves'),
  unhealthyFallback: row(503, 'UH', 'never', 'fallback{no_healthy_upstream}', 'No instance: the fallback serves'),
  connectFailure: row(
    503,
    'UF',
    'always',
    'upstream_reset_before_response_started{connection_failure}',
    'No connection to the instance',
  ),
  connectTimeout: row(
    503,
    'UF',
    'always',
    'upstream_reset_before_response_started{connection_timeout}',
    'The instance did not accept the connection in time',
  ),
  identityRefused: row(
    503,
    'UF',
    'always',
    'upstream_reset_before_response_started{identity}',
    'The instance is not who it should be',
  ),
  originRefused: row(
    503,
    'UF',
    'always',
    'upstream_reset_before_response_started{connection_failure,TLS_error}',
    'No TLS connection to the host that can be trusted',
  ),
  clientCertificateUnusable: row(
    503,
    'UF',
    'never',
    'upstream_reset_before_response_started{connection_failure,TLS_error}',
    'The sidecar has no certificate that it could show to the host',
  ),
  registryOnly: row(
    502,
    'NR',
    'never',
    'registry_only',
    'Only hosts that are registered may be called, and this one is not',
  ),
  upstreamReset: row(
    503,
    'UC',
    'idempotent',
    'upstream_reset_before_response_started{connection_termination}',
    'The instance closed the connection before it answered',
  ),
  upstreamRemoteReset: row(
    503,
    'UR',
    'idempotent',
    'upstream_reset_before_response_started{remote_reset}',
    'The instance gave the request up before it answered',
  ),
  upstreamRefused: row(
    503,
    'UR',
    'always',
    'upstream_reset_before_response_started{remote_refused_stream_reset}',
    'The instance refused the request before it looked at it',
  ),
  staleConnection: row(
    503,
    'UC',
    'idempotent',
    'upstream_reset_before_response_started{connection_termination}',
    'The instance closed an idle connection just as it was used',
  ),
  upstreamResetInBody: row(
    502,
    'UC',
    'never',
    'upstream_reset_after_response_started{connection_termination}',
    'The instance closed the connection in the middle of its answer',
  ),
  upstreamProtocol: row(
    502,
    'UPE',
    'never',
    'upstream_reset_before_response_started{protocol_error}',
    'The instance answered with something that is not HTTP',
  ),
  perTryTimeout: row(
    504,
    'UT',
    'idempotent',
    'upstream_per_try_timeout',
    'The instance did not answer within the time of one try',
  ),
  perTryIdleTimeout: row(
    504,
    'UT',
    'idempotent',
    'upstream_per_try_idle_timeout',
    'The instance sent nothing for too long',
  ),
  requestTimeout: row(504, 'UT', 'never', 'response_timeout', 'The service did not answer in time'),
  streamIdleTimeout: row(504, 'SI', 'never', 'stream_idle_timeout', 'Nothing moved for too long'),
  maxStreamDuration: row(
    504,
    'UMSDR',
    'never',
    'upstream_max_stream_duration_reached',
    'The request lasted longer than its route allows',
  ),
  headerTimeout: row(408, 'DPE', 'never', 'request_header_timeout', 'The request head did not arrive in time'),
  requestTooSlow: row(408, 'DPE', 'never', 'request_overall_timeout', 'The request did not arrive in time'),
  retryLimitExceeded: row(503, 'URX', 'never', 'upstream_retry_limit_exceeded', 'Every try failed'),
  downstreamReset: row(0, 'DC', 'never', 'downstream_remote_disconnect', 'The client went away'),
  rateLimited: row(429, 'RL', 'never', 'local_rate_limited', 'Too many requests'),
  connectionRateLimited: row(429, 'RL', 'never', 'local_ratelimit_close_over_limit', 'Too many new connections'),
  rateLimitedGlobally: row(429, 'RL', 'never', 'request_rate_limited', 'Too many requests'),
  rateLimitError: row(500, 'RLSE', 'never', 'rate_limiter_error', 'The rate limit service has not answered'),
  concurrencyLimitReached: row(
    503,
    '-',
    'never',
    'reached_concurrency_limit',
    'The service takes no more requests at a time without getting slower',
  ),
  admissionDenied: row(
    503,
    '-',
    'never',
    'denied_by_admission_control',
    'The service is in trouble, and this request is one of those that it is spared',
  ),
  faultAbort: row(503, 'FI', 'never', 'fault_filter_abort', 'A fault was injected'),
  faultDelay: row(503, 'DI', 'never', 'fault_filter_delay', 'A delay was injected'),
  loopDetected: row(508, '-', 'never', 'loop_detected', 'The request goes round between sidecars'),
  configurationPending: row(
    503,
    'NC',
    'never',
    'on_demand_discovery_timeout',
    'The control plane has not said yet where that service is',
  ),
  nameResolution: row(503, 'UF', 'always', 'dns_resolution_failure', 'The host name cannot be resolved'),
  misdirectedRequest: row(
    421,
    'NR',
    'never',
    'misdirected_request',
    'The tunnel leads to another host than the request names',
  ),
  protocolNotAllowed: row(
    503,
    'UF',
    'never',
    'upstream_protocol_not_allowed',
    'The service does not take that protocol at this port',
  ),
  draining: row(503, 'LR', 'never', 'draining', 'The sidecar is shutting down'),
  internal: row(500, '-', 'never', 'internal_error', 'The sidecar made a mistake'),
} as const satisfies Record<string, FailureKind>;

export type Failure = keyof typeof failures;

/** Response flag for logs and metrics, `-` for what went well. */
export function responseFlag(failure: Failure | null): string {
  return failure === null ? '-' : failures[failure].flag;
}

function row(status: number, flag: string, retry: RetryClass, details: string, title: string): FailureKind {
  return { status, flag, retry, details, title };
}

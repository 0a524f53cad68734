/**
 * What a sidecar can do beyond the first version, as it announces in `FEATURES` of its node's metadata. The control plane
 * leaves out of a node's resources what the node does not announce. A name is never given another meaning.
 */
export const FEATURES = {
  /** HTTP/2 on either side: `http2_protocol_options`, `use_downstream_protocol_config`, ALPN `heddle-h2`. */
  http2: 'h2',
  /** Connections as they are: TcpProxy, several filter chains, listener filters, listeners by service port. */
  tcp: 'tcp',
  /** `upgrade_configs`: WebSocket and CONNECT. */
  upgrade: 'upgrade',
  /** `normalize_path`, `merge_slashes`, `path_with_escaped_slashes_action`, `headers_with_underscores_action`. */
  normalization: 'normalization',
  /** All of `OutlierDetection`, not only 5xx in a row. */
  outlierDetectors: 'outlier-detectors',
  /** `health_checks`, `ignore_health_on_host_removal`. */
  healthChecks: 'health-checks',
  /** `envoy.filters.http.fault` of a route, with its end in the metadata. */
  faults: 'faults',
  /** `response_rate_limit` of HTTPFault. */
  faultRateLimit: 'fault-response-rate-limit',
  /** `envoy.filters.http.local_ratelimit` of a route. */
  rateLimits: 'local-rate-limit',
  /** `envoy.filters.http.ratelimit` of a connection manager and of a route. */
  globalRateLimits: 'global-rate-limit',
  /** `envoy.filters.http.buffer` of a route. */
  bodyLimit: 'body-limit',
  /** `envoy.filters.http.bandwidth_limit` of a route. */
  bandwidthLimit: 'bandwidth-limit',
  /** `envoy.filters.http.adaptive_concurrency` and `envoy.filters.http.admission_control` of a route. */
  overloadFilters: 'overload-filters',
  /** A route's fallback, in its metadata. */
  fallback: 'fallback',
  /** The priority HIGH of routes and thresholds; `per_host_thresholds`. */
  priorities: 'priorities',
  /** `safe_regex`; more of a route's action than where it goes: mirrors, CORS, header changes of weighted clusters. */
  routing: 'routing',
  /**
   * All of RetryPolicy: `retriable_headers`, `retriable_request_headers`, `rate_limited_retry_back_off`,
   * `per_try_idle_timeout`, the conditions `envoy-ratelimited` and `retriable-headers`; `request_body_buffer_limit`;
   * `hedge_policy`.
   */
  retries: 'retries',
  /** `max_connection_duration` towards endpoints, and `max_stream_duration` of a route. */
  durations: 'durations',
  /**
   * Peak EWMA, slow start, localities of `load_balancing_policy`; priorities of endpoints; `hash_policy` of routes, and their
   * `envoy.filters.http.stateful_session`.
   */
  balancing: 'balancing',
  /** `hash_balance_factor` of ring hash and Maglev. */
  boundedLoads: 'bounded-loads',
  /**
   * Hosts outside the mesh: `heddle.external` of the outbound listener, STRICT_DNS, TLS origination in `transport_socket` of a
   * cluster, `system_root_certs`.
   */
  external: 'external-services',
  /** `tls_certificates` of a cluster's `transport_socket`, as files of the sidecar's machine. */
  clientCertificates: 'client-certificates',
  /** A path for one of a route's weighted clusters, in the route's metadata. */
  backendPaths: 'backend-paths',
  /** `hash_policy` of TcpProxy. */
  tcpHash: 'tcp-hash',
  /** `strict` of StatefulSession, and bounds of sessions in the metadata of a route. */
  sessionBounds: 'session-bounds',
  /** `hits_addend` of RateLimit. */
  rateLimitCost: 'rate-limit-cost',
  /** `regex_rewrite` and `host_rewrite_header` of a route. */
  rewrites: 'rewrites',
  /** `envoy.filters.network.local_ratelimit` before the TcpProxy of an application's port. */
  connectionRates: 'connection-rates',
  /** `tcp_keepalive` of a cluster. */
  tcpKeepalive: 'tcp-keepalive',
  /** Streams and windows of HTTP/2 towards endpoints: `max_concurrent_streams`, `initial_…_window_size` of a cluster. */
  http2Settings: 'http2-settings',
} as const;

export type Feature = (typeof FEATURES)[keyof typeof FEATURES];

export const ALL_FEATURES: readonly Feature[] = Object.values(FEATURES);

/**
 * A client that is none of ours, an Envoy as its publisher builds it: it has most of the above in its own ways, knows none of
 * our extensions and reads none of our metadata. Nobody announces this; it stands for announcing nothing.
 */
export const STOCK = 'stock';

/** What is in metadata alone. */
const OURS_ALONE: ReadonlySet<string> = new Set([FEATURES.fallback, FEATURES.backendPaths]);

export const STOCK_FEATURES: ReadonlySet<string> = new Set([
  ...ALL_FEATURES.filter((feature) => !OURS_ALONE.has(feature)),
  STOCK,
]);

/**
 * The well-known names of extensions. Clients find an extension by the type of its configuration; the name is what logs
 * and statistics call it, and what an Envoy falls back to.
 */
export const HTTP_CONNECTION_MANAGER_FILTER = 'envoy.filters.network.http_connection_manager';
export const CONNECTION_RATE_LIMIT_FILTER = 'envoy.filters.network.local_ratelimit';
export const TCP_PROXY_FILTER = 'envoy.filters.network.tcp_proxy';
export const ADAPTIVE_CONCURRENCY_FILTER = 'envoy.filters.http.adaptive_concurrency';
export const ADMISSION_CONTROL_FILTER = 'envoy.filters.http.admission_control';
/** One filter for each direction, as an Envoy's listener would name them: each has a bucket of its own. */
export const BANDWIDTH_LIMIT_REQUEST_FILTER = 'envoy.filters.http.bandwidth_limit/request';
export const BANDWIDTH_LIMIT_RESPONSE_FILTER = 'envoy.filters.http.bandwidth_limit/response';
export const BUFFER_FILTER = 'envoy.filters.http.buffer';
export const CORS_FILTER = 'envoy.filters.http.cors';
export const FAULT_FILTER = 'envoy.filters.http.fault';
export const LOCAL_RATE_LIMIT_FILTER = 'envoy.filters.http.local_ratelimit';
export const RATE_LIMIT_FILTER = 'envoy.filters.http.ratelimit';
export const SET_METADATA_FILTER = 'envoy.filters.http.set_metadata';
export const STATEFUL_SESSION_FILTER = 'envoy.filters.http.stateful_session';
export const UPSTREAM_CODEC_FILTER = 'envoy.filters.http.upstream_codec';
export const ROUTER_FILTER = 'envoy.filters.http.router';

export const TLS_INSPECTOR_FILTER = 'envoy.filters.listener.tls_inspector';
export const HTTP_INSPECTOR_FILTER = 'envoy.filters.listener.http_inspector';

export const TLS_TRANSPORT_SOCKET = 'envoy.transport_sockets.tls';
export const RAW_BUFFER_TRANSPORT_SOCKET = 'envoy.transport_sockets.raw_buffer';

export const LEAST_REQUEST_POLICY = 'envoy.load_balancing_policies.least_request';
export const ROUND_ROBIN_POLICY = 'envoy.load_balancing_policies.round_robin';
export const RANDOM_POLICY = 'envoy.load_balancing_policies.random';
export const RING_HASH_POLICY = 'envoy.load_balancing_policies.ring_hash';
export const MAGLEV_POLICY = 'envoy.load_balancing_policies.maglev';
export const PEAK_EWMA_POLICY = 'envoy.load_balancing_policies.peak_ewma';

export const COOKIE_SESSION_STATE = 'envoy.http.stateful_session.cookie';
export const HEADER_SESSION_STATE = 'envoy.http.stateful_session.header';

export const PREVIOUS_HOSTS_PREDICATE = 'envoy.retry_host_predicates.previous_hosts';

/** The action of a rate limit that tells who calls. */
export const PEER_PRINCIPAL = 'heddle.peer_principal';
/** The same in an Envoy. */
export const RATE_LIMIT_EXPRESSION = 'envoy.rate_limit_descriptors.expr';
/** The action of a rate limit that tells what the limit is. */
export const REQUEST_RATE = 'heddle.request_rate';

/** The key of HttpProtocolOptions in a cluster's `typed_extension_protocol_options`. */
export const HTTP_PROTOCOL_OPTIONS = 'envoy.extensions.upstreams.http.v3.HttpProtocolOptions';

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { MessageName } from './load.ts';
import { loadContract, messageType } from './load.ts';
import type { FieldSchema, MessageSchema } from './validate/message-schema.ts';
import { messageSchema } from './validate/message-schema.ts';
import { checkWire } from './validate/unknown-fields.ts';
import { root, Violations } from './violation.ts';

const MESSAGES = Object.entries(loadContract())
  .filter(([, definition]) => 'format' in definition && definition.format === 'Protocol Buffer 3 DescriptorProto')
  .map(([name]) => name as MessageName);

/** Public field numbers, written down here once more by hand. Source: the xDS v3 API, data-plane-api 2026-01-29. */
const PUBLIC_NUMBERS: Record<string, Record<string, number>> = {
  'envoy.service.discovery.v3.DiscoveryRequest': {
    node: 2,
    resource_names: 3,
    type_url: 4,
    response_nonce: 5,
    error_detail: 6,
  },
  'envoy.service.discovery.v3.DiscoveryResponse': { version_info: 1, resources: 2, type_url: 4, nonce: 5 },
  'envoy.service.discovery.v3.DeltaDiscoveryRequest': {
    node: 1,
    type_url: 2,
    resource_names_subscribe: 3,
    resource_names_unsubscribe: 4,
    initial_resource_versions: 5,
    response_nonce: 6,
    error_detail: 7,
  },
  'envoy.service.discovery.v3.DeltaDiscoveryResponse': {
    system_version_info: 1,
    resources: 2,
    type_url: 4,
    nonce: 5,
    removed_resources: 6,
    resource_errors: 9,
  },
  'envoy.service.discovery.v3.Resource': { version: 1, resource: 2, name: 3, ttl: 6 },
  'envoy.service.ratelimit.v3.RateLimitRequest': { domain: 1, descriptors: 2, hits_addend: 3 },
  'envoy.service.ratelimit.v3.RateLimitResponse': { overall_code: 1, statuses: 2, response_headers_to_add: 3 },
  'envoy.service.ratelimit.v3.RateLimitResponse.RateLimit': { requests_per_unit: 1, unit: 2 },
  'envoy.service.ratelimit.v3.RateLimitResponse.DescriptorStatus': {
    code: 1,
    current_limit: 2,
    limit_remaining: 3,
    duration_until_reset: 4,
  },
  'envoy.extensions.common.ratelimit.v3.RateLimitDescriptor': { entries: 1, limit: 2 },
  'envoy.extensions.common.ratelimit.v3.RateLimitDescriptor.RateLimitOverride': { requests_per_unit: 1, unit: 2 },
  'envoy.extensions.filters.http.ratelimit.v3.RateLimit': {
    domain: 1,
    timeout: 4,
    failure_mode_deny: 5,
    rate_limited_as_resource_exhausted: 6,
    rate_limit_service: 7,
  },
  'envoy.extensions.filters.http.ratelimit.v3.RateLimitPerRoute': { rate_limits: 3 },
  'envoy.config.ratelimit.v3.RateLimitServiceConfig': { grpc_service: 2, transport_api_version: 4 },
  'envoy.config.core.v3.GrpcService.EnvoyGrpc': { cluster_name: 1, authority: 2 },
  'google.rpc.Status': { code: 1, message: 2, details: 3 },
  'envoy.config.core.v3.Node': { id: 1, cluster: 2, metadata: 3, locality: 4, client_features: 10 },
  'envoy.config.core.v3.ConfigSource': { ads: 3, initial_fetch_timeout: 4, self: 5, resource_api_version: 6 },
  'envoy.config.core.v3.TransportSocket': { name: 1, typed_config: 3 },
  'envoy.config.listener.v3.Listener': {
    name: 1,
    address: 2,
    filter_chains: 3,
    listener_filters: 9,
    listener_filters_timeout: 15,
    traffic_direction: 16,
    continue_on_listener_filters_timeout: 17,
    api_listener: 19,
    default_filter_chain: 25,
    bind_to_port: 26,
  },
  'envoy.config.listener.v3.FilterChain': { filter_chain_match: 1, filters: 3, transport_socket: 6, name: 7 },
  'envoy.config.listener.v3.FilterChainMatch': { transport_protocol: 9, application_protocols: 10, server_names: 11 },
  'envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager': {
    stat_prefix: 2,
    rds: 3,
    route_config: 4,
    http_filters: 5,
    http2_protocol_options: 9,
    forward_client_cert_details: 16,
    upgrade_configs: 23,
    stream_idle_timeout: 24,
    normalize_path: 30,
    merge_slashes: 33,
    common_http_protocol_options: 35,
    path_with_escaped_slashes_action: 45,
  },
  'envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy': {
    stat_prefix: 1,
    cluster: 2,
    max_connect_attempts: 7,
    idle_timeout: 8,
    weighted_clusters: 10,
  },
  'envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy.WeightedCluster.ClusterWeight': { name: 1, weight: 2 },
  'envoy.config.core.v3.Http2ProtocolOptions': {
    max_concurrent_streams: 2,
    initial_stream_window_size: 3,
    initial_connection_window_size: 4,
    allow_connect: 5,
  },
  'envoy.extensions.upstreams.http.v3.HttpProtocolOptions': {
    common_http_protocol_options: 1,
    explicit_http_config: 3,
    use_downstream_protocol_config: 4,
  },
  'envoy.config.route.v3.Route': { match: 1, route: 2, redirect: 3, metadata: 4, direct_response: 7, name: 14 },
  'envoy.config.route.v3.RouteMatch': {
    prefix: 1,
    path: 2,
    headers: 6,
    grpc: 8,
    safe_regex: 10,
    path_separated_prefix: 14,
  },
  'envoy.config.route.v3.RouteAction': {
    cluster: 1,
    weighted_clusters: 3,
    prefix_rewrite: 5,
    timeout: 8,
    retry_policy: 9,
    idle_timeout: 24,
    host_rewrite_literal: 6,
    host_rewrite_header: 29,
    request_mirror_policies: 30,
    regex_rewrite: 32,
    path_rewrite: 45,
  },
  'envoy.type.matcher.v3.RegexMatcher': { regex: 2 },
  'envoy.type.matcher.v3.RegexMatchAndSubstitute': { pattern: 1, substitution: 2 },
  'envoy.config.route.v3.RouteAction.RequestMirrorPolicy': {
    cluster: 1,
    runtime_fraction: 3,
    disable_shadow_host_suffix_append: 6,
  },
  'envoy.extensions.filters.http.cors.v3.CorsPolicy': {
    allow_origin_string_match: 1,
    allow_methods: 2,
    allow_headers: 3,
    expose_headers: 4,
    max_age: 5,
    allow_credentials: 6,
    forward_not_matching_preflights: 10,
  },
  'envoy.config.cluster.v3.Cluster': {
    name: 1,
    type: 2,
    eds_cluster_config: 3,
    connect_timeout: 4,
    circuit_breakers: 10,
    outlier_detection: 19,
    load_assignment: 33,
    typed_extension_protocol_options: 36,
    load_balancing_policy: 41,
    transport_socket_matches: 43,
  },
  'envoy.config.cluster.v3.Cluster.TransportSocketMatch': { name: 1, match: 2, transport_socket: 3 },
  'envoy.config.cluster.v3.OutlierDetection': {
    consecutive_5xx: 1,
    enforcing_success_rate: 6,
    consecutive_gateway_failure: 10,
    split_external_local_origin_errors: 12,
    failure_percentage_threshold: 16,
    max_ejection_time: 21,
    successful_active_health_check_uneject_host: 23,
    always_eject_one_host: 25,
  },
  'envoy.config.endpoint.v3.LbEndpoint': { endpoint: 1, health_status: 2, metadata: 3, load_balancing_weight: 4 },
  'envoy.extensions.transport_sockets.tls.v3.Secret': { name: 1, tls_certificate: 2, validation_context: 4 },
  'envoy.extensions.transport_sockets.tls.v3.CommonTlsContext': {
    tls_params: 1,
    alpn_protocols: 4,
    tls_certificate_sds_secret_configs: 6,
    combined_validation_context: 8,
  },
  'envoy.extensions.transport_sockets.tls.v3.CertificateValidationContext': {
    trusted_ca: 1,
    match_typed_subject_alt_names: 15,
  },
};

function sample(field: FieldSchema, depth: number): unknown {
  if (field.message !== null) {
    return sampleMessage(field.message(), depth + 1);
  }
  if (field.enumValues !== null) {
    return [...field.enumValues].at(-1);
  }
  switch (field.wireType) {
    case 'bytes':
      return field.isText ? 'text' : Buffer.from('bytes');
    case 'varint':
      return 1;
    case 'fixed32':
    case 'fixed64':
      return 1.5;
  }
}

/** Every field set, of each oneof the first member; recursive messages end after some levels. */
function sampleMessage(schema: MessageSchema, depth: number): Record<string, unknown> {
  const message: Record<string, unknown> = {};
  const oneofs = new Set<string>();
  for (const field of depth > 12 ? [] : schema.fields.values()) {
    if (field.oneof !== null && oneofs.has(field.oneof)) {
      continue;
    }
    oneofs.add(field.oneof ?? '');
    const value = sample(field, depth);
    if (!field.isRepeated) {
      message[field.name] = value;
    } else if (field.message?.().isMapEntry) {
      const entry = value as { key?: unknown; value?: unknown };
      message[field.name] = entry.key === undefined ? {} : { key: entry.value };
    } else {
      message[field.name] = [value, value];
    }
  }
  return message;
}

describe('contract', () => {
  it('has the public field numbers', () => {
    for (const [name, numbers] of Object.entries(PUBLIC_NUMBERS)) {
      const fields = [...messageSchema(name).fields].map(([number, field]) => [field.name, number]);
      expect({ name, ...Object.fromEntries(fields) }).toMatchObject({ name, ...numbers });
    }
  });

  it.each(MESSAGES)('%s arrives as it was sent, with every field set', (name) => {
    const type = messageType(name);
    const message = sampleMessage(messageSchema(name), 1) as never;
    const bytes = type.encode(message);
    const received = type.decode(bytes) as Record<string, unknown>;
    for (const field of Object.keys(message)) {
      expect(received[field], field).not.toBeNull();
      expect(received, field).toHaveProperty([field]);
    }
    expect(type.encode(received as never)).toEqual(bytes);
    const violations = new Violations();
    checkWire(bytes, name, root, violations);
    expect(violations.list()).toEqual([]);
  });

  it('keeps the greatest and the smallest 64-bit integers', () => {
    const range = messageType('envoy.type.v3.Int64Range');
    fc.assert(
      fc.property(fc.bigInt(-(2n ** 63n), 2n ** 63n - 1n), (value) => {
        expect(range.decode(range.encode({ start: String(value) })).start).toBe(String(value));
      }),
    );
  });
});

/** One good resource of each type, in the shape that the control plane makes them, for tests to send and to spoil. */
import { pack } from '../any.ts';
import {
  HTTP_CONNECTION_MANAGER_FILTER,
  HTTP_INSPECTOR_FILTER,
  HTTP_PROTOCOL_OPTIONS,
  LEAST_REQUEST_POLICY,
  RAW_BUFFER_TRANSPORT_SOCKET,
  ROUTER_FILTER,
  TCP_PROXY_FILTER,
  TLS_INSPECTOR_FILTER,
  TLS_TRANSPORT_SOCKET,
} from '../extension-names.ts';
import type { Input } from '../load.ts';
import { formatEndpointMetadata, formatRouteMetadata } from '../metadata.ts';
import { ALPN_HTTP1, DETECTED_HTTP, LEAF_SECRET, outboundListenerName, ROOT_SECRET } from '../names.ts';
import { toStruct } from '../struct.ts';

/** A root that signs nothing. */
export const ROOT_PEM = `-----BEGIN CERTIFICATE-----
MIIBhjCCASugAwIBAgIUICBqSs39cUUa+1456DB/U0wli2owCgYIKoZIzj0EAwIw
FzEVMBMGA1UEAwwMZXhhbXBsZSByb290MCAXDTI2MTEyMDIyMDYyN1oYDzIxMjYx
MDI3MjIwNjI3WjAXMRUwEwYDVQQDDAxleGFtcGxlIHJvb3QwWTATBgcqhkjOPQIB
BggqhkjOPQMBBwNCAASlURatNehA2RRKQ/nnXFeWKH1nwRVlRjUFUY47/TcJH5Sv
zVS1rHIcp7b6W/eU3LKOsPf1BHnoHsqEDCMcC1Qko1MwUTAdBgNVHQ4EFgQUJh6Z
VbjQukr827IHyPDbatDBPeUwHwYDVR0jBBgwFoAUJh6ZVbjQukr827IHyPDbatDB
PeUwDwYDVR0TAQH/BAUwAwEB/zAKBggqhkjOPQQDAgNJADBGAiEA4Z9bdv1nL6IR
Ng1Mb5g49iqalcxmMcABza68mPdljUICIQDfy7AS9ljT5teSfbDnkfBovCocMkU0
bcRKu0ttub2/Qw==
-----END CERTIFICATE-----
`;

const host = 'cart.default.svc.cluster.local';
const ads = { ads: {}, resource_api_version: 'V3' } as const;
type SanMatcher = Input<'envoy.extensions.transport_sockets.tls.v3.SubjectAltNameMatcher'>;

function commonTlsContext(peer: SanMatcher): Input<'envoy.extensions.transport_sockets.tls.v3.CommonTlsContext'> {
  return {
    tls_params: { tls_minimum_protocol_version: 'TLSv1_3', tls_maximum_protocol_version: 'TLSv1_3' },
    alpn_protocols: [ALPN_HTTP1],
    tls_certificate_sds_secret_configs: [{ name: LEAF_SECRET }],
    combined_validation_context: {
      default_validation_context: { match_typed_subject_alt_names: [peer] },
      validation_context_sds_secret_config: { name: ROOT_SECRET, sds_config: ads },
    },
  };
}

export function goodUpstreamTls(): Input<'envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext'> {
  return {
    sni: `outbound_.80_._.${host}`,
    common_tls_context: commonTlsContext({
      san_type: 'URI',
      matcher: { exact: 'spiffe://cluster.local/ns/default/sa/cart' },
    }),
  };
}

export function goodDownstreamTls(): Input<'envoy.extensions.transport_sockets.tls.v3.DownstreamTlsContext'> {
  return {
    require_client_certificate: { value: true },
    common_tls_context: commonTlsContext({ san_type: 'URI', matcher: { prefix: 'spiffe://cluster.local/' } }),
  };
}

export function goodConnectionManager(): Input<'envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager'> {
  return {
    stat_prefix: 'inbound_8080',
    route_config: {
      virtual_hosts: [
        {
          name: 'inbound|http|8080',
          domains: ['*'],
          routes: [{ name: 'default', match: { prefix: '/' }, route: { cluster: 'inbound|8080||', timeout: {} } }],
        },
      ],
    },
    http_filters: [{ name: ROUTER_FILTER, typed_config: pack('envoy.extensions.filters.http.router.v3.Router', {}) }],
    forward_client_cert_details: 'SANITIZE_SET',
  };
}

export function goodListener(): Input<'envoy.config.listener.v3.Listener'> {
  return {
    name: 'inbound|8080||',
    address: { socket_address: { address: '10.0.0.7', port_value: 15006 } },
    traffic_direction: 'INBOUND',
    filter_chains: [
      {
        name: 'mesh',
        filter_chain_match: { transport_protocol: 'tls', application_protocols: [ALPN_HTTP1] },
        transport_socket: {
          name: TLS_TRANSPORT_SOCKET,
          typed_config: pack('envoy.extensions.transport_sockets.tls.v3.DownstreamTlsContext', goodDownstreamTls()),
        },
        filters: [
          {
            name: HTTP_CONNECTION_MANAGER_FILTER,
            typed_config: pack(
              'envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager',
              goodConnectionManager(),
            ),
          },
        ],
      },
    ],
  };
}

/** What a sidecar is told of a service port that nobody declared a protocol of. */
export function goodDetectingListener(): Input<'envoy.config.listener.v3.Listener'> {
  const { route_config: _, ...manager } = goodConnectionManager();
  return {
    name: outboundListenerName(host, 80),
    address: { socket_address: { address: '0.0.0.0', port_value: 80 } },
    traffic_direction: 'OUTBOUND',
    bind_to_port: { value: false },
    listener_filters: [
      {
        name: TLS_INSPECTOR_FILTER,
        typed_config: pack('envoy.extensions.filters.listener.tls_inspector.v3.TlsInspector', {}),
      },
      {
        name: HTTP_INSPECTOR_FILTER,
        typed_config: pack('envoy.extensions.filters.listener.http_inspector.v3.HttpInspector', {}),
      },
    ],
    listener_filters_timeout: { seconds: '10' },
    continue_on_listener_filters_timeout: true,
    filter_chains: [
      {
        name: 'http',
        filter_chain_match: { transport_protocol: 'raw_buffer', application_protocols: [...DETECTED_HTTP] },
        filters: [
          {
            name: HTTP_CONNECTION_MANAGER_FILTER,
            typed_config: pack('envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager', {
              ...manager,
              rds: { config_source: ads, route_config_name: `${host}:80` },
            }),
          },
        ],
      },
    ],
    default_filter_chain: {
      name: 'tcp',
      filters: [
        {
          name: TCP_PROXY_FILTER,
          typed_config: pack('envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy', {
            stat_prefix: outboundListenerName(host, 80),
            cluster: `outbound|80||${host}`,
          }),
        },
      ],
    },
  };
}

export function goodRouteConfiguration(): Input<'envoy.config.route.v3.RouteConfiguration'> {
  return {
    name: `${host}:80`,
    virtual_hosts: [
      {
        name: `${host}:80`,
        domains: ['*'],
        routes: [
          {
            name: 'canary',
            match: {
              path_separated_prefix: '/cart',
              headers: [{ name: ':method', string_match: { exact: 'GET' } }],
              query_parameters: [{ name: 'beta', string_match: { exact: '1' } }],
            },
            route: {
              weighted_clusters: {
                clusters: [
                  { name: `outbound|80|v1|${host}`, weight: { value: 90 } },
                  { name: `outbound|80|v2|${host}`, weight: { value: 10 } },
                ],
              },
              timeout: { seconds: '10' },
              prefix_rewrite: '/basket',
              host_rewrite_literal: 'basket.example:8080',
              retry_policy: {
                retry_on: 'connect-failure,refused-stream,reset,reset-before-request,gateway-error',
                num_retries: { value: 2 },
                retry_back_off: { base_interval: { nanos: 25_000_000 }, max_interval: { nanos: 250_000_000 } },
              },
            },
            request_headers_to_add: [
              { header: { key: 'x-canary', value: 'yes' }, append_action: 'OVERWRITE_IF_EXISTS_OR_ADD' },
            ],
            response_headers_to_remove: ['server'],
            metadata: formatRouteMetadata({
              origin: { document: 'HTTPRoute/default/cart', rule: 0, match: 0, file: 'cart.yaml', line: 7 },
              retryNonIdempotent: true,
              isRefusal: false,
            }),
          },
          {
            match: { safe_regex: { regex: '/v[0-9]+/.*' } },
            route: {
              cluster: `outbound|80|v1|${host}`,
              regex_rewrite: { pattern: { regex: '^/v([0-9]+)/' }, substitution: '/api-\\1/' },
              host_rewrite_header: 'x-forwarded-host',
            },
          },
          { match: { path: '/old' }, redirect: { path_redirect: '/new', response_code: 'FOUND' } },
          { match: { prefix: '/' }, direct_response: { status: 404, body: { inline_string: 'no such page' } } },
        ],
      },
    ],
  };
}

export function goodCluster(): Input<'envoy.config.cluster.v3.Cluster'> {
  const name = `outbound|80||${host}`;
  return {
    name,
    type: 'EDS',
    eds_cluster_config: { eds_config: ads, service_name: name },
    connect_timeout: { seconds: '5' },
    load_balancing_policy: {
      policies: [
        {
          typed_extension_config: {
            name: LEAST_REQUEST_POLICY,
            typed_config: pack('envoy.extensions.load_balancing_policies.least_request.v3.LeastRequest', {
              choice_count: { value: 2 },
            }),
          },
        },
      ],
    },
    circuit_breakers: {
      thresholds: [
        {
          max_connections: { value: 1024 },
          retry_budget: { budget_percent: { value: 20 }, min_retry_concurrency: { value: 3 } },
        },
      ],
    },
    outlier_detection: {
      consecutive_5xx: { value: 5 },
      interval: { seconds: '10' },
      base_ejection_time: { seconds: '30' },
      max_ejection_time: { seconds: '300' },
      max_ejection_percent: { value: 10 },
      enforcing_success_rate: { value: 0 },
      always_eject_one_host: { value: true },
    },
    transport_socket_matches: [
      {
        name: 'heddle-mtls',
        match: toStruct({ tlsMode: 'heddle' }),
        transport_socket: {
          name: TLS_TRANSPORT_SOCKET,
          typed_config: pack('envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext', goodUpstreamTls()),
        },
      },
      { name: 'plaintext', match: {}, transport_socket: { name: RAW_BUFFER_TRANSPORT_SOCKET } },
    ],
    typed_extension_protocol_options: {
      [HTTP_PROTOCOL_OPTIONS]: pack(HTTP_PROTOCOL_OPTIONS, {
        explicit_http_config: { http_protocol_options: {} },
        common_http_protocol_options: { idle_timeout: { seconds: '3' } },
      }),
    },
    metadata: {
      filter_metadata: { istio: toStruct({ services: [{ host, name: 'cart', namespace: 'default' }], subset: '' }) },
    },
  };
}

export function goodClusterLoadAssignment(): Input<'envoy.config.endpoint.v3.ClusterLoadAssignment'> {
  return {
    cluster_name: `outbound|80||${host}`,
    endpoints: [
      {
        locality: { region: 'local', zone: 'a' },
        lb_endpoints: [
          {
            endpoint: {
              address: { socket_address: { address: '10.0.0.7', port_value: 15006 } },
              hostname: 'cart-v1-1',
            },
            health_status: 'HEALTHY',
            load_balancing_weight: { value: 1 },
            metadata: formatEndpointMetadata({
              isMeshed: true,
              workload: { name: 'cart-v1-1', namespace: 'default', service: 'cart', version: 'v1', cluster: 'heddle' },
            }),
          },
        ],
      },
    ],
  };
}

export function goodSecret(): Input<'envoy.extensions.transport_sockets.tls.v3.Secret'> {
  return { name: ROOT_SECRET, validation_context: { trusted_ca: { inline_string: ROOT_PEM } } };
}

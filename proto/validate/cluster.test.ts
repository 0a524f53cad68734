import { describe, expect, it } from 'vitest';
import type { PackableName } from '../any.ts';
import { pack } from '../any.ts';
import { HTTP_PROTOCOL_OPTIONS } from '../extension-names.ts';
import type { Input } from '../load.ts';
import { messageType } from '../load.ts';
import { LOAD_BALANCING_POLICIES } from '../load-balancing-policies.ts';
import { goodCluster, goodUpstreamTls } from '../testing/resources.ts';
import { validateCluster } from './cluster.ts';

type Cluster = Input<'envoy.config.cluster.v3.Cluster'>;
type UpstreamTls = Input<'envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext'>;
type CommonTls = Input<'envoy.extensions.transport_sockets.tls.v3.CommonTlsContext'>;

function validate(cluster: Cluster): string[] {
  const type = messageType('envoy.config.cluster.v3.Cluster');
  return validateCluster(type.decode(type.encode(cluster))).map(({ path, message }) => `${path}: ${message}`);
}

const UPSTREAM_TLS = 'envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext';
const NO = 'is not supported by the sidecar';
const probes = { keepalive_probes: { value: 10 }, keepalive_interval: { value: 1 } };

const fixed: Cluster = { name: 'a', type: 'STATIC' };
const address = { socket_address: { address: '127.0.0.1', port_value: 8080 } };
const assignment = { cluster_name: 'a', endpoints: [{ lb_endpoints: [{ endpoint: { address } }] }] };

function policies(...names: string[]): Cluster {
  const toPolicy = (name: string) => ({
    typed_extension_config: { name, typed_config: { type_url: `type.googleapis.com/${name}`, value: Buffer.alloc(0) } },
  });
  return { ...fixed, load_balancing_policy: { policies: names.map(toPolicy) } };
}

const CONFIG = 'load_balancing_policy.policies[0].typed_extension_config.typed_config';

function balancer<Name extends PackableName>(name: Name, message: Input<Name>): Cluster {
  const typed_extension_config = { name, typed_config: pack(name, message) };
  return { ...fixed, load_balancing_policy: { policies: [{ typed_extension_config }] } };
}

function http(options: Input<typeof HTTP_PROTOCOL_OPTIONS>): Cluster {
  return {
    ...fixed,
    typed_extension_protocol_options: { [HTTP_PROTOCOL_OPTIONS]: pack(HTTP_PROTOCOL_OPTIONS, options) },
  };
}

const keepAlive = (interval: number, timeout?: number) => ({
  interval: { seconds: `${interval}` },
  ...(timeout === undefined ? {} : { timeout: { seconds: `${timeout}` } }),
});

describe('validateCluster', () => {
  it.each<[string, Cluster]>([
    ['what the control plane makes', goodCluster()],
    ['a STATIC cluster without endpoints', fixed],
    ['a STATIC cluster with one', { ...fixed, load_assignment: assignment }],
    ['the type that is not said, which is STATIC', { name: 'a' }],
    ['HTTP/2', http({ explicit_http_config: { http2_protocol_options: { allow_connect: true } } })],
    [
      'signs of life',
      http({ explicit_http_config: { http2_protocol_options: { connection_keepalive: keepAlive(30, 5) } } }),
    ],
    [
      'what the client speaks',
      http({ use_downstream_protocol_config: { http_protocol_options: {}, http2_protocol_options: {} } }),
    ],
    ['an ORIGINAL_DST cluster', { name: 'a', type: 'ORIGINAL_DST', lb_policy: 'CLUSTER_PROVIDED' }],
    [
      'a policy that it does not know before one that it does',
      policies('x.PeakEwma', 'envoy.extensions.load_balancing_policies.random.v3.Random'),
    ],
    [
      'no circuit breakers to speak of',
      {
        ...fixed,
        circuit_breakers: {
          thresholds: [{ priority: 'HIGH' }, { max_requests: { value: 2 ** 32 - 1 } }],
          per_host_thresholds: [{ max_connections: { value: 1 } }],
        },
      },
    ],
  ])('accepts %s', (_what, cluster) => {
    expect(validate(cluster)).toEqual([]);
  });

  it.each<[string, Cluster, string]>([
    ['no name', {}, 'name: is required'],
    ['a control character in the name', { name: 'a\nb' }, 'name: holds a control character'],
    ['a very long name', { name: 'x'.repeat(1025) }, 'name: is longer than 1024 characters'],
    [
      'DNS',
      { name: 'a', type: 'LOGICAL_DNS' },
      'type: must be STATIC or STRICT_DNS or EDS or ORIGINAL_DST, and is LOGICAL_DNS',
    ],
    ['EDS without a source', { name: 'a', type: 'EDS' }, 'eds_cluster_config.eds_config: is required'],
    [
      'EDS from nowhere',
      { name: 'a', type: 'EDS', eds_cluster_config: { eds_config: { resource_api_version: 'V3' } } },
      'eds_cluster_config.eds_config: must be ads or self',
    ],
    [
      'the API of yesterday',
      { name: 'a', type: 'EDS', eds_cluster_config: { eds_config: { ads: {}, resource_api_version: 'V2' } } },
      'eds_cluster_config.eds_config.resource_api_version: must be V3 or AUTO, and is V2',
    ],
    [
      'an EDS source where there is no EDS',
      { ...fixed, eds_cluster_config: { eds_config: { ads: {} } } },
      'eds_cluster_config: has no meaning for the type STATIC',
    ],
    [
      'endpoints in an ORIGINAL_DST cluster',
      { name: 'a', type: 'ORIGINAL_DST', load_assignment: assignment },
      'load_assignment: has no meaning for the type ORIGINAL_DST',
    ],
    [
      'an endpoint without an IP address',
      {
        ...fixed,
        load_assignment: {
          cluster_name: 'a',
          endpoints: [
            { lb_endpoints: [{ endpoint: { address: { socket_address: { address: 'cart', port_value: 1 } } } }] },
          ],
        },
      },
      'load_assignment.endpoints[0].lb_endpoints[0].endpoint.address.socket_address.address: is not an IP address: "cart"',
    ],
    ['no time to connect', { ...fixed, connect_timeout: {} }, 'connect_timeout: must be at least 1 ms, and is 0 ms'],
    [
      'a balancer that there is not',
      { ...fixed, lb_policy: 'CLUSTER_PROVIDED' },
      'lb_policy: must be ROUND_ROBIN or LEAST_REQUEST or RANDOM or RING_HASH or MAGLEV, and is CLUSTER_PROVIDED',
    ],
    [
      'a policy elsewhere that is nowhere',
      { ...fixed, lb_policy: 'LOAD_BALANCING_POLICY_CONFIG' },
      'lb_policy: must be ROUND_ROBIN or LEAST_REQUEST or RANDOM or RING_HASH or MAGLEV, and is LOAD_BALANCING_POLICY_CONFIG',
    ],
    [
      'no policy that it knows',
      policies('x.PeakEwma'),
      `load_balancing_policy.policies: needs one of ${LOAD_BALANCING_POLICIES.join(', ')}`,
    ],
    [
      'a known type that is no policy',
      policies(HTTP_PROTOCOL_OPTIONS),
      `load_balancing_policy.policies: needs one of ${LOAD_BALANCING_POLICIES.join(', ')}`,
    ],
    [
      'a hash that is not XXH64',
      balancer('envoy.extensions.load_balancing_policies.ring_hash.v3.RingHash', { hash_function: 'MURMUR_HASH_2' }),
      `${CONFIG}.hash_function: must be DEFAULT_HASH or XX_HASH, and is MURMUR_HASH_2`,
    ],
    [
      'a ring of no size',
      balancer('envoy.extensions.load_balancing_policies.ring_hash.v3.RingHash', { maximum_ring_size: { value: '9' } }),
      `${CONFIG}.minimum_ring_size: is 1024, more than maximum_ring_size (9)`,
    ],
    [
      'a table whose size has divisors',
      balancer('envoy.extensions.load_balancing_policies.maglev.v3.Maglev', { table_size: { value: '65536' } }),
      `${CONFIG}.table_size: must be a prime number, and is 65536`,
    ],
    [
      'a slow start that never ends',
      balancer('envoy.extensions.load_balancing_policies.round_robin.v3.RoundRobin', {
        slow_start_config: { slow_start_window: { seconds: '9' }, aggression: { default_value: 0 } },
      }),
      `${CONFIG}.slow_start_config.aggression.default_value: must be above 0, and is 0`,
    ],
    [
      'more requests in their zone than there are',
      balancer('envoy.extensions.load_balancing_policies.random.v3.Random', {
        locality_lb_config: { zone_aware_lb_config: { routing_enabled: { value: 101 } } },
      }),
      `${CONFIG}.locality_lb_config.zone_aware_lb_config.routing_enabled: must be between 0 and 100, and is 101`,
    ],
    [
      'one choice',
      {
        ...fixed,
        load_balancing_policy: {
          policies: [
            {
              typed_extension_config: {
                name: 'a',
                typed_config: pack('envoy.extensions.load_balancing_policies.least_request.v3.LeastRequest', {
                  choice_count: { value: 1 },
                }),
              },
            },
          ],
        },
      },
      'load_balancing_policy.policies[0].typed_extension_config.typed_config.choice_count: must be 2, and is 1',
    ],
    [
      'two thresholds of one priority',
      { ...fixed, circuit_breakers: { thresholds: [{}, { priority: 'HIGH' }, {}] } },
      'circuit_breakers.thresholds[2].priority: is DEFAULT a second time',
    ],
    [
      'two thresholds of each endpoint',
      { ...fixed, circuit_breakers: { per_host_thresholds: [{}, {}] } },
      'circuit_breakers.per_host_thresholds: must be one, and is 2',
    ],
    [
      'a limit of each endpoint other than connections',
      { ...fixed, circuit_breakers: { per_host_thresholds: [{ max_requests: { value: 1 } }] } },
      'circuit_breakers.per_host_thresholds[0].max_requests: is not supported by the sidecar',
    ],
    [
      'a budget above 100 %',
      { ...fixed, circuit_breakers: { thresholds: [{ retry_budget: { budget_percent: { value: 101 } } }] } },
      'circuit_breakers.thresholds[0].retry_budget.budget_percent: must be between 0 and 100, and is 101',
    ],
    [
      'a budget that is no number',
      { ...fixed, circuit_breakers: { thresholds: [{ retry_budget: { budget_percent: { value: Number.NaN } } }] } },
      'circuit_breakers.thresholds[0].retry_budget.budget_percent: must be between 0 and 100, and is NaN',
    ],
    [
      'ejection after no failure',
      { ...fixed, outlier_detection: { consecutive_5xx: { value: 0 } } },
      'outlier_detection.consecutive_5xx: must be between 1 and 4294967295, and is 0',
    ],
    [
      'ejection without end',
      { ...fixed, outlier_detection: { max_ejection_percent: { value: 101 } } },
      'outlier_detection.max_ejection_percent: must be between 0 and 100, and is 101',
    ],
    [
      'a sweep without pause',
      { ...fixed, outlier_detection: { interval: {} } },
      'outlier_detection.interval: must be at least 1 ms, and is 0 ms',
    ],
    [
      'ejection by success rate',
      { ...fixed, outlier_detection: { enforcing_success_rate: { value: 101 } } },
      'outlier_detection.enforcing_success_rate: must be between 0 and 100, and is 101',
    ],
    [
      'ejection of some that are due',
      { ...fixed, outlier_detection: { consecutive_gateway_failure: { value: 0 } } },
      'outlier_detection.consecutive_gateway_failure: must be between 1 and 4294967295, and is 0',
    ],
    [
      'a bound of load below the mean',
      {
        ...fixed,
        load_balancing_policy: {
          policies: [
            {
              typed_extension_config: {
                name: 'envoy.load_balancing_policies.maglev',
                typed_config: pack('envoy.extensions.load_balancing_policies.maglev.v3.Maglev', {
                  consistent_hashing_lb_config: { hash_balance_factor: { value: 99 } },
                }),
              },
            },
          ],
        },
      },
      'load_balancing_policy.policies[0].typed_extension_config.typed_config.consistent_hashing_lb_config.hash_balance_factor: must be between 100 and 4294967295, and is 99',
    ],
    [
      'signs of life without a time',
      { ...fixed, upstream_connection_options: { tcp_keepalive: { ...probes, keepalive_time: { value: 0 } } } },
      'upstream_connection_options.tcp_keepalive.keepalive_time: must be between 1 and 32767',
    ],
    [
      'as few probes as Node does not send',
      {
        ...fixed,
        upstream_connection_options: {
          tcp_keepalive: { ...probes, keepalive_time: { value: 60 }, keepalive_probes: { value: 3 } },
        },
      },
      'upstream_connection_options.tcp_keepalive.keepalive_probes: must be 10, which the sidecar sets',
    ],
    [
      'an interval of probes that the operating system would choose',
      {
        ...fixed,
        upstream_connection_options: {
          tcp_keepalive: { keepalive_time: { value: 60 }, keepalive_probes: { value: 10 } },
        },
      },
      'upstream_connection_options.tcp_keepalive.keepalive_interval: must be 1, which the sidecar sets',
    ],
    [
      'a panic threshold above 100 %',
      { ...fixed, common_lb_config: { healthy_panic_threshold: { value: -1 } } },
      'common_lb_config.healthy_panic_threshold: must be between 0 and 100, and is -1',
    ],
    [
      'options of another kind',
      { ...fixed, typed_extension_protocol_options: { other: { type_url: 'x', value: '' } } },
      `typed_extension_protocol_options["other"]: ${NO}`,
    ],
    [
      'a connection without streams',
      http({ explicit_http_config: { http2_protocol_options: { max_concurrent_streams: { value: 0 } } } }),
      `typed_extension_protocol_options["${HTTP_PROTOCOL_OPTIONS}"].explicit_http_config.http2_protocol_options.max_concurrent_streams: must be between 1 and 2147483647, and is 0`,
    ],
    [
      'a window that holds too much',
      http({
        explicit_http_config: { http2_protocol_options: { initial_stream_window_size: { value: 16_777_217 } } },
      }),
      `typed_extension_protocol_options["${HTTP_PROTOCOL_OPTIONS}"].explicit_http_config.http2_protocol_options.initial_stream_window_size: must be between 65535 and 16777216, and is 16777217`,
    ],
    [
      'signs of life without a bound',
      http({ explicit_http_config: { http2_protocol_options: { connection_keepalive: keepAlive(30) } } }),
      `typed_extension_protocol_options["${HTTP_PROTOCOL_OPTIONS}"].explicit_http_config.http2_protocol_options.connection_keepalive.timeout: is required`,
    ],
    [
      'signs of life all the time',
      http({ explicit_http_config: { http2_protocol_options: { connection_keepalive: keepAlive(0, 5) } } }),
      `typed_extension_protocol_options["${HTTP_PROTOCOL_OPTIONS}"].explicit_http_config.http2_protocol_options.connection_keepalive.interval: must be at least 1 ms, and is 0 ms`,
    ],
    [
      'a number of headers in answers',
      http({ use_downstream_protocol_config: {}, common_http_protocol_options: { max_headers_count: { value: 1 } } }),
      `typed_extension_protocol_options["${HTTP_PROTOCOL_OPTIONS}"].common_http_protocol_options.max_headers_count: ${NO}`,
    ],
    [
      'a header table of its own for what the client speaks',
      http({ use_downstream_protocol_config: { http2_protocol_options: { hpack_table_size: { value: 1 } } } }),
      `typed_extension_protocol_options["${HTTP_PROTOCOL_OPTIONS}"].use_downstream_protocol_config.http2_protocol_options.hpack_table_size: ${NO}`,
    ],
    [
      'a rule on underscores in answers',
      http({
        explicit_http_config: { http_protocol_options: {} },
        common_http_protocol_options: { headers_with_underscores_action: 'DROP_HEADER' },
      }),
      `typed_extension_protocol_options["${HTTP_PROTOCOL_OPTIONS}"].common_http_protocol_options.headers_with_underscores_action: must be ALLOW, and is DROP_HEADER`,
    ],
    [
      'no protocol',
      {
        ...fixed,
        typed_extension_protocol_options: {
          [HTTP_PROTOCOL_OPTIONS]: pack(HTTP_PROTOCOL_OPTIONS, { explicit_http_config: {} }),
        },
      },
      `typed_extension_protocol_options["${HTTP_PROTOCOL_OPTIONS}"].explicit_http_config: needs http_protocol_options or http2_protocol_options`,
    ],
    [
      'a match without a socket',
      { ...fixed, transport_socket_matches: [{ name: 'a' }] },
      'transport_socket_matches[0].transport_socket: is required',
    ],
    [
      'two matches of one name',
      {
        ...fixed,
        transport_socket_matches: [
          { name: 'a', transport_socket: { name: 'envoy.transport_sockets.raw_buffer' } },
          { name: 'a', transport_socket: { name: 'envoy.transport_sockets.raw_buffer' } },
        ],
      },
      'transport_socket_matches[1].name: is the same as transport_socket_matches[0].name',
    ],
    [
      'a socket without a type',
      { ...fixed, transport_socket: { name: 'envoy.transport_sockets.tls' } },
      'transport_socket.typed_config: is required',
    ],
  ])('refuses %s', (_what, cluster, violation) => {
    expect(validate(cluster)).toEqual([violation]);
  });
});

describe('TLS towards another sidecar', () => {
  function validateTls(tls: UpstreamTls): string[] {
    const socket = { name: 'envoy.transport_sockets.tls', typed_config: pack(UPSTREAM_TLS, tls) };
    return validate({ ...fixed, transport_socket: socket }).map((violation) =>
      violation.replace('transport_socket.typed_config.', '').replace('common_tls_context', 'common'),
    );
  }

  const good = goodUpstreamTls();
  const common = good.common_tls_context as CommonTls;
  const combined = 'common.combined_validation_context';
  const sds = { name: 'ROOTCA' };

  function withPeer(peer: Input<'envoy.extensions.transport_sockets.tls.v3.SubjectAltNameMatcher'>): UpstreamTls {
    const default_validation_context = { match_typed_subject_alt_names: [peer] };
    const context = { default_validation_context, validation_context_sds_secret_config: sds };
    return { common_tls_context: { combined_validation_context: context } };
  }

  it('accepts what the control plane makes', () => {
    expect(validateTls(good)).toEqual([]);
  });

  const peerAt = `${combined}.default_validation_context.match_typed_subject_alt_names`;
  it.each<[string, UpstreamTls, string]>([
    ['no context', {}, 'common: is required'],
    ['an SNI that is none', { ...good, sni: 'a b' }, 'sni: is not a server name'],
    [
      'TLS 1.2 at most',
      { common_tls_context: { ...common, tls_params: { tls_maximum_protocol_version: 'TLSv1_2' } } },
      'common.tls_params.tls_maximum_protocol_version: must be TLS_AUTO or TLSv1_3, and is TLSv1_2',
    ],
    [
      'TLS 1.0',
      { common_tls_context: { ...common, tls_params: { tls_minimum_protocol_version: 'TLSv1_0' } } },
      'common.tls_params.tls_minimum_protocol_version: must be TLS_AUTO or TLSv1_2 or TLSv1_3, and is TLSv1_0',
    ],
    [
      'an empty ALPN name',
      { common_tls_context: { ...common, alpn_protocols: [''] } },
      'common.alpn_protocols[0]: must have between 1 and 255 bytes',
    ],
    [
      'one ALPN name twice',
      { common_tls_context: { ...common, alpn_protocols: ['a', 'a'] } },
      'common.alpn_protocols[1]: is the same as transport_socket.typed_config.common_tls_context.alpn_protocols[0]',
    ],
    [
      'two certificates',
      { common_tls_context: { ...common, tls_certificate_sds_secret_configs: [sds, sds] } },
      'common.tls_certificate_sds_secret_configs: must be one, and is 2',
    ],
    [
      'nobody to expect',
      { common_tls_context: {} },
      'common: needs combined_validation_context or validation_context, to know whom to expect',
    ],
    [
      'roots and no names',
      { common_tls_context: { validation_context_sds_secret_config: sds } },
      'common: needs combined_validation_context or validation_context, to know whom to expect',
    ],
    [
      'no names',
      { common_tls_context: { combined_validation_context: { validation_context_sds_secret_config: sds } } },
      `${peerAt}: is required`,
    ],
    [
      'no roots',
      {
        common_tls_context: {
          combined_validation_context: {
            default_validation_context: {
              match_typed_subject_alt_names: [{ san_type: 'URI', matcher: { exact: 'spiffe://a/b' } }],
            },
          },
        },
      },
      `${combined}.validation_context_sds_secret_config: is required`,
    ],
    [
      'a DNS name',
      withPeer({ san_type: 'DNS', matcher: { exact: 'spiffe://a/b' } }),
      `${peerAt}[0].san_type: must be URI, and is DNS`,
    ],
    [
      'no SPIFFE id',
      withPeer({ san_type: 'URI', matcher: { exact: 'https://a/b' } }),
      `${peerAt}[0].matcher.exact: is not a SPIFFE id: "https://a/b"`,
    ],
    [
      'a whole trust domain',
      withPeer({ san_type: 'URI', matcher: { prefix: 'spiffe://a/' } }),
      `${peerAt}[0].matcher: must be exact`,
    ],
    [
      'names that differ by case',
      withPeer({ san_type: 'URI', matcher: { exact: 'spiffe://a/b', ignore_case: true } }),
      `${peerAt}[0].matcher.ignore_case: must be false: SPIFFE ids differ by case`,
    ],
  ])('refuses %s', (_what, tls, violation) => {
    expect(validateTls(tls)).toEqual([violation]);
  });
});

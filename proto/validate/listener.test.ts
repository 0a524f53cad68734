import { describe, expect, it } from 'vitest';
import { pack } from '../any.ts';
import type { Input } from '../load.ts';
import { messageType } from '../load.ts';
import { goodConnectionManager, goodDetectingListener, goodDownstreamTls, goodListener } from '../testing/resources.ts';
import { validateListener } from './listener.ts';

type Listener = Input<'envoy.config.listener.v3.Listener'>;
type FilterChain = Input<'envoy.config.listener.v3.FilterChain'>;
type Manager = Input<'envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager'>;

const MANAGER = 'envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager';
const ROUTER = 'envoy.extensions.filters.http.router.v3.Router';
const DOWNSTREAM_TLS = 'envoy.extensions.transport_sockets.tls.v3.DownstreamTlsContext';
const TCP_PROXY = 'envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy';
const UPSTREAM_TLS = 'envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext';
const NO = 'is not supported by the sidecar';

function validate(listener: Listener): string[] {
  const type = messageType('envoy.config.listener.v3.Listener');
  return validateListener(type.decode(type.encode(listener))).map(({ path, message }) => `${path}: ${message}`);
}

function validateManager(changes: Partial<Manager>): string[] {
  const typed_config = pack(MANAGER, { ...goodConnectionManager(), ...changes });
  return validate({ ...plain, filter_chains: [{ filters: [{ name: 'http', typed_config }] }] }).map((violation) =>
    violation.replace(/filter_chains\[0\]\.filters\[0\]\.typed_config\.?/, ''),
  );
}

function validateTcpProxy(proxy: Input<typeof TCP_PROXY>): string[] {
  const filters = [{ name: 'tcp', typed_config: pack(TCP_PROXY, proxy) }];
  return validate({ ...plain, filter_chains: [{ filters }] }).map((violation) =>
    violation.replace(/filter_chains\[0\]\.filters\[0\]\.typed_config\.?/, ''),
  );
}

const address = { socket_address: { address: '127.0.0.1', port_value: 15001 } };
const chain: FilterChain = { filters: [{ name: 'http', typed_config: pack(MANAGER, goodConnectionManager()) }] };
const plain: Listener = { name: 'virtualOutbound', address, filter_chains: [chain] };
const router = { name: 'router', typed_config: pack(ROUTER, {}) };

function socket(tls: Input<typeof DOWNSTREAM_TLS>): FilterChain {
  return { ...chain, transport_socket: { name: 'tls', typed_config: pack(DOWNSTREAM_TLS, tls) } };
}

describe('validateListener', () => {
  it.each<[string, Listener]>([
    ['what the control plane makes', goodListener()],
    ['plaintext', plain],
    ['any free port', { ...plain, address: { socket_address: { address: '127.0.0.1', port_value: 0 } } }],
    ['a default chain alone', { ...plain, filter_chains: [], default_filter_chain: chain }],
    ['what the control plane makes for a port that nobody declared', goodDetectingListener()],
    ['no socket of its own', { ...plain, bind_to_port: { value: false } }],
    ['a wait for bytes without end', { ...plain, listener_filters_timeout: { seconds: '0' } }],
  ])('accepts %s', (_what, listener) => {
    expect(validate(listener)).toEqual([]);
  });

  const tlsAt = 'filter_chains[0].transport_socket.typed_config';
  it.each<[string, Listener, string]>([
    ['no name', { ...plain, name: '' }, 'name: is required'],
    ['no address', { ...plain, address: null }, 'address.socket_address: is required'],
    ['no chain', { ...plain, filter_chains: [] }, 'filter_chains: is required'],
    ['no filter', { ...plain, filter_chains: [{}] }, 'filter_chains[0].filters: must be one filter, and is 0'],
    [
      'two filters',
      { ...plain, filter_chains: [{ filters: [...(chain.filters ?? []), ...(chain.filters ?? [])] }] },
      'filter_chains[0].filters: must be one filter, and is 2',
    ],
    [
      'a filter that it does not know',
      {
        ...plain,
        filter_chains: [{ filters: [{ name: 'x', typed_config: { type_url: 'type.googleapis.com/x.Y', value: '' } }] }],
      },
      'filter_chains[0].filters[0].typed_config: the type "type.googleapis.com/x.Y" is outside the subset',
    ],
    [
      'two chains for the same connections',
      {
        ...plain,
        filter_chains: [
          { ...chain, filter_chain_match: { application_protocols: ['a', 'b'] } },
          { ...chain, filter_chain_match: { application_protocols: ['b', 'a'] } },
        ],
      },
      'filter_chains[1].filter_chain_match: is the same as filter_chains[0].filter_chain_match',
    ],
    [
      'two chains of one name',
      {
        ...plain,
        filter_chains: [
          { ...chain, name: 'a' },
          { ...chain, name: 'a', filter_chain_match: { transport_protocol: 'tls' } },
        ],
      },
      'filter_chains[1].name: is the same as filter_chains[0].name',
    ],
    [
      'a chain by port',
      { ...plain, filter_chains: [{ ...chain, filter_chain_match: { destination_port: { value: 80 } } }] },
      `filter_chains[0].filter_chain_match.destination_port: ${NO}`,
    ],
    [
      'a transport that there is not',
      { ...plain, filter_chains: [{ ...chain, filter_chain_match: { transport_protocol: 'quic' } }] },
      'filter_chains[0].filter_chain_match.transport_protocol: must be empty or tls or raw_buffer, and is quic',
    ],
    [
      'a server name that never matches',
      { ...plain, filter_chains: [{ ...chain, filter_chain_match: { server_names: ['Cart.example'] } }] },
      'filter_chains[0].filter_chain_match.server_names[0]: must be a lower-case host or *.suffix, and is "Cart.example"',
    ],
    [
      'a buffer of its own',
      { ...plain, per_connection_buffer_limit_bytes: { value: 4096 } },
      `per_connection_buffer_limit_bytes: ${NO}`,
    ],
    [
      'a time for the handshake',
      { ...plain, filter_chains: [{ ...chain, transport_socket_connect_timeout: { seconds: '1' } }] },
      `filter_chains[0].transport_socket_connect_timeout: ${NO}`,
    ],
    ['a listener for gRPC clients', { ...plain, api_listener: {} }, `api_listener: ${NO}`],
    [
      'a listener filter that it does not know',
      { ...plain, listener_filters: [{ name: 'x', typed_config: router.typed_config }] },
      `listener_filters[0].typed_config: is a ${ROUTER}, and must be envoy.extensions.filters.listener.tls_inspector.v3.TlsInspector or envoy.extensions.filters.listener.http_inspector.v3.HttpInspector`,
    ],
    [
      'TLS without a client certificate',
      { ...plain, filter_chains: [socket({ ...goodDownstreamTls(), require_client_certificate: null })] },
      `${tlsAt}.require_client_certificate: must be true`,
    ],
    [
      'TLS of a client',
      {
        ...plain,
        filter_chains: [{ ...chain, transport_socket: { name: 'tls', typed_config: pack(UPSTREAM_TLS, {}) } }],
      },
      `${tlsAt}: is a ${UPSTREAM_TLS}, and must be ${DOWNSTREAM_TLS} or envoy.extensions.transport_sockets.raw_buffer.v3.RawBuffer`,
    ],
    [
      'a trust domain without its end',
      {
        ...plain,
        filter_chains: [
          socket({
            require_client_certificate: { value: true },
            common_tls_context: {
              combined_validation_context: {
                default_validation_context: {
                  match_typed_subject_alt_names: [{ san_type: 'URI', matcher: { prefix: 'spiffe://cluster.local' } }],
                },
                validation_context_sds_secret_config: { name: 'ROOTCA' },
              },
            },
          }),
        ],
      },
      `${tlsAt}.common_tls_context.combined_validation_context.default_validation_context.match_typed_subject_alt_names[0].matcher.prefix: must be spiffe://, a trust domain and a slash at least`,
    ],
  ])('refuses %s', (_what, listener, violation) => {
    expect(validate(listener)).toEqual([violation]);
  });
});

describe('an HTTP connection manager', () => {
  it('may take its routes from RDS', () => {
    const { route_config: _, ...rest } = goodConnectionManager();
    const manager = { ...rest, rds: { config_source: { ads: {} }, route_config_name: 'cart:80' } };
    const filters = [{ name: 'http', typed_config: pack(MANAGER, manager) }];
    expect(validate({ ...plain, filter_chains: [{ filters }] })).toEqual([]);
  });

  it('may have an optional filter that it leaves out', () => {
    const other = {
      name: 'other',
      is_optional: true,
      typed_config: { type_url: 'type.googleapis.com/x.Y', value: '' },
    };
    expect(validateManager({ http_filters: [other, router] })).toEqual([]);
  });

  it.each<[string, Partial<Manager>]>([
    ['a WebSocket and tunnels', { upgrade_configs: [{ upgrade_type: 'websocket' }, { upgrade_type: 'CONNECT' }] }],
    ['no WebSocket', { upgrade_configs: [{ upgrade_type: 'websocket', enabled: { value: false } }] }],
    [
      'paths that are changed before they match',
      {
        normalize_path: { value: true },
        merge_slashes: true,
        path_with_escaped_slashes_action: 'UNESCAPE_AND_FORWARD',
      },
    ],
    ['a rule on underscores', { common_http_protocol_options: { headers_with_underscores_action: 'REJECT_REQUEST' } }],
    [
      'the bounds of HTTP/2',
      {
        http2_protocol_options: {
          max_concurrent_streams: { value: 1 },
          allow_connect: true,
        },
      },
    ],
  ])('may have %s', (_what, changes) => {
    expect(validateManager(changes)).toEqual([]);
  });

  it.each<[string, Partial<Manager>, string]>([
    ['no prefix for its statistics', { stat_prefix: '' }, 'stat_prefix: is required'],
    ['one version of HTTP alone', { codec_type: 'HTTP2' }, 'codec_type: must be AUTO, and is HTTP2'],
    ['no routes', { route_config: null }, ': needs rds or route_config'],
    [
      'a fault in its routes',
      {
        route_config: {
          virtual_hosts: [{ name: 'a', domains: ['*'], routes: [{ match: { prefix: '/' }, route: {} }] }],
        },
      },
      'route_config.virtual_hosts[0].routes[0].route: needs cluster or weighted_clusters',
    ],
    ['no filters', { http_filters: [] }, 'http_filters: must end with the router'],
    [
      'a filter that it does not know',
      { http_filters: [{ name: 'x', typed_config: { type_url: 'type.googleapis.com/x.Y', value: '' } }, router] },
      'http_filters[0].typed_config: the type "type.googleapis.com/x.Y" is outside the subset',
    ],
    [
      'the router before others',
      { http_filters: [{ ...router, name: 'first' }, router] },
      'http_filters[0]: is the router, which must be the last filter',
    ],
    [
      'two filters of one name',
      { http_filters: [{ name: 'router', is_optional: true }, router] },
      'http_filters[1].name: is the same as filter_chains[0].filters[0].typed_config.http_filters[0].name',
    ],
    [
      'what a client says of its certificate',
      { forward_client_cert_details: 'ALWAYS_FORWARD_ONLY' },
      'forward_client_cert_details: must be SANITIZE or SANITIZE_SET, and is ALWAYS_FORWARD_ONLY',
    ],
    ['a server name', { server_name: 'a' }, `server_name: ${NO}`],
    [
      'heads without bound',
      { max_request_headers_kb: { value: 8193 } },
      'max_request_headers_kb: must be between 1 and 8192, and is 8193',
    ],
    [
      'a negative time',
      { stream_idle_timeout: { seconds: '-1' } },
      'stream_idle_timeout: must be at least 0 ms, and is -1000 ms',
    ],
    [
      'a redirect to the path that it would match',
      { path_with_escaped_slashes_action: 'UNESCAPE_AND_REDIRECT' },
      'path_with_escaped_slashes_action: must be IMPLEMENTATION_SPECIFIC_DEFAULT or KEEP_UNCHANGED or REJECT_REQUEST or UNESCAPE_AND_FORWARD, and is UNESCAPE_AND_REDIRECT',
    ],
    [
      'an upgrade that it does not know',
      { upgrade_configs: [{ upgrade_type: 'websocket' }, { upgrade_type: 'spdy/3.1' }] },
      'upgrade_configs[1].upgrade_type: must be websocket or connect, and is "spdy/3.1"',
    ],
    [
      'one upgrade twice',
      { upgrade_configs: [{ upgrade_type: 'websocket' }, { upgrade_type: 'WebSocket' }] },
      'upgrade_configs[1].upgrade_type: is the same as filter_chains[0].filters[0].typed_config.upgrade_configs[0].upgrade_type',
    ],
    [
      'no streams',
      { http2_protocol_options: { max_concurrent_streams: { value: 0 } } },
      'http2_protocol_options.max_concurrent_streams: must be between 1 and 2147483647, and is 0',
    ],
    [
      'a window of its own',
      { http2_protocol_options: { initial_stream_window_size: { value: 65535 } } },
      `http2_protocol_options.initial_stream_window_size: ${NO}`,
    ],
    [
      'pings',
      { http2_protocol_options: { connection_keepalive: { interval: { seconds: '1' } } } },
      `http2_protocol_options.connection_keepalive: ${NO}`,
    ],
    [
      'connections that end after a while',
      { common_http_protocol_options: { max_connection_duration: { seconds: '1' } } },
      `common_http_protocol_options.max_connection_duration: ${NO}`,
    ],
    [
      'no headers',
      { common_http_protocol_options: { max_headers_count: { value: 0 } } },
      'common_http_protocol_options.max_headers_count: must be between 1 and 4294967295, and is 0',
    ],
  ])('may not have %s', (_what, changes, violation) => {
    expect(validateManager(changes)).toEqual([violation]);
  });
});

describe('a TCP proxy', () => {
  const good = { stat_prefix: 'redis', cluster: 'a' };

  it.each<[string, Input<typeof TCP_PROXY>]>([
    ['one cluster', good],
    ['a time without bytes', { ...good, idle_timeout: { seconds: '0' } }],
    ['several attempts', { ...good, max_connect_attempts: { value: 3 } }],
    ['a hash of who connects', { ...good, hash_policy: [{ source_ip: {} }] }],
    [
      'several clusters',
      {
        stat_prefix: 'redis',
        weighted_clusters: {
          clusters: [
            { name: 'a', weight: 1 },
            { name: 'b', weight: 2 },
          ],
        },
      },
    ],
  ])('may have %s', (_what, proxy) => {
    expect(validateTcpProxy(proxy)).toEqual([]);
  });

  it.each<[string, Input<typeof TCP_PROXY>, string]>([
    ['no prefix for its statistics', { cluster: 'a' }, 'stat_prefix: is required'],
    ['no cluster', { stat_prefix: 'redis' }, ': needs cluster or weighted_clusters'],
    ['a cluster without a name', { ...good, cluster: '' }, 'cluster: is required'],
    [
      'an empty list of clusters',
      { stat_prefix: 'redis', weighted_clusters: {} },
      'weighted_clusters.clusters: is required',
    ],
    [
      'a cluster without weight',
      { stat_prefix: 'redis', weighted_clusters: { clusters: [{ name: 'a' }, { name: 'b', weight: 1 }] } },
      'weighted_clusters.clusters[0].weight: must be at least 1, and is 0',
    ],
    [
      'weights beyond what is counted',
      {
        stat_prefix: 'redis',
        weighted_clusters: {
          clusters: [
            { name: 'a', weight: 2 ** 32 - 1 },
            { name: 'b', weight: 1 },
          ],
        },
      },
      'weighted_clusters.clusters: has weights of 4294967296 together, more than 2^32 - 1',
    ],
    [
      'a hundred attempts',
      { ...good, max_connect_attempts: { value: 100 } },
      'max_connect_attempts: must be between 1 and 16, and is 100',
    ],
    [
      'two hashes',
      { ...good, hash_policy: [{ source_ip: {} }, { source_ip: {} }] },
      'hash_policy: must be at most 1, and is 2',
    ],
    ['a hash of nothing', { ...good, hash_policy: [{}] }, 'hash_policy[0]: needs source_ip'],
    [
      'a negative time',
      { ...good, idle_timeout: { seconds: '-1' } },
      'idle_timeout: must be at least 0 ms, and is -1000 ms',
    ],
  ])('may not have %s', (_what, proxy, violation) => {
    expect(validateTcpProxy(proxy)).toEqual([violation]);
  });
});

describe('limits of the rate of connections', () => {
  const RATE = 'envoy.extensions.filters.network.local_ratelimit.v3.LocalRateLimit';
  const proxy = { name: 'tcp', typed_config: pack(TCP_PROXY, { stat_prefix: 'redis', cluster: 'a' }) };
  const rate = (changes: Input<typeof RATE> = {}) => ({
    name: 'rate',
    typed_config: pack(RATE, {
      stat_prefix: 'redis',
      token_bucket: { max_tokens: 5, tokens_per_fill: { value: 5 }, fill_interval: { seconds: 1 } },
      ...changes,
    }),
  });
  const faults = (...filters: NonNullable<FilterChain['filters']>) =>
    validate({ ...plain, filter_chains: [{ filters }] });

  it('may stand before a TCP proxy', () => {
    expect(faults(rate(), rate({ stat_prefix: 'other' }), proxy)).toEqual([]);
  });

  it.each<[string, NonNullable<FilterChain['filters']>, string]>([
    ['alone', [rate()], `[0].typed_config: is a ${RATE}, and must be`],
    ['behind it', [proxy, rate()], `[1].typed_config: is a ${RATE}, and must be`],
    ['before requests', [rate(), ...(chain.filters ?? [])], ': must be one filter, and is 2'],
    ['without a name', [rate({ stat_prefix: '' }), proxy], '[0].typed_config.stat_prefix: is required'],
    ['without a size', [rate({ token_bucket: null }), proxy], '[0].typed_config.token_bucket: is required'],
    ['of nothing', [rate({ token_bucket: {} }), proxy], '[0].typed_config.token_bucket.max_tokens: must be at least 1'],
    ['without end', [...Array.from({ length: 65 }, () => rate()), proxy], ': has more than 65'],
    ['that are something else', [proxy, proxy], '[0].typed_config: is a envoy.extensions.filters.network.tcp_proxy'],
  ])('may not stand %s', (_where, filters, fault) => {
    expect(faults(...filters).some((each) => each.startsWith(`filter_chains[0].filters${fault}`))).toBe(true);
  });
});

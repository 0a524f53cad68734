import { describe, expect, it } from 'vitest';
import { pack } from '../any.ts';
import type { Input } from '../load.ts';
import { messageType } from '../load.ts';
import { goodConnectionManager, goodDownstreamTls, goodListener } from '../testing/resources.ts';
import { validateListener } from './listener.ts';

type Listener = Input<'envoy.config.listener.v3.Listener'>;
type FilterChain = Input<'envoy.config.listener.v3.FilterChain'>;
type Manager = Input<'envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager'>;

const MANAGER = 'envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager';
const ROUTER = 'envoy.extensions.filters.http.router.v3.Router';
const DOWNSTREAM_TLS = 'envoy.extensions.transport_sockets.tls.v3.DownstreamTlsContext';
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
    [
      'the TLS inspector',
      {
        ...plain,
        listener_filters: [
          { name: 'tls', typed_config: pack('envoy.extensions.filters.listener.tls_inspector.v3.TlsInspector', {}) },
        ],
      },
    ],
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
      { ...plain, filter_chains: [{ filters: [...(chain.filters ?? []), { name: 'b' }] }] },
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
      'no socket of its own',
      { ...plain, bind_to_port: { value: false } },
      'bind_to_port: must be true: the sidecar has no listeners without a socket',
    ],
    ['a listener for gRPC clients', { ...plain, api_listener: {} }, `api_listener: ${NO}`],
    [
      'a listener filter that it does not know',
      { ...plain, listener_filters: [{ name: 'x', typed_config: router.typed_config }] },
      `listener_filters[0].typed_config: is a ${ROUTER}, and must be envoy.extensions.filters.listener.tls_inspector.v3.TlsInspector`,
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

  it.each<[string, Partial<Manager>, string]>([
    ['no prefix for its statistics', { stat_prefix: '' }, 'stat_prefix: is required'],
    ['HTTP/2', { codec_type: 'HTTP2' }, 'codec_type: must be AUTO or HTTP1, and is HTTP2'],
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
    ['a server name that ends a line', { server_name: 'a\nb' }, 'server_name: is not a header value'],
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
    ['paths changed before they match', { normalize_path: { value: true } }, `normalize_path: ${NO}`],
    ['a websocket', { upgrade_configs: [{ upgrade_type: 'websocket' }] }, `upgrade_configs: ${NO}`],
    [
      'no headers',
      { common_http_protocol_options: { max_headers_count: { value: 0 } } },
      'common_http_protocol_options.max_headers_count: must be between 1 and 4294967295, and is 0',
    ],
    [
      'a rule on underscores',
      { common_http_protocol_options: { headers_with_underscores_action: 'DROP_HEADER' } },
      'common_http_protocol_options.headers_with_underscores_action: must be ALLOW, and is DROP_HEADER',
    ],
  ])('may not have %s', (_what, changes, violation) => {
    expect(validateManager(changes)).toEqual([violation]);
  });
});

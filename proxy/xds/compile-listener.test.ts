import { describe, expect, it } from 'vitest';
import { pack } from '../../proto/any.ts';
import type { Input } from '../../proto/load.ts';
import {
  goodConnectionManager,
  goodDetectingListener,
  goodDownstreamTls,
  goodListener,
} from '../../proto/testing/resources.ts';
import { defaultHttpSettings } from '../message/http-settings.ts';
import { decoded } from '../testing/decoded.ts';
import { compileListener } from './compile-listener.ts';

const proxyName = 'envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy';
const managerName = 'envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager';

function compile(listener: Input<'envoy.config.listener.v3.Listener'>, trustDomain = 'cluster.local') {
  return compileListener(decoded('envoy.config.listener.v3.Listener', listener), trustDomain);
}

function plain(manager: Input<typeof managerName>): Input<'envoy.config.listener.v3.Listener'> {
  return {
    name: 'virtualOutbound',
    address: { socket_address: { address: '127.0.0.1', port_value: 15_001 } },
    filter_chains: [{ filters: [{ name: 'hcm', typed_config: pack(managerName, manager) }] }],
  };
}

describe('compileListener', () => {
  it('compiles an inbound listener with mutual TLS and its routes', () => {
    const config = compile(goodListener());
    expect(config).toMatchObject({ name: 'inbound|8080||', tls: { alpnProtocols: ['heddle-http/1.1'] } });
    const [chain] = config.chains;
    expect(chain?.match).toEqual({
      serverNames: [],
      transportProtocol: 'tls',
      applicationProtocols: ['heddle-http/1.1'],
    });
    expect(chain?.filter.kind === 'http' && chain.filter.routes?.virtual_hosts).toHaveLength(1);
  });

  it('compiles a plaintext listener, with defaults for what is not said', () => {
    expect(compile(plain(goodConnectionManager()))).toMatchObject({
      address: '127.0.0.1',
      port: 15_001,
      tls: null,
      chains: [{ filter: { http: { ...defaultHttpSettings, pathNormalization: null, upgrades: new Set() } } }],
      defaultFilter: null,
      inspection: { tls: false, http: false, timeoutMs: 15_000, continuesOnTimeout: false },
    });
  });

  it('compiles what the connection manager says of paths, limits, times and upgrades', () => {
    const manager = {
      ...goodConnectionManager(),
      normalize_path: { value: true },
      merge_slashes: true,
      path_with_escaped_slashes_action: 'REJECT_REQUEST' as const,
      max_request_headers_kb: { value: 8 },
      request_headers_timeout: { seconds: '5' },
      request_timeout: { seconds: '30' },
      stream_idle_timeout: { seconds: '0' },
      drain_timeout: { seconds: '1' },
      common_http_protocol_options: {
        idle_timeout: { seconds: '60' },
        max_headers_count: { value: 20 },
        max_requests_per_connection: { value: 1000 },
        headers_with_underscores_action: 'DROP_HEADER' as const,
      },
      http2_protocol_options: { max_concurrent_streams: { value: 50 } },
      upgrade_configs: [{ upgrade_type: 'WebSocket' }, { upgrade_type: 'CONNECT', enabled: { value: false } }],
    };
    const [chain] = compile(plain(manager)).chains;
    expect(chain?.filter.kind === 'http' && chain.filter.http).toEqual({
      pathNormalization: { normalizePath: true, mergeSlashes: true, escapedSlashes: 'reject' },
      headersWithUnderscores: 'drop',
      maxHeadBytes: 8_192,
      maxHeaders: 20,
      requestHeadersTimeoutMs: 5_000,
      requestTimeoutMs: 30_000,
      idleTimeoutMs: 60_000,
      streamIdleTimeoutMs: 0,
      maxRequestsPerConnection: 1_000,
      drainTimeoutMs: 1_000,
      upgrades: new Set(['websocket']),
      maxConcurrentStreams: 50,
    });
  });

  it('refuses to let in another trust domain than ours', () => {
    expect(() => compile(goodListener(), 'other.example')).toThrow('lets in spiffe://other.example/');
  });

  it('compiles a port whose protocol nobody declared', () => {
    const config = compile(goodDetectingListener());
    expect(config).toMatchObject({
      name: 'outbound|80||cart.default.svc.cluster.local',
      inspection: { tls: true, http: true, continuesOnTimeout: true },
      chains: [
        {
          match: { transportProtocol: 'raw_buffer', applicationProtocols: ['http/1.0', 'http/1.1', 'h2c'] },
          filter: { kind: 'http', routes: null, routesName: 'cart.default.svc.cluster.local:80' },
        },
      ],
      defaultFilter: { kind: 'tcp' },
    });
  });

  it('compiles where TCP goes, with defaults for what is not said', () => {
    const name = 'outbound|6379||redis.default.svc.cluster.local';
    const redis = { stat_prefix: 'redis', cluster: name };
    const filter = (proxy: Input<typeof proxyName>) => compile(carrying(name, proxy)).chains[0]?.filter;
    expect(filter(redis)).toEqual({
      kind: 'tcp',
      name: 'redis',
      clusters: [{ name, weight: 1 }],
      idleTimeoutMs: 3_600_000,
      maxConnectAttempts: 1,
      isBySource: false,
      rates: [],
    });
    expect(filter({ ...redis, hash_policy: [{ source_ip: {} }] })).toMatchObject({ isBySource: true });
    const clusters = [
      { name: 'v1', weight: 9 },
      { name: 'v2', weight: 1 },
    ];
    const split = { stat_prefix: 'redis', weighted_clusters: { clusters } };
    expect(filter({ ...split, idle_timeout: {}, max_connect_attempts: { value: 3 } })).toMatchObject({
      clusters,
      idleTimeoutMs: Number.POSITIVE_INFINITY,
      maxConnectAttempts: 3,
    });
  });

  it('offers what any of its chains takes, all of them with TLS or none', () => {
    const good = goodListener();
    const [chain] = good.filter_chains ?? [];
    const tcp = {
      ...chain,
      name: 'tcp',
      filter_chain_match: { transport_protocol: 'tls', application_protocols: ['heddle-tcp'] },
      transport_socket: downstreamTls(['heddle-tcp']),
      filters: [{ name: 'tcp', typed_config: pack(proxyName, { stat_prefix: 'in', cluster: 'inbound|8080||' }) }],
    };
    const config = compile({ ...good, filter_chains: [{ ...chain }, tcp] });
    expect(config.tls?.alpnProtocols).toEqual(['heddle-http/1.1', 'heddle-tcp']);
    const { transport_socket: _, ...open } = tcp;
    expect(() => compile({ ...good, filter_chains: [{ ...chain }, open] })).toThrow('or none has');
  });

  it('refuses routes by name in a listener of our own, and routes that stand in one of a service', () => {
    const { route_config, ...manager } = goodConnectionManager();
    expect(() => compile(plain({ ...manager, rds: { route_config_name: 'r' } }))).toThrow('rds');
    expect(route_config).toBeDefined();
    const named = { ...plain(goodConnectionManager()), name: 'outbound|80||cart.default.svc.cluster.local' };
    expect(() => compile(named)).toThrow('route_config');
  });
});

function downstreamTls(alpnProtocols: readonly string[]): Input<'envoy.config.core.v3.TransportSocket'> {
  const context = goodDownstreamTls();
  const common = { ...context.common_tls_context, alpn_protocols: [...alpnProtocols] };
  const name = 'envoy.extensions.transport_sockets.tls.v3.DownstreamTlsContext';
  return { name: 'tls', typed_config: pack(name, { ...context, common_tls_context: common }) };
}

function carrying(name: string, proxy: Input<typeof proxyName>): Input<'envoy.config.listener.v3.Listener'> {
  return {
    name,
    address: { socket_address: { address: '0.0.0.0', port_value: 6379 } },
    filter_chains: [{ filters: [{ name: 'tcp', typed_config: pack(proxyName, proxy) }] }],
  };
}

import { describe, expect, it } from 'vitest';
import { pack } from '../../proto/any.ts';
import type { Input } from '../../proto/load.ts';
import { goodConnectionManager, goodListener } from '../../proto/testing/resources.ts';
import { defaultHttpSettings } from '../http-settings.ts';
import { decoded } from '../testing/decoded.ts';
import { compileListener } from './compile-listener.ts';

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
    expect(config.routes.virtual_hosts).toHaveLength(1);
  });

  it('compiles a plaintext listener, with defaults for what is not said', () => {
    expect(compile(plain(goodConnectionManager()))).toMatchObject({
      address: '127.0.0.1',
      port: 15_001,
      tls: null,
      http: { ...defaultHttpSettings, pathNormalization: null, upgrades: new Set() },
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
      upgrade_configs: [{ upgrade_type: 'WebSocket' }],
    };
    expect(compile(plain(manager)).http).toEqual({
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

  it('refuses several filter chains, a chain that takes only some connections, and routes that come by name', () => {
    const good = plain(goodConnectionManager());
    const [chain] = good.filter_chains ?? [];
    expect(() => compile({ ...good, filter_chains: [{ ...chain }, { ...chain, name: 'b' }] })).toThrow('must be one');
    expect(() =>
      compile({ ...good, filter_chains: [{ ...chain, filter_chain_match: { server_names: ['a'] } }] }),
    ).toThrow('takes every connection');
    const { route_config, ...manager } = goodConnectionManager();
    expect(() => compile(plain({ ...manager, rds: { route_config_name: 'r' } }))).toThrow('rds');
    expect(route_config).toBeDefined();
  });
});

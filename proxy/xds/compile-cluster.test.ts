import { describe, expect, it } from 'vitest';
import { pack } from '../../proto/any.ts';
import { HTTP_PROTOCOL_OPTIONS } from '../../proto/extension-names.ts';
import type { Input } from '../../proto/load.ts';
import { toStruct } from '../../proto/struct.ts';
import { goodCluster, goodClusterLoadAssignment, goodUpstreamTls } from '../../proto/testing/resources.ts';
import { plainBalancer } from '../cluster/balancer-config.ts';
import { defaultHttp2Limits } from '../http2/http2-limits.ts';
import { defaultLimits } from '../resilience/circuit-breaker.ts';
import { envoyOutlierDefaults } from '../resilience/outlier/outlier-settings.ts';
import { decoded } from '../testing/decoded.ts';
import { compileCluster } from './compile-cluster.ts';
import { compileEndpoints } from './compile-endpoints.ts';

const name = 'outbound|80||cart.default.svc.cluster.local';

function compile(cluster: Input<'envoy.config.cluster.v3.Cluster'>) {
  return compileCluster(decoded('envoy.config.cluster.v3.Cluster', cluster));
}

function tls() {
  return {
    name: 'envoy.transport_sockets.tls',
    typed_config: pack('envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext', goodUpstreamTls()),
  };
}

function withHttpOptions(options: Input<'envoy.config.core.v3.HttpProtocolOptions'>) {
  const packed = pack(HTTP_PROTOCOL_OPTIONS, {
    common_http_protocol_options: options,
    explicit_http_config: { http_protocol_options: {} },
  });
  return compile({ ...goodCluster(), typed_extension_protocol_options: { [HTTP_PROTOCOL_OPTIONS]: packed } });
}

describe('compileCluster', () => {
  it('takes an idle timeout of 0 for never, and waits no longer than a timer can', () => {
    expect(withHttpOptions({ idle_timeout: { seconds: 0 } }).idleTimeoutMs).toBe(Number.POSITIVE_INFINITY);
    expect(withHttpOptions({ idle_timeout: { seconds: 359_996_400 } }).idleTimeoutMs).toBe(2 ** 31 - 1);
  });

  it('bounds the requests of a connection where it is told to', () => {
    expect(withHttpOptions({ max_requests_per_connection: { value: 7 } }).maxRequestsPerConnection).toBe(7);
    expect(withHttpOptions({ max_connection_duration: { seconds: 7 } }).maxConnectionDurationMs).toBe(7000);
  });

  it('asks connections of HTTP/2 for signs of life where it is told to', () => {
    const http2 = { connection_keepalive: { interval: { seconds: 30 }, timeout: { seconds: 0, nanos: 500_000_000 } } };
    for (const protocol of [
      { explicit_http_config: { http2_protocol_options: http2 } },
      { use_downstream_protocol_config: { http2_protocol_options: http2 } },
    ]) {
      const packed = pack(HTTP_PROTOCOL_OPTIONS, protocol);
      const cluster = { ...goodCluster(), typed_extension_protocol_options: { [HTTP_PROTOCOL_OPTIONS]: packed } };
      expect(compile(cluster).http2KeepAlive).toEqual({ intervalMs: 30_000, timeoutMs: 500 });
    }
  });

  it('bounds streams and windows of HTTP/2 where it is told to', () => {
    const http2 = { max_concurrent_streams: { value: 7 }, initial_connection_window_size: { value: 70_000 } };
    const packed = pack(HTTP_PROTOCOL_OPTIONS, { use_downstream_protocol_config: { http2_protocol_options: http2 } });
    const cluster = { ...goodCluster(), typed_extension_protocol_options: { [HTTP_PROTOCOL_OPTIONS]: packed } };
    expect(compile(cluster).http2Limits).toEqual({
      ...defaultHttp2Limits,
      maxConcurrentStreams: 7,
      initialConnectionWindowSize: 70_000,
    });
  });

  it('asks connections of TCP for signs of life where it is told to', () => {
    const tcp_keepalive = { keepalive_time: { value: 90 }, keepalive_probes: { value: 10 } };
    expect(compile({ ...goodCluster(), upstream_connection_options: { tcp_keepalive } }).tcpKeepaliveMs).toBe(90_000);
  });

  it('compiles what the control plane sends', () => {
    expect(compile(goodCluster())).toEqual({
      name,
      discovery: 'eds',
      edsName: name,
      endpoints: [],
      serviceHost: 'cart.default.svc.cluster.local',
      serviceName: 'cart',
      serviceNamespace: 'default',
      upstreamProtocol: 'http1',
      connectTimeoutMs: 5_000,
      tcpKeepaliveMs: 0,
      idleTimeoutMs: 3_000,
      maxConnectionDurationMs: 0,
      maxRequestsPerConnection: 0,
      http2KeepAlive: null,
      http2Limits: null,
      balancer: plainBalancer('least-request'),
      circuitBreaker: {
        maxConnections: 1_024,
        maxPendingRequests: 1_024,
        maxRequests: 1_024,
        maxRetries: 3,
        retryBudgetPercent: 20,
        minRetryConcurrency: 3,
      },
      highPriority: defaultLimits,
      maxConnectionsPerEndpoint: Number.POSITIVE_INFINITY,
      limitOrigins: [],
      outlierDetection: {
        ...envoyOutlierDefaults,
        alwaysEjectOneHost: true,
        enforcing: { ...envoyOutlierDefaults.enforcing, success_rate: 0 },
      },
      healthCheck: null,
      panicThresholdPercent: 50,
      maxRestMs: 0,
      dns: null,
      originTls: null,
      meshTls: {
        sni: 'outbound_.80_._.cart.default.svc.cluster.local',
        alpnProtocols: ['heddle-http/1.1'],
        expectedIdentities: ['spiffe://cluster.local/ns/default/sa/cart'],
      },
    });
  });

  it('keeps the limits of priorities and endpoints apart', () => {
    const circuit_breakers = {
      thresholds: [{ priority: 'HIGH' as const, max_requests: { value: 7 } }, { max_requests: { value: 5 } }],
      per_host_thresholds: [{ max_connections: { value: 3 } }],
    };
    expect(compile({ name: 'c', circuit_breakers })).toMatchObject({
      circuitBreaker: { maxRequests: 5 },
      highPriority: { maxRequests: 7, maxConnections: 1_024 },
      maxConnectionsPerEndpoint: 3,
    });
  });

  it("takes Envoy's defaults for what is not said", () => {
    expect(compile({ name: 'c' })).toMatchObject({
      discovery: 'static',
      endpoints: [],
      serviceHost: '',
      upstreamProtocol: 'http1',
      connectTimeoutMs: 5_000,
      tcpKeepaliveMs: 0,
      idleTimeoutMs: 3_600_000,
      balancer: plainBalancer('round-robin'),
      circuitBreaker: { maxConnections: 1_024, retryBudgetPercent: 0, maxRetries: 3 },
      outlierDetection: null,
      meshTls: null,
    });
  });

  it.each([
    ['http1', { explicit_http_config: { http_protocol_options: {} } }],
    ['http2', { explicit_http_config: { http2_protocol_options: {} } }],
    ['downstream', { use_downstream_protocol_config: { http2_protocol_options: {} } }],
  ] as const)('speaks %s where the HTTP options say so', (upstreamProtocol, options) => {
    const typed_extension_protocol_options = { [HTTP_PROTOCOL_OPTIONS]: pack(HTTP_PROTOCOL_OPTIONS, options) };
    expect(compile({ name: 'c', typed_extension_protocol_options })).toMatchObject({ upstreamProtocol });
  });

  it('knows the service of a cluster without metadata by its name', () => {
    expect(compile({ name })).toMatchObject({
      serviceHost: 'cart.default.svc.cluster.local',
      serviceName: 'cart',
      serviceNamespace: 'default',
    });
  });

  it('compiles the endpoints of a static cluster, and a passthrough cluster', () => {
    const address = { socket_address: { address: '127.0.0.1', port_value: 8080 } };
    const load_assignment = { cluster_name: 'c', endpoints: [{ lb_endpoints: [{ endpoint: { address } }] }] };
    expect(compile({ name: 'inbound|8080||', type: 'STATIC', load_assignment }).endpoints).toMatchObject([
      { key: '127.0.0.1:8080', isMeshed: false, workload: 'unknown', version: 'unknown', weight: 1, health: 'healthy' },
    ]);
    expect(compile({ name: 'PassthroughCluster', type: 'ORIGINAL_DST' })).toMatchObject({
      discovery: 'passthrough',
      edsName: '',
    });
  });

  it.each([
    ['LEAST_REQUEST', 'least-request'],
    ['RANDOM', 'random'],
    ['ROUND_ROBIN', 'round-robin'],
    ['CLUSTER_PROVIDED', 'round-robin'],
  ] as const)('reads the older balancer field: %s', (lb_policy, balancer) => {
    expect(compile({ name: 'c', lb_policy }).balancer).toEqual(plainBalancer(balancer));
  });

  it('uses the first socket that fits a meshed endpoint', () => {
    const raw = { name: 'envoy.transport_sockets.raw_buffer' };
    const mesh = { name: 'a', match: toStruct({ tlsMode: 'heddle' }), transport_socket: tls() };
    const any = { name: 'b', match: {}, transport_socket: raw };
    expect(compile({ name: 'c', transport_socket_matches: [mesh, any] }).meshTls).not.toBeNull();
    expect(compile({ name: 'c', transport_socket_matches: [any, mesh] }).meshTls).toBeNull();
    expect(compile({ name: 'c', transport_socket_matches: [mesh] }).meshTls).not.toBeNull();
  });

  it('refuses TLS that endpoints outside the mesh would need, rather than to speak to them in plaintext', () => {
    expect(() => compile({ name: 'c', transport_socket: tls() })).toThrow('outside the mesh');
    const any = { name: 'b', match: {}, transport_socket: tls() };
    expect(() => compile({ name: 'c', transport_socket_matches: [any] })).toThrow('outside the mesh');
  });
});

describe('compileEndpoints', () => {
  const compileAssignment = (assignment: Input<'envoy.config.endpoint.v3.ClusterLoadAssignment'>) =>
    compileEndpoints(decoded('envoy.config.endpoint.v3.ClusterLoadAssignment', assignment));

  it('reads who an endpoint is and whether it is meshed', () => {
    expect(compileAssignment(goodClusterLoadAssignment())).toEqual([
      {
        key: '10.0.0.7:15006',
        address: '10.0.0.7',
        port: 15_006,
        isMeshed: true,
        workload: 'cart-v1-1',
        namespace: 'default',
        service: 'cart',
        version: 'v1',
        weight: 1,
        health: 'healthy',
        place: {
          region: 'local',
          zone: 'a',
          subZone: '',
          priority: 0,
          weight: 0,
          overprovisioningPercent: 140,
        },
      },
    ]);
  });

  it('joins localities, counts an address once, and writes IPv6 in brackets', () => {
    const at = (address: string) => ({ endpoint: { address: { socket_address: { address, port_value: 1 } } } });
    const assignment = {
      cluster_name: 'c',
      endpoints: [{ lb_endpoints: [at('::1'), at('10.0.0.1')] }, { lb_endpoints: [at('10.0.0.1'), at('10.0.0.2')] }],
    };
    expect(compileAssignment(assignment).map(({ key }) => key)).toEqual(['[::1]:1', '10.0.0.1:1', '10.0.0.2:1']);
  });

  it.each([
    ['HEALTHY', 'healthy'],
    ['UNKNOWN', 'healthy'],
    ['DEGRADED', 'degraded'],
    ['DRAINING', 'draining'],
    ['UNHEALTHY', 'unhealthy'],
    ['TIMEOUT', 'unhealthy'],
  ] as const)('takes %s for %s', (health_status, health) => {
    const endpoint = { address: { socket_address: { address: '10.0.0.1', port_value: 1 } } };
    const assignment = { cluster_name: 'c', endpoints: [{ lb_endpoints: [{ endpoint, health_status }] }] };
    expect(compileAssignment(assignment)[0]?.health).toBe(health);
  });
});

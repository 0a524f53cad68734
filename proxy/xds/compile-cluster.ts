import { unpack, unpackAs } from '../../proto/any.ts';
import type { ProtoDuration } from '../../proto/duration.ts';
import { timerMs } from '../../proto/duration.ts';
import { HTTP_PROTOCOL_OPTIONS } from '../../proto/extension-names.ts';
import type { Cluster__Output } from '../../proto/generated/envoy/config/cluster/v3/Cluster.ts';
import type { Http2ProtocolOptions__Output } from '../../proto/generated/envoy/config/core/v3/Http2ProtocolOptions.ts';
import type { TransportSocket__Output } from '../../proto/generated/envoy/config/core/v3/TransportSocket.ts';
import type { HttpProtocolOptions__Output } from '../../proto/generated/envoy/extensions/upstreams/http/v3/HttpProtocolOptions.ts';
import { ISTIO_METADATA, parseClusterName, parseServiceHost, TLS_MODE_HEDDLE } from '../../proto/names.ts';
import { parsePolicyMetadata } from '../../proto/policy-metadata.ts';
import { parseMaxRest } from '../../proto/retry-after-metadata.ts';
import type { JsonObject, JsonValue } from '../../proto/struct.ts';
import { fromStruct } from '../../proto/struct.ts';
import type { ClusterConfig, UpstreamTlsConfig } from '../cluster/cluster-config.ts';
import type { Http2Limits } from '../http2/http2-limits.ts';
import { defaultHttp2Limits } from '../http2/http2-limits.ts';
import type { Http2KeepAlive } from '../http2/peer-liveness.ts';
import { defaultPanicThresholdPercent } from '../resilience/healthy-set.ts';
import { compileBalancer } from './compile-balancer.ts';
import { compileCircuitBreakers } from './compile-circuit-breakers.ts';
import { compileDns } from './compile-dns.ts';
import { compileEndpoints } from './compile-endpoints.ts';
import { compileHealthCheck } from './compile-health-check.ts';
import { compileOriginTls, originationOf } from './compile-origin-tls.ts';
import { compileOutlierDetection } from './compile-outlier-detection.ts';

const upstreamTls = 'envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext';

/** What a validated Cluster means. Throws for a combination that is valid xDS and that this proxy does not have. */
export function compileCluster(cluster: Cluster__Output): ClusterConfig {
  const discovery = discoveries[cluster.type ?? 'STATIC'];
  if (discovery === undefined) throw new Error(`clusters of type ${cluster.type} are not supported`);
  const options = httpOptions(cluster);
  const http2 = http2Of(options);
  const common = options?.common_http_protocol_options ?? null;
  return {
    name: cluster.name,
    discovery,
    edsName: discovery === 'eds' ? cluster.eds_cluster_config?.service_name || cluster.name : '',
    endpoints:
      (discovery === 'static' || discovery === 'dns') && cluster.load_assignment !== null
        ? compileEndpoints(cluster.load_assignment)
        : [],
    ...serviceOf(cluster),
    upstreamProtocol: upstreamProtocolOf(options),
    connectTimeoutMs: cluster.connect_timeout === null ? 5_000 : timerMs(cluster.connect_timeout),
    tcpKeepaliveMs: (cluster.upstream_connection_options?.tcp_keepalive?.keepalive_time?.value ?? 0) * 1000,
    idleTimeoutMs: idleTimeoutOf(common?.idle_timeout ?? null),
    maxConnectionDurationMs: common?.max_connection_duration ? timerMs(common.max_connection_duration) : 0,
    maxRequestsPerConnection: common?.max_requests_per_connection?.value ?? 0,
    http2KeepAlive: keepAliveOf(http2),
    http2Limits: http2LimitsOf(http2),
    balancer: compileBalancer(cluster),
    ...compileCircuitBreakers(cluster.circuit_breakers),
    limitOrigins: parsePolicyMetadata(cluster.metadata).circuitBreaker,
    outlierDetection: cluster.outlier_detection === null ? null : compileOutlierDetection(cluster.outlier_detection),
    healthCheck: healthCheckOf(cluster),
    panicThresholdPercent: cluster.common_lb_config?.healthy_panic_threshold?.value ?? defaultPanicThresholdPercent,
    maxRestMs: parseMaxRest(cluster.metadata),
    dns: discovery === 'dns' ? compileDns(cluster) : null,
    originTls: compileOriginTls(socketFor(cluster, {})),
    meshTls: tlsOf(socketFor(cluster, { tlsMode: TLS_MODE_HEDDLE })),
  };
}

function healthCheckOf({ health_checks: [check], name }: Cluster__Output): ClusterConfig['healthCheck'] {
  return check === undefined ? null : compileHealthCheck(check, name);
}

const discoveries: Readonly<Record<string, ClusterConfig['discovery'] | undefined>> = {
  STATIC: 'static',
  STRICT_DNS: 'dns',
  EDS: 'eds',
  ORIGINAL_DST: 'passthrough',
};

/** From `istio` metadata, else from the cluster's own name. */
function serviceOf(cluster: Cluster__Output): Pick<ClusterConfig, 'serviceHost' | 'serviceName' | 'serviceNamespace'> {
  const { services } = fromStruct(cluster.metadata?.filter_metadata[ISTIO_METADATA]);
  const first: JsonValue | undefined = Array.isArray(services) ? services[0] : undefined;
  const said = typeof first === 'object' && first !== null ? (first as JsonObject) : {};
  const parsed = parseClusterName(cluster.name);
  const host = textOr(said.host, parsed?.direction === 'outbound' ? parsed.host : '');
  const fromHost = parseServiceHost(host);
  return {
    serviceHost: host,
    serviceName: textOr(said.name, fromHost?.name ?? ''),
    serviceNamespace: textOr(said.namespace, fromHost?.namespace ?? ''),
  };
}

function textOr(value: JsonValue | undefined, otherwise: string): string {
  return typeof value === 'string' && value !== '' ? value : otherwise;
}

function httpOptions(cluster: Cluster__Output): HttpProtocolOptions__Output | null {
  const packed = cluster.typed_extension_protocol_options[HTTP_PROTOCOL_OPTIONS];
  return packed === undefined ? null : unpackAs(HTTP_PROTOCOL_OPTIONS, packed);
}

/** A cluster that says nothing is spoken to in HTTP/1.1, as by Envoy. */
function upstreamProtocolOf(options: HttpProtocolOptions__Output | null): ClusterConfig['upstreamProtocol'] {
  if (options === null) return 'http1';
  if (options.use_downstream_protocol_config) return 'downstream';
  return options.explicit_http_config?.http2_protocol_options ? 'http2' : 'http1';
}

function http2Of(options: HttpProtocolOptions__Output | null): Http2ProtocolOptions__Output | null {
  return (
    options?.explicit_http_config?.http2_protocol_options ??
    options?.use_downstream_protocol_config?.http2_protocol_options ??
    null
  );
}

/** Null where nothing is said. */
function http2LimitsOf(http2: Http2ProtocolOptions__Output | null): Http2Limits | null {
  const streams = http2?.max_concurrent_streams?.value;
  const streamWindow = http2?.initial_stream_window_size?.value;
  const connectionWindow = http2?.initial_connection_window_size?.value;
  if (streams === undefined && streamWindow === undefined && connectionWindow === undefined) return null;
  return {
    ...defaultHttp2Limits,
    ...(streams !== undefined && { maxConcurrentStreams: streams }),
    ...(streamWindow !== undefined && { initialStreamWindowSize: streamWindow }),
    ...(connectionWindow !== undefined && { initialConnectionWindowSize: connectionWindow }),
  };
}

function keepAliveOf(http2: Http2ProtocolOptions__Output | null): Http2KeepAlive | null {
  const said = http2?.connection_keepalive;
  if (!said?.interval || !said.timeout) return null;
  return { intervalMs: timerMs(said.interval), timeoutMs: timerMs(said.timeout) };
}

/** `HttpProtocolOptions.idle_timeout`, one hour where it is absent; zero is never (Envoy). */
function idleTimeoutOf(idleTimeout: ProtoDuration | null): number {
  return idleTimeout === null ? 3_600_000 : timerMs(idleTimeout) || Number.POSITIVE_INFINITY;
}

/**
 * Envoy takes the first of `transport_socket_matches` that an endpoint's metadata fits, else `transport_socket`, else
 * plaintext. Here there are two kinds of endpoints, so it is worked out for both.
 */
function socketFor(cluster: Cluster__Output, metadata: JsonObject): TransportSocket__Output | null {
  for (const { match, transport_socket: socket } of cluster.transport_socket_matches) {
    const wanted = Object.entries(fromStruct(match));
    if (wanted.every(([key, value]) => metadata[key] === value)) return socket;
  }
  return cluster.transport_socket;
}

/** TLS of the mesh; null for anything else. Validation has seen to it that it names whom it expects, each exactly. */
function tlsOf(socket: TransportSocket__Output | null): UpstreamTlsConfig | null {
  if (!socket?.typed_config) return null;
  const { name, message } = unpack(socket.typed_config);
  if (name !== upstreamTls) return null;
  const context = message.common_tls_context;
  const validation =
    context?.combined_validation_context?.default_validation_context ?? context?.validation_context ?? null;
  const names = validation?.match_typed_subject_alt_names ?? [];
  if (originationOf(message) !== null) return null;
  return {
    sni: message.sni,
    alpnProtocols: context?.alpn_protocols ?? [],
    expectedIdentities: names.flatMap(({ matcher }) => matcher?.exact ?? []),
  };
}

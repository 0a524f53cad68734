import { pack } from '../../../proto/any.ts';
import type { CallersAt } from '../../../proto/caller-metadata.ts';
import { formatCallers } from '../../../proto/caller-metadata.ts';
import { msToDuration } from '../../../proto/duration.ts';
import { HTTP_PROTOCOL_OPTIONS } from '../../../proto/extension-names.ts';
import type { Input } from '../../../proto/load.ts';
import {
  BLACK_HOLE_CLUSTER,
  ISTIO_METADATA,
  inboundClusterName,
  outboundClusterName,
  PASSTHROUGH_CLUSTER,
  TLS_MODE_HEDDLE,
  upstreamSni,
} from '../../../proto/names.ts';
import { formatPolicyMetadata } from '../../../proto/policy-metadata.ts';
import { formatMaxRest } from '../../../proto/retry-after-metadata.ts';
import { toStruct } from '../../../proto/struct.ts';
import { TCP_KEEPALIVE_INTERVAL_S, TCP_KEEPALIVE_PROBES } from '../../../proto/tcp-keepalive.ts';
import type { PortProtocol } from '../../model/app-protocol.ts';
import type { EffectiveTrafficPolicy } from '../../model/effective-traffic-policy.ts';
import { builtInTrafficPolicy } from '../../model/effective-traffic-policy.ts';
import { filtersOfTries } from '../filters/stock-filters.ts';
import { adsSource, socketAddress } from '../parts/message-parts.ts';
import { plaintext, upstreamTls } from '../parts/tls-context.ts';
import type { Destination, ServicePort } from '../services/service-catalog.ts';
import type { Abilities } from '../view/abilities.ts';
import { meshAlpn, protocolFor } from '../view/abilities.ts';
import { balancers } from './balancers.ts';
import { circuitBreakers } from './circuit-breakers.ts';
import { healthCheck } from './health-check.ts';
import { outlierDetection } from './outlier-detection.ts';

type Cluster = Input<'envoy.config.cluster.v3.Cluster'>;
type HttpFilter = Input<'envoy.extensions.filters.network.http_connection_manager.v3.HttpFilter'>;
type Http2Options = Input<'envoy.config.core.v3.Http2ProtocolOptions'>;
type HttpOptions = Input<'envoy.config.core.v3.HttpProtocolOptions'>;

const connectTimeout = msToDuration(5000);

/** No limit at all: what a sidecar hands its own application was admitted by others. */
const unlimited = { value: 4_294_967_295 };

/** Below the 5 s after which Node closes an idle connection, so that a request never meets one that is being closed. */
const applicationIdleMs = 3000;

/** The CDS resource of one port of a service, or of one version of it. */
export function outboundCluster(
  { service, subset }: Destination,
  port: ServicePort,
  policy: EffectiveTrafficPolicy,
  abilities: Abilities,
  callers: readonly CallersAt[],
): Cluster {
  const protocol = protocolFor(service.declarationOf(port).protocol, abilities);
  const target = { host: service.host, port: port.port, subset };
  const name = outboundClusterName(target);
  return {
    name,
    type: 'EDS',
    eds_cluster_config: { eds_config: adsSource, service_name: name },
    ...trafficFields(policy, abilities, service.host, protocol),
    transport_socket_matches: [
      {
        name: 'heddle-mtls',
        match: toStruct({ tlsMode: TLS_MODE_HEDDLE }),
        transport_socket: upstreamTls(
          upstreamSni(target),
          service.identities,
          meshAlpn(protocol, abilities),
          abilities,
        ),
      },
      // Matches what the first did not: endpoints without a sidecar.
      { name: 'plaintext', match: {}, transport_socket: plaintext() },
    ],
    ...requestOptions(policy, abilities, protocol),
    metadata: {
      filter_metadata: {
        [ISTIO_METADATA]: toStruct({
          services: [{ host: service.host, name: service.name, namespace: service.namespace }],
          ...(subset !== '' && { subset }),
        }),
        ...(callers.length > 0 && formatCallers(callers)),
        ...(policy.maxRestMs > 0 && formatMaxRest(policy.maxRestMs)),
        ...formatPolicyMetadata({ circuitBreaker: policy.owners.circuitBreaker }),
      },
    },
  };
}

/** How callers talk to whatever the endpoints of a cluster are. */
export function trafficFields(
  policy: EffectiveTrafficPolicy,
  abilities: Abilities,
  host: string,
  protocol: PortProtocol,
): Cluster {
  const check = abilities.healthChecks ? healthCheck(policy.activeHealthCheck, host, protocol) : null;
  const outliers = outlierDetection(policy.outlierDetection, abilities);
  return {
    connect_timeout: msToDuration(policy.connectTimeoutMs),
    // For clients that do not read load_balancing_policy; every client has this one.
    lb_policy: 'ROUND_ROBIN',
    load_balancing_policy: { policies: balancers(policy.loadBalancer, abilities) },
    ...(policy.panicThresholdPercent !== builtInTrafficPolicy.panicThresholdPercent && {
      common_lb_config: { healthy_panic_threshold: { value: policy.panicThresholdPercent } },
    }),
    circuit_breakers: circuitBreakers(policy, abilities),
    ...keepalive(policy, abilities),
    ...(outliers !== null && { outlier_detection: outliers }),
    // An instance that is no longer listed has left, whatever it answers.
    ...(check !== null && { health_checks: [check], ignore_health_on_host_removal: true }),
  };
}

/** What is sent where nothing else is. An Envoy is told what our sidecars cannot do otherwise, so that both do the same. */
export function keepalive(
  { tcpKeepaliveMs }: EffectiveTrafficPolicy,
  abilities: Pick<Abilities, 'tcpKeepalive'>,
): Pick<Cluster, 'upstream_connection_options'> {
  if (tcpKeepaliveMs === 0 || !abilities.tcpKeepalive) return {};
  return {
    upstream_connection_options: {
      tcp_keepalive: {
        keepalive_probes: { value: TCP_KEEPALIVE_PROBES },
        keepalive_time: { value: tcpKeepaliveMs / 1000 },
        keepalive_interval: { value: TCP_KEEPALIVE_INTERVAL_S },
      },
    },
  };
}

/** How requests are sent; nothing where bytes are carried. */
export function requestOptions(
  policy: EffectiveTrafficPolicy,
  abilities: Abilities,
  protocol: PortProtocol,
): Pick<Cluster, 'typed_extension_protocol_options'> {
  if (protocol === 'tcp') return {};
  return {
    typed_extension_protocol_options: httpOptions(
      spokenHttp(protocol, abilities, http2Settings(policy, abilities)),
      {
        ...(policy.connectionIdleTimeoutMs !== builtInTrafficPolicy.connectionIdleTimeoutMs && {
          idle_timeout: msToDuration(policy.connectionIdleTimeoutMs),
        }),
        ...(abilities.durations &&
          policy.maxConnectionDurationMs > 0 && {
            max_connection_duration: msToDuration(policy.maxConnectionDurationMs),
          }),
        ...(policy.maxRequestsPerConnection > 0 && {
          max_requests_per_connection: { value: policy.maxRequestsPerConnection },
        }),
      },
      abilities.stock ? filtersOfTries(policy) : [],
    ),
  };
}

function http2Settings(
  { http2: { maxConcurrentStreams, streamWindowBytes, connectionWindowBytes } }: EffectiveTrafficPolicy,
  abilities: Pick<Abilities, 'http2Settings'>,
): Http2Options {
  if (!abilities.http2Settings) return {};
  return {
    ...(maxConcurrentStreams !== null && { max_concurrent_streams: { value: maxConcurrentStreams } }),
    ...(streamWindowBytes !== null && { initial_stream_window_size: { value: streamWindowBytes } }),
    ...(connectionWindowBytes !== null && { initial_connection_window_size: { value: connectionWindowBytes } }),
  };
}

/** The application behind a sidecar, at the port it listens on. It is spoken to as its callers speak. */
export function inboundCluster(port: number, abilities: Abilities): Cluster {
  const name = inboundClusterName(port);
  return {
    name,
    type: 'STATIC',
    connect_timeout: connectTimeout,
    lb_policy: 'ROUND_ROBIN',
    circuit_breakers: {
      thresholds: [
        {
          max_connections: unlimited,
          max_pending_requests: unlimited,
          max_requests: unlimited,
          max_retries: unlimited,
        },
      ],
    },
    typed_extension_protocol_options: httpOptions(spokenHttp('auto', abilities), {
      idle_timeout: msToDuration(applicationIdleMs),
    }),
    load_assignment: {
      cluster_name: name,
      endpoints: [{ lb_endpoints: [{ endpoint: { address: socketAddress('127.0.0.1', port) } }] }],
    },
  };
}

/** Wherever the request itself says: the sidecar resolves its authority. */
export function passthroughCluster(abilities: Abilities): Cluster {
  return {
    name: PASSTHROUGH_CLUSTER,
    type: 'ORIGINAL_DST',
    connect_timeout: connectTimeout,
    lb_policy: 'CLUSTER_PROVIDED',
    ...(abilities.http2 && { typed_extension_protocol_options: httpOptions(spokenHttp('auto', abilities), {}) }),
  };
}

/** Nowhere: takes the share of backends that do not exist. */
export const blackHoleCluster: Cluster = {
  name: BLACK_HOLE_CLUSTER,
  type: 'STATIC',
  connect_timeout: connectTimeout,
  lb_policy: 'ROUND_ROBIN',
};

type SpokenHttp = Pick<
  Input<'envoy.extensions.upstreams.http.v3.HttpProtocolOptions'>,
  'explicit_http_config' | 'use_downstream_protocol_config'
>;

/** Which HTTP the endpoints are spoken to in: the declared one, or the client's own. */
function spokenHttp(
  protocol: Exclude<PortProtocol, 'tcp'>,
  { http2, upgrade }: Abilities,
  settings: Http2Options = {},
): SpokenHttp {
  const options = upgrade ? { allow_connect: true, ...settings } : settings;
  if (protocol === 'http2') return { explicit_http_config: { http2_protocol_options: options } };
  return protocol === 'auto' && http2
    ? { use_downstream_protocol_config: { http_protocol_options: {}, http2_protocol_options: options } }
    : { explicit_http_config: { http_protocol_options: {} } };
}

function httpOptions(
  spoken: SpokenHttp,
  common: HttpOptions,
  filters: HttpFilter[] = [],
): NonNullable<Cluster['typed_extension_protocol_options']> {
  return {
    [HTTP_PROTOCOL_OPTIONS]: pack('envoy.extensions.upstreams.http.v3.HttpProtocolOptions', {
      common_http_protocol_options: common,
      ...spoken,
      ...(filters.length > 0 && { http_filters: filters }),
    }),
  };
}

import type { Http2Limits } from '../http2/http2-limits.ts';
import type { Http2KeepAlive } from '../http2/peer-liveness.ts';
import type { CircuitBreakerLimits } from '../resilience/circuit-breaker.ts';
import { defaultLimits } from '../resilience/circuit-breaker.ts';
import type { HealthCheckSettings } from '../resilience/health-check/health-check-settings.ts';
import { defaultPanicThresholdPercent } from '../resilience/healthy-set.ts';
import type { OutlierSettings } from '../resilience/outlier/outlier-settings.ts';
import type { OriginTlsConfig } from '../upstream/dial-origin.ts';
import type { BalancerConfig } from './balancer-config.ts';
import { plainBalancer } from './balancer-config.ts';
import type { Place } from './place.ts';

/**
 * A destination as the control plane describes it, in plain numbers and unions: what a validated
 * `envoy.config.cluster.v3.Cluster` compiles to. All durations in milliseconds, 0 meaning none.
 */
export interface ClusterConfig {
  readonly name: string;
  /**
   * `eds`: endpoints come by name; `static`: they stand in `endpoints`; `dns`: so do names, whose addresses they are;
   * `passthrough`: the request's own authority.
   */
  readonly discovery: 'eds' | 'static' | 'dns' | 'passthrough';
  /** Resource name to ask EDS for; the cluster's name unless `service_name` says otherwise. */
  readonly edsName: string;
  readonly endpoints: readonly EndpointConfig[];
  /** Fully qualified host of the service, `cart.default.svc.cluster.local`; empty for inbound and passthrough. */
  readonly serviceHost: string;
  readonly serviceName: string;
  readonly serviceNamespace: string;
  /**
   * Version of HTTP spoken to the endpoints; `downstream` is the one in which the request came
   * (`HttpProtocolOptions.use_downstream_protocol_config`). Default `http1`.
   */
  readonly upstreamProtocol: 'http1' | 'http2' | 'downstream';
  /** Time for TCP and TLS together. Default 5000 (`Cluster.connect_timeout`). */
  readonly connectTimeoutMs: number;
  /** A connection on which no byte moves is asked for a sign of life after this long; 0, the default, is never (`tcp_keepalive`). */
  readonly tcpKeepaliveMs: number;
  /** An idle pooled connection is closed after this long; infinite for never. Default 3 600 000, 3000 towards applications. */
  readonly idleTimeoutMs: number;
  /** A connection that has been open for so long takes no other request; 0, the default, is no bound. */
  readonly maxConnectionDurationMs: number;
  /** A connection is closed when it has carried as many; 0, the default, is no bound. */
  readonly maxRequestsPerConnection: number;
  /**
   * When a silent connection of HTTP/2 is asked for a sign of life (`connection_keepalive`). Null, the default: every 15 s
   * towards other sidecars, otherwise never.
   */
  readonly http2KeepAlive: Http2KeepAlive | null;
  /** Streams and windows of connections of HTTP/2; null, the default, is the sidecar's own. */
  readonly http2Limits: Http2Limits | null;
  readonly balancer: BalancerConfig;
  readonly circuitBreaker: CircuitBreakerLimits;
  /** Of requests whose route has priority HIGH; they have connections of their own. */
  readonly highPriority: CircuitBreakerLimits;
  /** Infinite, the default, is no bound. */
  readonly maxConnectionsPerEndpoint: number;
  /** Who says which of these limits; none for those that are defaults. As `PolicyOrigins.circuitBreaker`. */
  readonly limitOrigins: readonly string[];
  /** Null when outlier detection is off. */
  readonly outlierDetection: OutlierSettings | null;
  /** Null where endpoints are not asked how they are. */
  readonly healthCheck: HealthCheckSettings | null;
  /** Below this share of healthy endpoints health is ignored. Default 50 (`healthy_panic_threshold`). */
  readonly panicThresholdPercent: number;
  /** For how long, at most, an endpoint is passed over that asks for it with `Retry-After`; 0, the default, heeds none. */
  readonly maxRestMs: number;
  /** How names are looked up; null where there are none. */
  readonly dns: DnsSettings | null;
  /** How to speak to endpoints that are not meshed; null for plaintext. */
  readonly originTls: OriginTlsConfig | null;
  /** How to speak to endpoints marked as meshed; null where the cluster has no such transport socket. */
  readonly meshTls: UpstreamTlsConfig | null;
}

/** A cluster of which nothing more is said: Envoy's defaults, and no endpoints. */
export function defaultClusterConfig(name: string): ClusterConfig {
  return {
    name,
    discovery: 'static',
    edsName: '',
    endpoints: [],
    serviceHost: '',
    serviceName: '',
    serviceNamespace: '',
    upstreamProtocol: 'http1',
    connectTimeoutMs: 5_000,
    tcpKeepaliveMs: 0,
    idleTimeoutMs: 3_600_000,
    maxConnectionDurationMs: 0,
    maxRequestsPerConnection: 0,
    http2KeepAlive: null,
    http2Limits: null,
    balancer: plainBalancer('round-robin'),
    circuitBreaker: defaultLimits,
    highPriority: defaultLimits,
    maxConnectionsPerEndpoint: Number.POSITIVE_INFINITY,
    limitOrigins: [],
    outlierDetection: null,
    healthCheck: null,
    panicThresholdPercent: defaultPanicThresholdPercent,
    maxRestMs: 0,
    dns: null,
    originTls: null,
    meshTls: null,
  };
}

/** How the names of a cluster are looked up. */
export interface DnsSettings {
  /** Where the time to live is not known, or does not count. Default 5000 (`dns_refresh_rate`). */
  readonly refreshMs: number;
  readonly respectsTtl: boolean;
  /** After a look-up that failed; doubles with each to the second. */
  readonly failureBaseMs: number;
  readonly failureMaxMs: number;
  readonly family: DnsFamily;
}

/** Which addresses of a name are used. */
export type DnsFamily = 'v4' | 'v6' | 'v4-preferred' | 'v6-preferred' | 'all';

/** TLS towards another sidecar. */
export interface UpstreamTlsConfig {
  readonly sni: string;
  readonly alpnProtocols: readonly string[];
  /** Any one of these SPIFFE ids may answer; never empty. From the Service, never from the endpoint. */
  readonly expectedIdentities: readonly string[];
}

/** One instance behind a cluster: what an `envoy.config.endpoint.v3.LbEndpoint` compiles to. */
export interface EndpointConfig {
  /** `address:port`, IPv6 in brackets: the key by which an endpoint is the same before and after an update. */
  readonly key: string;
  readonly address: string;
  readonly port: number;
  /** Has a sidecar: spoken to with `meshTls`, never in plaintext. */
  readonly isMeshed: boolean;
  /** Workload name, `cart-v1-1`; `unknown` when the control plane did not say. */
  readonly workload: string;
  readonly namespace: string;
  readonly service: string;
  readonly version: string;
  /** Default 1. */
  readonly weight: number;
  /** `degraded`: to be used when the healthy ones are not enough. */
  readonly health: 'healthy' | 'degraded' | 'draining' | 'unhealthy';
  readonly place: Place;
}

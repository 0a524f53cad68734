import { optionalDurationMs } from './gateway-duration.ts';
import type { PolicyOwners } from './policy-owners.ts';
import { noPolicyOwners } from './policy-owners.ts';
import type { EffectiveBandwidthLimit } from './traffic-policy/bandwidth-limit.ts';
import { effectiveBandwidthLimit, noBandwidthLimit } from './traffic-policy/bandwidth-limit.ts';
import type { HighPriorityLimits } from './traffic-policy/circuit-breaker.ts';
import type { ConnectionRate } from './traffic-policy/connection-rate.ts';
import type { EffectiveActiveHealthCheck } from './traffic-policy/effective-active-health-check.ts';
import { effectiveActiveHealthCheck } from './traffic-policy/effective-active-health-check.ts';
import type { EffectiveLoadBalancer } from './traffic-policy/effective-load-balancer.ts';
import { builtInLoadBalancer, effectiveLoadBalancer } from './traffic-policy/effective-load-balancer.ts';
import type { EffectiveOutlierDetection } from './traffic-policy/effective-outlier-detection.ts';
import { builtInOutlierDetection, effectiveOutlierDetection } from './traffic-policy/effective-outlier-detection.ts';
import type { EffectiveRetry } from './traffic-policy/effective-retry.ts';
import { builtInRetry, effectiveRetry } from './traffic-policy/effective-retry.ts';
import type { WrittenFallback } from './traffic-policy/fallback.ts';
import type { EffectiveHttp2 } from './traffic-policy/http2-settings.ts';
import { builtInHttp2, windowBytes } from './traffic-policy/http2-settings.ts';
import type { WrittenAdaptiveConcurrency, WrittenAdmissionControl } from './traffic-policy/overload.ts';
import type { GlobalRateLimitRule, RateLimitRule } from './traffic-policy/rate-limit.ts';
import { quantityBytes } from './traffic-policy/request-buffer.ts';
import type { TrafficPolicy } from './traffic-policy.ts';

/** How callers talk to one port of a backend, with nothing left open. Durations of 0 mean "no such limit". */
export interface EffectiveTrafficPolicy {
  readonly loadBalancer: EffectiveLoadBalancer;
  /** 0 is never. */
  readonly panicThresholdPercent: number;
  readonly maxConnections: number;
  readonly maxPendingRequests: number;
  readonly maxParallelRequests: number;
  /** Towards each instance; null is no limit of its own. */
  readonly maxConnectionsPerEndpoint: number | null;
  /** Of requests of high priority; null leaves them to the client's defaults. */
  readonly highPriority: HighPriorityLimits | null;
  /** 0 is unlimited. */
  readonly maxRequestsPerConnection: number;
  /** What keeps retries from becoming a load of their own: a share of the requests under way, or a fixed number. */
  readonly retryLimit:
    | { readonly kind: 'budget'; readonly percent: number; readonly minRetryConcurrency: number }
    | { readonly kind: 'fixed'; readonly maxParallelRetries: number };
  readonly outlierDetection: EffectiveOutlierDetection;
  /** Null: endpoints are not asked how they are. */
  readonly activeHealthCheck: EffectiveActiveHealthCheck | null;
  readonly retry: EffectiveRetry;
  /** Requests beyond these are refused by the callee's sidecar. */
  readonly rateLimit: readonly RateLimitRule[];
  /** The same, counted for all instances together. Of the two lists one is empty. */
  readonly globalRateLimit: readonly GlobalRateLimitRule[];
  /** TCP connections beyond it are closed by the callee's sidecar; null is no limit. */
  readonly connectionRate: ConnectionRate | null;
  /** As what rules that say `shared` count; empty where they count by port, as those of Mesh do. */
  readonly sharedCount: string;
  readonly owners: PolicyOwners;
  /** Larger bodies are refused by the callee's sidecar; 0 is no limit. */
  readonly maxRequestBodyBytes: number;
  /** Bodies pass no faster through the callee's sidecar. */
  readonly bandwidthLimit: EffectiveBandwidthLimit;
  /** In the callee's sidecar; null is off. */
  readonly adaptiveConcurrency: WrittenAdaptiveConcurrency | null;
  /** In the callers' sidecars; null is off. */
  readonly admissionControl: WrittenAdmissionControl | null;
  /** For how long, at most, an instance is passed over that asks for it; 0 heeds none. */
  readonly maxRestMs: number;
  /** For requests that cannot be sent; null answers them 503. */
  readonly fallback: WrittenFallback | null;
  readonly connectTimeoutMs: number;
  /** Time without a byte after which the other end is asked for a sign of life; 0 is never. */
  readonly tcpKeepaliveMs: number;
  readonly http2: EffectiveHttp2;
  readonly requestTimeoutMs: number;
  readonly connectionIdleTimeoutMs: number;
  readonly streamIdleTimeoutMs: number;
  readonly maxConnectionDurationMs: number;
  readonly maxStreamDurationMs: number;
  readonly maxGrpcTimeoutMs: number;
}

/**
 * What holds when nobody says anything. The numbers are Envoy's unless a reason stands beside them.
 *
 * Sources: Envoy `cluster.proto`, `circuit_breaker.proto`, `outlier_detection.proto`, `route_components.proto`.
 */
export const builtInTrafficPolicy: EffectiveTrafficPolicy = {
  loadBalancer: builtInLoadBalancer,
  panicThresholdPercent: 50,
  maxConnections: 1024,
  maxPendingRequests: 1024,
  maxParallelRequests: 1024,
  maxConnectionsPerEndpoint: null,
  highPriority: null,
  maxRequestsPerConnection: 0,
  // Envoy's default is 3 retries at a time, which is nothing for a busy service; its budget has these numbers
  retryLimit: { kind: 'budget', percent: 20, minRetryConcurrency: 3 },
  outlierDetection: builtInOutlierDetection,
  activeHealthCheck: null,
  retry: builtInRetry,
  rateLimit: [],
  globalRateLimit: [],
  connectionRate: null,
  sharedCount: '',
  owners: noPolicyOwners,
  maxRequestBodyBytes: 0,
  bandwidthLimit: noBandwidthLimit,
  adaptiveConcurrency: null,
  admissionControl: null,
  maxRestMs: 0,
  fallback: null,
  connectTimeoutMs: 5000,
  tcpKeepaliveMs: 0,
  http2: builtInHttp2,
  // none, as Istio and Linkerd: Envoy's 15 s breaks every slow upload and download
  requestTimeoutMs: 0,
  connectionIdleTimeoutMs: 3_600_000,
  streamIdleTimeoutMs: 300_000,
  maxConnectionDurationMs: 0,
  maxStreamDurationMs: 0,
  maxGrpcTimeoutMs: 0,
};

/**
 * Fills in a policy from layers, the most specific first: a field comes from the first layer that has it, and from
 * {@link builtInTrafficPolicy} when none has.
 *
 * Fields that only make sense together come from one layer: see `effectiveRetry`, and the two ways to limit retries.
 */
export function effectiveTrafficPolicy(layers: readonly TrafficPolicy[]): EffectiveTrafficPolicy {
  const base = builtInTrafficPolicy;
  const first = <T>(pick: (layer: TrafficPolicy) => T | null | undefined, fallback: T): T =>
    layers.map(pick).find((value) => value !== undefined && value !== null) ?? fallback;
  return {
    loadBalancer: effectiveLoadBalancer(layers.map(({ loadBalancer }) => loadBalancer)),
    panicThresholdPercent: first(({ healthCheck }) => healthCheck?.panicThreshold, base.panicThresholdPercent),
    maxConnections: first(({ circuitBreaker }) => circuitBreaker?.maxConnections, base.maxConnections),
    maxPendingRequests: first(({ circuitBreaker }) => circuitBreaker?.maxPendingRequests, base.maxPendingRequests),
    maxParallelRequests: first(({ circuitBreaker }) => circuitBreaker?.maxParallelRequests, base.maxParallelRequests),
    maxConnectionsPerEndpoint: first(
      ({ circuitBreaker }) => circuitBreaker?.perEndpoint?.maxConnections,
      base.maxConnectionsPerEndpoint,
    ),
    highPriority: first(({ circuitBreaker }) => circuitBreaker?.highPriority, base.highPriority),
    maxRequestsPerConnection: first(
      ({ circuitBreaker }) => circuitBreaker?.maxRequestsPerConnection,
      base.maxRequestsPerConnection,
    ),
    retryLimit: first(retryLimitOf, base.retryLimit),
    activeHealthCheck: effectiveActiveHealthCheck(layers.map(({ healthCheck }) => healthCheck?.active)),
    outlierDetection: effectiveOutlierDetection(layers.map(({ healthCheck }) => healthCheck?.passive)),
    retry: effectiveRetry(layers.map(({ retry }) => retry)),
    // a layer that counts in one way is not added to by one that counts in the other
    rateLimit: first(({ rateLimit }) => rateLimit && (rateLimit.local?.rules ?? base.rateLimit), base.rateLimit),
    globalRateLimit: first(
      ({ rateLimit }) => rateLimit && (rateLimit.global?.rules ?? base.globalRateLimit),
      base.globalRateLimit,
    ),
    connectionRate:
      layers.find(({ rateLimit }) => rateLimit)?.rateLimit?.local?.tcp?.connectionRate ?? base.connectionRate,
    sharedCount: base.sharedCount,
    owners: base.owners,
    adaptiveConcurrency: first(({ adaptiveConcurrency }) => adaptiveConcurrency, base.adaptiveConcurrency),
    admissionControl: first(({ admissionControl }) => admissionControl, base.admissionControl),
    maxRestMs: first(({ retryAfter }) => optionalDurationMs(retryAfter?.maxWait), base.maxRestMs),
    fallback: first(({ fallback }) => fallback, base.fallback),
    maxRequestBodyBytes: first(
      ({ requestBuffer }) => requestBuffer && quantityBytes(requestBuffer.limit),
      base.maxRequestBodyBytes,
    ),
    bandwidthLimit: effectiveBandwidthLimit(layers.map(({ bandwidthLimit }) => bandwidthLimit)),
    connectTimeoutMs: first(({ timeout }) => optionalDurationMs(timeout?.tcp?.connectTimeout), base.connectTimeoutMs),
    tcpKeepaliveMs: first(({ tcpKeepalive }) => optionalDurationMs(tcpKeepalive?.idleTime), base.tcpKeepaliveMs),
    http2: {
      maxConcurrentStreams: first(({ http2 }) => http2?.maxConcurrentStreams, base.http2.maxConcurrentStreams),
      streamWindowBytes: first(
        ({ http2 }) => windowBytes(http2?.initialStreamWindowSize),
        base.http2.streamWindowBytes,
      ),
      connectionWindowBytes: first(
        ({ http2 }) => windowBytes(http2?.initialConnectionWindowSize),
        base.http2.connectionWindowBytes,
      ),
    },
    requestTimeoutMs: first(({ timeout }) => optionalDurationMs(timeout?.http?.requestTimeout), base.requestTimeoutMs),
    connectionIdleTimeoutMs: first(
      ({ timeout }) => optionalDurationMs(timeout?.http?.connectionIdleTimeout),
      base.connectionIdleTimeoutMs,
    ),
    maxConnectionDurationMs: first(
      ({ timeout }) => optionalDurationMs(timeout?.http?.maxConnectionDuration),
      base.maxConnectionDurationMs,
    ),
    maxStreamDurationMs: first(
      ({ timeout }) => optionalDurationMs(timeout?.http?.maxStreamDuration),
      base.maxStreamDurationMs,
    ),
    maxGrpcTimeoutMs: first(({ timeout }) => optionalDurationMs(timeout?.http?.maxGrpcTimeout), base.maxGrpcTimeoutMs),
    streamIdleTimeoutMs: first(
      ({ timeout }) => optionalDurationMs(timeout?.http?.streamIdleTimeout),
      base.streamIdleTimeoutMs,
    ),
  };
}

function retryLimitOf({
  circuitBreaker,
  retryBudget,
}: TrafficPolicy): EffectiveTrafficPolicy['retryLimit'] | undefined {
  if (circuitBreaker?.maxParallelRetries !== undefined) {
    return { kind: 'fixed', maxParallelRetries: circuitBreaker.maxParallelRetries };
  }
  if (retryBudget === undefined) return undefined;
  const { percent = 20, minRetryConcurrency = 3 } = retryBudget;
  return { kind: 'budget', percent, minRetryConcurrency };
}

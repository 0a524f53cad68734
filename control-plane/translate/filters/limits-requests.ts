import type { EffectiveTrafficPolicy } from '../../model/effective-traffic-policy.ts';
import { isLimited } from './bandwidth-limits.ts';

/** What each field refuses of the requests to an instance, where it does; null for what its callers' sidecars see to. */
type Refusals = {
  readonly [Field in keyof EffectiveTrafficPolicy]: ((value: EffectiveTrafficPolicy[Field]) => boolean) | null;
};

/** The compiler says when a field is left out. */
const refusals: Refusals = {
  rateLimit: (rules) => rules.length > 0,
  globalRateLimit: (rules) => rules.length > 0,
  maxRequestBodyBytes: (max) => max > 0,
  bandwidthLimit: isLimited,
  // it measures how long requests take, of which carried bytes have none
  adaptiveConcurrency: null,
  sharedCount: null,
  // it is about what is carried
  connectionRate: null,
  owners: null,
  loadBalancer: null,
  panicThresholdPercent: null,
  maxConnections: null,
  maxPendingRequests: null,
  maxParallelRequests: null,
  maxConnectionsPerEndpoint: null,
  highPriority: null,
  maxRequestsPerConnection: null,
  retryLimit: null,
  outlierDetection: null,
  activeHealthCheck: null,
  retry: null,
  admissionControl: null,
  maxRestMs: null,
  fallback: null,
  connectTimeoutMs: null,
  tcpKeepaliveMs: null,
  http2: null,
  requestTimeoutMs: null,
  connectionIdleTimeoutMs: null,
  streamIdleTimeoutMs: null,
  maxConnectionDurationMs: null,
  maxStreamDurationMs: null,
  maxGrpcTimeoutMs: null,
};

/**
 * Whether bytes that nobody reads would go past the policy. A port that nobody has declared is no exception: what a sidecar
 * does not take for HTTP, such as two empty lines before a request, is a request to many an application.
 */
export function limitsRequests(policy: EffectiveTrafficPolicy): boolean {
  return (Object.keys(refusals) as (keyof Refusals)[]).some((field) => refuses(field, policy));
}

function refuses<Field extends keyof Refusals>(field: Field, policy: EffectiveTrafficPolicy): boolean {
  const refusal: Refusals[Field] = refusals[field];
  return refusal?.(policy[field]) ?? false;
}

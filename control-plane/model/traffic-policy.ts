import { z } from 'zod';
import { crossCheck } from './cross-check.ts';
import { durationMs, durationSchema } from './gateway-duration.ts';
import { elsewhere, notYetSupported, supportedWord } from './not-yet-supported.ts';
import { countSchema, limitSchema, maxUint32, percentSchema, positiveDurationSchema } from './traffic-policy/fields.ts';
import { retrySchema } from './traffic-policy/retry.ts';

const loadBalancerSchema = z.object({
  type: supportedWord(['RoundRobin', 'LeastRequest', 'Random'], ['ConsistentHash', 'BackendUtilization']),
  consistentHash: notYetSupported('consistentHash'),
  endpointOverride: notYetSupported('endpointOverride'),
  slowStart: notYetSupported('slowStart'),
  zoneAware: notYetSupported('zoneAware'),
});

/** Limits of one sidecar towards one backend; what exceeds them is answered 503 `UO` at once. */
const circuitBreakerSchema = z.object({
  maxConnections: limitSchema,
  /** Requests that wait for a connection. */
  maxPendingRequests: limitSchema,
  maxParallelRequests: limitSchema,
  /** Takes the place of the retry budget: a fixed number of retries under way at one time. */
  maxParallelRetries: limitSchema,
  /** 0 is unlimited. */
  maxRequestsPerConnection: limitSchema,
  perEndpoint: notYetSupported('circuitBreaker.perEndpoint'),
});

/** Outlier detection: an endpoint that fails is left out for a while. */
const passiveHealthCheckSchema = z
  .object({
    /** 5xx answers and connection failures in a row that eject an endpoint; 0 turns ejection off. */
    consecutive5XxErrors: countSchema(0, maxUint32),
    /** How often ejected endpoints are looked at for their return. */
    interval: positiveDurationSchema,
    /** The first ejection lasts this long; each further one as much longer. */
    baseEjectionTime: positiveDurationSchema,
    /** No ejection lasts longer (Envoy `max_ejection_time`; Envoy Gateway has no field for it). */
    maxEjectionTime: positiveDurationSchema,
    /** Share of the endpoints that may be out at once; one may always be while another remains. */
    maxEjectionPercent: percentSchema,
    consecutiveGatewayErrors: notYetSupported('consecutiveGatewayErrors'),
    consecutiveLocalOriginFailures: notYetSupported('consecutiveLocalOriginFailures'),
    failurePercentageThreshold: notYetSupported('failurePercentageThreshold'),
    splitExternalLocalOriginErrors: notYetSupported('splitExternalLocalOriginErrors'),
  })
  .check(
    crossCheck(['baseEjectionTime', 'maxEjectionTime'], ({ baseEjectionTime, maxEjectionTime }, report) => {
      if (baseEjectionTime === undefined || maxEjectionTime === undefined) return;
      if (durationMs(maxEjectionTime) < durationMs(baseEjectionTime)) {
        report(['maxEjectionTime'], `shorter than baseEjectionTime (${baseEjectionTime})`);
      }
    }),
  );

const retryBudgetSchema = z.object({
  /** Retries under way may be this share of the requests under way. */
  percent: percentSchema,
  /** That many retries may always be under way. */
  minRetryConcurrency: limitSchema,
});

const timeoutSchema = z.object({
  tcp: z
    .object({
      /** Establishing a connection, TLS handshake included. */
      connectTimeout: positiveDurationSchema,
    })
    .optional(),
  http: z
    .object({
      /** Whole request, retries included; `0s` is none. A route's own `timeouts.request` goes before it. */
      requestTimeout: durationSchema.optional(),
      /** A connection to the backend without a request is closed after this; `0s` is never. */
      connectionIdleTimeout: durationSchema.optional(),
      /** A request in which no byte moves either way ends after this; `0s` is never. */
      streamIdleTimeout: durationSchema.optional(),
      maxConnectionDuration: notYetSupported('maxConnectionDuration'),
      maxStreamDuration: notYetSupported('maxStreamDuration'),
    })
    .optional(),
});

/**
 * How callers talk to a backend: the fields that BackendTrafficPolicy and the defaults of Mesh have in common. Every
 * field is optional; what nobody sets comes from `builtInTrafficPolicy`.
 *
 * Names are Envoy Gateway's. Outlier detection is therefore `healthCheck.passive`: a spec written for Envoy Gateway can
 * be carried over as it stands, and active health checks will stand beside it. `outlierDetection`, the name that Envoy
 * and Istio use for the same thing, is read as an alias and answered as `healthCheck.passive`.
 */
export const trafficPolicyShape = {
  loadBalancer: loadBalancerSchema.optional(),
  circuitBreaker: circuitBreakerSchema.optional(),
  healthCheck: z
    .object({
      passive: passiveHealthCheckSchema.optional(),
      active: notYetSupported('an active health check'),
      panicThreshold: notYetSupported('panicThreshold'),
    })
    .optional(),
  outlierDetection: passiveHealthCheckSchema.optional(),
  retry: retrySchema.optional(),
  retryBudget: retryBudgetSchema.optional(),
  timeout: timeoutSchema.optional(),
  rateLimit: notYetSupported('rateLimit'),
  faultInjection: elsewhere('faultInjection', 'a FaultInjection, which ends by itself'),
  tcpKeepalive: notYetSupported('tcpKeepalive'),
  proxyProtocol: notYetSupported('proxyProtocol'),
  compression: notYetSupported('compression'),
  connection: notYetSupported('connection'),
  dns: notYetSupported('dns'),
  http2: notYetSupported('http2'),
  requestBuffer: notYetSupported('requestBuffer'),
  responseOverride: notYetSupported('responseOverride'),
  telemetry: notYetSupported('telemetry'),
  useClientProtocol: notYetSupported('useClientProtocol'),
};

const trafficPolicySchema = z.object(trafficPolicyShape);
type WrittenTrafficPolicy = z.output<typeof trafficPolicySchema>;

/** Rules between the sections of a policy. */
export const trafficPolicyCheck = crossCheck<WrittenTrafficPolicy>(
  ['circuitBreaker', 'retryBudget', 'healthCheck', 'outlierDetection'],
  ({ circuitBreaker, retryBudget, healthCheck, outlierDetection }, report) => {
    if (circuitBreaker?.maxParallelRetries !== undefined && retryBudget !== undefined) {
      report(
        ['retryBudget'],
        'retryBudget and circuitBreaker.maxParallelRetries both limit retries: write one of them',
      );
    }
    if (outlierDetection !== undefined && healthCheck?.passive !== undefined) {
      report(['outlierDetection'], 'outlierDetection and healthCheck.passive are the same setting: write one of them');
    }
  },
);

/** The sections of a policy as the rest of the control plane reads them: the alias is gone. */
export type TrafficPolicy = Pick<
  WrittenTrafficPolicy,
  'loadBalancer' | 'circuitBreaker' | 'healthCheck' | 'retry' | 'retryBudget' | 'timeout'
>;

/** Moves `outlierDetection` to `healthCheck.passive`. */
export function withoutAliases<T extends WrittenTrafficPolicy>(policy: T): Omit<T, 'outlierDetection'> {
  const { outlierDetection, ...rest } = policy;
  if (outlierDetection === undefined) return rest;
  return { ...rest, healthCheck: { ...rest.healthCheck, passive: outlierDetection } };
}

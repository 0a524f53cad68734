import { z } from 'zod';
import { crossCheck } from './cross-check.ts';
import { durationSchema } from './gateway-duration.ts';
import { elsewhere, notYetSupported } from './not-yet-supported.ts';
import { activeHealthCheckSchema } from './traffic-policy/active-health-check.ts';
import { bandwidthLimitSchema } from './traffic-policy/bandwidth-limit.ts';
import { circuitBreakerSchema } from './traffic-policy/circuit-breaker.ts';
import { fallbackSchema } from './traffic-policy/fallback.ts';
import { limitSchema, percentSchema, positiveDurationSchema } from './traffic-policy/fields.ts';
import { http2Schema } from './traffic-policy/http2-settings.ts';
import { loadBalancerSchema } from './traffic-policy/load-balancer.ts';
import { adaptiveConcurrencySchema, admissionControlSchema } from './traffic-policy/overload.ts';
import { passiveHealthCheckSchema } from './traffic-policy/passive-health-check.ts';
import { rateLimitSchema } from './traffic-policy/rate-limit.ts';
import { requestBufferSchema } from './traffic-policy/request-buffer.ts';
import { retrySchema } from './traffic-policy/retry.ts';
import { retryAfterSchema } from './traffic-policy/retry-after.ts';
import { tcpKeepaliveSchema } from './traffic-policy/tcp-keepalive.ts';

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
      /** A request in which no byte moves either way ends after this, up to 2 s later; `0s` is never. */
      streamIdleTimeout: durationSchema.optional(),
      /** A connection to the backend takes no request after this; `0s`, the default, is never. */
      maxConnectionDuration: durationSchema.optional(),
      /** A request and its answer, or a tunnel, ends after this, whatever moves; `0s`, the default, is never. */
      maxStreamDuration: durationSchema.optional(),
      /**
       * Most that a caller of gRPC may give its call, and what a call has whose caller does not say; `0s`, the default, leaves
       * it to the caller. Envoy `grpc_timeout_header_max`.
       */
      maxGrpcTimeout: durationSchema.optional(),
    })
    .optional(),
});

/**
 * How callers talk to a backend: the fields that BackendTrafficPolicy and the defaults of Mesh have in common. Every
 * field is optional; what nobody sets comes from `builtInTrafficPolicy`.
 *
 * Names are Envoy Gateway's. Outlier detection is therefore `healthCheck.passive`: a spec written for Envoy Gateway can
 * be carried over as it stands, with the active health checks beside it. `outlierDetection`, the name that Envoy
 * and Istio use for the same thing, is read as an alias and answered as `healthCheck.passive`.
 */
export const trafficPolicyShape = {
  loadBalancer: loadBalancerSchema.optional(),
  circuitBreaker: circuitBreakerSchema.optional(),
  healthCheck: z
    .object({
      passive: passiveHealthCheckSchema.optional(),
      active: activeHealthCheckSchema.optional(),
      /**
       * Below this percentage of healthy endpoints health is ignored, for then the judgement is more likely wrong than they are;
       * 0 is never. Default 50.
       */
      panicThreshold: percentSchema,
    })
    .optional(),
  outlierDetection: passiveHealthCheckSchema.optional(),
  retry: retrySchema.optional(),
  retryBudget: retryBudgetSchema.optional(),
  timeout: timeoutSchema.optional(),
  rateLimit: rateLimitSchema.optional(),
  requestBuffer: requestBufferSchema.optional(),
  bandwidthLimit: bandwidthLimitSchema.optional(),
  adaptiveConcurrency: adaptiveConcurrencySchema.optional(),
  admissionControl: admissionControlSchema.optional(),
  fallback: fallbackSchema.optional(),
  retryAfter: retryAfterSchema.optional(),
  faultInjection: elsewhere('faultInjection', 'a FaultInjection, which ends by itself'),
  tcpKeepalive: tcpKeepaliveSchema.optional(),
  proxyProtocol: notYetSupported('proxyProtocol'),
  compression: notYetSupported('compression'),
  connection: notYetSupported('connection'),
  dns: notYetSupported('dns'),
  http2: http2Schema.optional(),
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

/** What a policy can be about. Of two policies of one rank the older one counts, section by section. */
export const policySections = [
  'loadBalancer',
  'circuitBreaker',
  'healthCheck',
  'retry',
  'retryBudget',
  'timeout',
  'rateLimit',
  'requestBuffer',
  'bandwidthLimit',
  'adaptiveConcurrency',
  'admissionControl',
  'fallback',
  'retryAfter',
  'tcpKeepalive',
  'http2',
] as const satisfies readonly (keyof WrittenTrafficPolicy)[];

export type PolicySection = (typeof policySections)[number];

/** The sections of a policy as the rest of the control plane reads them: the alias is gone. */
export type TrafficPolicy = Pick<WrittenTrafficPolicy, PolicySection>;

/** Moves `outlierDetection` to `healthCheck.passive`. */
export function withoutAliases<T extends WrittenTrafficPolicy>(policy: T): Omit<T, 'outlierDetection'> {
  const { outlierDetection, ...rest } = policy;
  if (outlierDetection === undefined) return rest;
  return { ...rest, healthCheck: { ...rest.healthCheck, passive: outlierDetection } };
}

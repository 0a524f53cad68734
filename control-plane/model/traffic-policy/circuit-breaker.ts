import { z } from 'zod';
import { limitSchema } from './fields.ts';

/** Limits of one sidecar towards one backend; what exceeds them is answered 503 `UO` at once. */
export const circuitBreakerSchema = z.object({
  maxConnections: limitSchema,
  /** Requests that wait for a connection. */
  maxPendingRequests: limitSchema,
  maxParallelRequests: limitSchema,
  /** Takes the place of the retry budget: a fixed number of retries under way at one time. */
  maxParallelRetries: limitSchema,
  /** 0 is unlimited. */
  maxRequestsPerConnection: limitSchema,
  /** Limits towards each instance of the backend. */
  perEndpoint: z
    .object({
      /** An instance without any connection gets one whatever this says. */
      maxConnections: limitSchema,
    })
    .optional(),
  /**
   * Limits of requests whose HTTPRoute has the annotation `heddle.dev/priority: High`. They have connections of their own, so
   * that they go on while all others are refused. What is not said is Envoy's default: 1024, and 3 retries.
   */
  highPriority: z
    .object({
      maxConnections: limitSchema,
      maxPendingRequests: limitSchema,
      maxParallelRequests: limitSchema,
      maxParallelRetries: limitSchema,
    })
    .optional(),
});

export type HighPriorityLimits = NonNullable<z.output<typeof circuitBreakerSchema>['highPriority']>;

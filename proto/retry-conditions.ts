/** Conditions of `retry_on` on the status of a gRPC call that ended without a message, and that status. */
export const grpcRetryConditions = {
  cancelled: 1,
  'deadline-exceeded': 4,
  internal: 13,
  'resource-exhausted': 8,
  unavailable: 14,
} as const;

const ofGrpc = Object.keys(grpcRetryConditions) as (keyof typeof grpcRetryConditions)[]; // all of its keys

/**
 * Every condition of `retry_on` that Heddle acts on. `http3-post-connect-failure` is not among them: no sidecar speaks HTTP/3.
 *
 * Source: Envoy router filter, `x-envoy-retry-on` and `x-envoy-retry-grpc-on`.
 */
export const retryConditions = [
  '5xx',
  'gateway-error',
  'reset',
  'reset-before-request',
  'connect-failure',
  'refused-stream',
  'retriable-4xx',
  'retriable-status-codes',
  'retriable-headers',
  'envoy-ratelimited',
  ...ofGrpc,
] as const;

export type RetryCondition = (typeof retryConditions)[number];

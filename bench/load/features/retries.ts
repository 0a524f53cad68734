import type { Feature } from './feature.ts';
import { policy } from './feature.ts';

const everyCondition = 'triggers: [5xx, gateway-error, reset, connect-failure, retriable-4xx, refused-stream]';

/** One retry is the default, within a budget of a fifth of the requests under way. */
export const retries: readonly Feature[] = [
  policy('no-retries', 'retry: { numRetries: 0 }'),
  policy('all-conditions', `retry: { numRetries: 3, retryOn: { ${everyCondition} } }`),
  policy('retry-limit', 'circuitBreaker: { maxParallelRetries: 64 }'),
  policy('per-try-timeout', 'retry: { perRetry: { timeout: 5s } }'),
  policy('hedging', 'retry: { perRetry: { timeout: 5s }, hedgeOnPerTryTimeout: true }'),
  policy('request-timeout', 'timeout: { http: { requestTimeout: 30s } }'),
];

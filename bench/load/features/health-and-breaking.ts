import type { Feature } from './feature.ts';
import { policy } from './feature.ts';

const everyDetector = `consecutive5XxErrors: 5, consecutiveGatewayErrors: 5, splitExternalLocalOriginErrors: true, \
consecutiveLocalOriginFailures: 5, failurePercentageThreshold: 85, successRateStdevFactor: 1900`;

export const healthAndBreaking: readonly Feature[] = [
  policy('no-detector', 'healthCheck: { passive: { consecutive5XxErrors: 0 } }'),
  policy('all-detectors', `healthCheck: { passive: { ${everyDetector} } }`),
  policy('active-checks', 'healthCheck: { active: { type: TCP, tcp: {}, interval: 1s, timeout: 1s } }'),
  policy('circuit-limits', 'circuitBreaker: { maxParallelRequests: 4096, perEndpoint: { maxConnections: 4096 } }'),
  policy('admission-control', 'admissionControl: { successRateThreshold: 50 }'),
  policy('fallback', 'fallback: { directResponse: { statusCode: 200 } }'),
  policy('retry-after', 'retryAfter: { maxWait: 1m }'),
];

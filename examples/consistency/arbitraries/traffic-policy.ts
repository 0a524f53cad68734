import fc from 'fast-check';
import { retryConditions } from '../../../proto/retry-conditions.ts';
import { often, rarely } from './frequency.ts';
import { backendName } from './references.ts';
import { duration, positiveDuration } from './values.ts';

const uint32 = fc.constantFrom(0, 1, 1024, 4_294_967_295);
const percent = fc.constantFrom(0, 0.4, 20, 99.9, 100);
const trigger = fc.constantFrom(...retryConditions);

const passiveHealthCheck = fc.record({
  consecutive5XxErrors: often(uint32),
  interval: rarely(positiveDuration),
  baseEjectionTime: rarely(positiveDuration),
  maxEjectionTime: rarely(positiveDuration),
  maxEjectionPercent: often(percent),
});

const retryOn = fc.oneof(
  fc.record({ triggers: often(fc.array(trigger, { maxLength: 3 })) }),
  fc.record({
    triggers: fc.constant(['retriable-status-codes']),
    httpStatusCodes: fc.array(fc.integer({ min: 100, max: 599 }), { minLength: 1, maxLength: 5 }),
  }),
);

const loadBalancer = fc.oneof(
  fc.record({ type: fc.constantFrom('RoundRobin', 'LeastRequest', 'Random', 'PeakEwma') }),
  fc.record(
    { type: fc.constant('LeastRequest'), slowStart: fc.record({ window: fc.constantFrom('1s', '2m') }) },
    { requiredKeys: ['type'] },
  ),
  fc.record({
    type: fc.constant('ConsistentHash'),
    consistentHash: fc.oneof(
      fc.record({
        type: fc.constant('SourceIP'),
        algorithm: fc.constantFrom('Maglev', 'RingHash'),
        hashBalanceFactor: rarely(fc.constantFrom(100, 150)),
      }),
      fc.record({
        type: fc.constant('Cookie'),
        cookie: fc.record({ name: fc.constant('user'), ttl: fc.constant('1h') }),
      }),
    ),
  }),
  fc.record({
    type: fc.constant('Random'),
    zoneAware: fc.record(
      {
        weightedZones: fc.constantFrom([], [{ zone: 'a', weight: 9 }]),
        overprovisioningFactor: fc.integer({ min: 100, max: 10_000 }),
      },
      { requiredKeys: ['weightedZones'] },
    ),
  }),
);

export const trafficPolicy = fc.record({
  loadBalancer: rarely(loadBalancer),
  circuitBreaker: rarely(
    fc.record({
      maxConnections: often(uint32),
      maxPendingRequests: often(uint32),
      maxParallelRequests: often(uint32),
      maxParallelRetries: rarely(uint32),
      maxRequestsPerConnection: often(uint32),
      perEndpoint: rarely(fc.record({ maxConnections: often(uint32) })),
      highPriority: rarely(fc.record({ maxConnections: often(uint32), maxParallelRetries: rarely(uint32) })),
    }),
  ),
  healthCheck: rarely(fc.record({ passive: often(passiveHealthCheck) })),
  retry: rarely(
    fc.record({
      numRetries: often(fc.constantFrom(0, 1, 100)),
      perRetry: often(
        fc.record({
          timeout: often(positiveDuration),
          idleTimeout: rarely(positiveDuration),
          backOff: often(fc.record({ baseInterval: often(positiveDuration), maxInterval: often(positiveDuration) })),
        }),
      ),
      retryOn: often(retryOn),
      hedgeOnPerTryTimeout: rarely(fc.boolean()),
      bodyBufferLimitBytes: rarely(fc.integer({ min: 0, max: 1_048_576 })),
      retryNonIdempotent: often(fc.boolean()),
    }),
  ),
  tcpKeepalive: rarely(fc.record({ idleTime: rarely(fc.constantFrom('1s', '32767s')) })),
  http2: rarely(
    fc.record({
      maxConcurrentStreams: rarely(fc.constantFrom(1, 2_147_483_647)),
      initialStreamWindowSize: rarely(fc.constantFrom(65_535, '16Mi')),
      initialConnectionWindowSize: rarely(fc.constantFrom('64Ki', 16_777_216)),
    }),
  ),
  retryAfter: rarely(fc.record({ maxWait: rarely(fc.constantFrom('1s', '5m')) })),
  fallback: rarely(
    fc.oneof(
      fc.record({ backendRef: backendName }),
      fc.record({ directResponse: fc.record({ statusCode: rarely(fc.constantFrom(200, 599)) }) }),
    ),
  ),
  adaptiveConcurrency: rarely(
    fc.record({ samplePercentile: rarely(percent), maxConcurrency: rarely(fc.constantFrom(1, 4_294_967_295)) }),
  ),
  admissionControl: rarely(
    fc.record({
      samplingWindow: rarely(fc.constantFrom('1s', '1500ms', '10m')),
      aggression: rarely(fc.constantFrom(1, 1.5, 100)),
      maxRejectionProbability: rarely(percent),
    }),
  ),
  retryBudget: rarely(fc.record({ percent: often(percent), minRetryConcurrency: often(uint32) })),
  timeout: rarely(
    fc.record({
      tcp: often(fc.record({ connectTimeout: often(positiveDuration) })),
      http: often(
        fc.record({
          requestTimeout: often(duration),
          connectionIdleTimeout: often(duration),
          streamIdleTimeout: often(duration),
          maxConnectionDuration: rarely(duration),
          maxStreamDuration: rarely(duration),
          maxGrpcTimeout: rarely(duration),
        }),
      ),
    }),
  ),
});

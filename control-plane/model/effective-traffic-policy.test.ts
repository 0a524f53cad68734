import { describe, expect, it } from 'vitest';
import { builtInTrafficPolicy, effectiveTrafficPolicy } from './effective-traffic-policy.ts';

describe('effectiveTrafficPolicy', () => {
  it('is the built-in policy when nobody says anything', () => {
    expect(effectiveTrafficPolicy([])).toEqual(builtInTrafficPolicy);
    expect(effectiveTrafficPolicy([{}, { retry: {} }])).toEqual(builtInTrafficPolicy);
  });

  it('takes each field from the most specific layer that has it', () => {
    const policy = effectiveTrafficPolicy([
      { circuitBreaker: { maxConnections: 7 } },
      { circuitBreaker: { maxConnections: 9, maxPendingRequests: 8 }, loadBalancer: { type: 'Random' } },
    ]);
    expect(policy).toMatchObject({
      maxConnections: 7,
      maxPendingRequests: 8,
      maxParallelRequests: 1024,
      loadBalancer: { type: 'Random' },
    });
  });

  it('counts requests in one way, that of the most specific layer', () => {
    const rules = [{ limit: { requests: 1, unit: 'Hour' as const } }];
    const local = { rateLimit: { type: 'Local' as const, local: { rules } } };
    const global = { rateLimit: { type: 'Global' as const, global: { rules } } };
    expect(effectiveTrafficPolicy([local, global])).toMatchObject({ rateLimit: rules, globalRateLimit: [] });
    expect(effectiveTrafficPolicy([{}, global, local])).toMatchObject({ rateLimit: [], globalRateLimit: rules });
  });

  it('keeps a zero that somebody wrote', () => {
    const policy = effectiveTrafficPolicy([
      {
        retry: { numRetries: 0 },
        timeout: { http: { streamIdleTimeout: '0s' } },
        circuitBreaker: { maxConnections: 0 },
      },
    ]);
    expect(policy).toMatchObject({ retry: { numRetries: 0 }, streamIdleTimeoutMs: 0, maxConnections: 0 });
  });

  it('does not mix triggers of one layer with status codes of another', () => {
    const policy = effectiveTrafficPolicy([
      { retry: { retryOn: { triggers: ['5xx'] } } },
      { retry: { retryOn: { triggers: ['retriable-status-codes'], httpStatusCodes: [418] } } },
    ]);
    expect(policy.retry).toMatchObject({ triggers: ['5xx'], httpStatusCodes: [] });
  });

  it('lets the most specific layer decide how retries are limited', () => {
    const fixed = { circuitBreaker: { maxParallelRetries: 3 } };
    const budget = { retryBudget: { percent: 50 } };
    expect(effectiveTrafficPolicy([fixed, budget]).retryLimit).toEqual({ kind: 'fixed', maxParallelRetries: 3 });
    expect(effectiveTrafficPolicy([budget, fixed]).retryLimit).toEqual({
      kind: 'budget',
      percent: 50,
      minRetryConcurrency: 3,
    });
  });

  it('backs off to ten times the base when only the base is written, as Envoy', () => {
    const { retry } = effectiveTrafficPolicy([{ retry: { perRetry: { backOff: { baseInterval: '1s' } } } }]);
    expect(retry).toMatchObject({ backOffBaseMs: 1000, backOffMaxMs: 10_000 });
  });

  it('never has a longest ejection shorter than the first', () => {
    const { outlierDetection } = effectiveTrafficPolicy([{ healthCheck: { passive: { baseEjectionTime: '1h' } } }]);
    expect(outlierDetection.maxEjectionTimeMs).toBe(3_600_000);
  });
});

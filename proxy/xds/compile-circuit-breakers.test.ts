import { describe, expect, it } from 'vitest';
import type { Input } from '../../proto/load.ts';
import { defaultLimits } from '../resilience/circuit-breaker.ts';
import { decoded } from '../testing/decoded.ts';
import { compileCircuitBreakers } from './compile-circuit-breakers.ts';

function compile(breakers: Input<'envoy.config.cluster.v3.CircuitBreakers'>) {
  return compileCircuitBreakers(decoded('envoy.config.cluster.v3.CircuitBreakers', breakers));
}

describe('compileCircuitBreakers', () => {
  it("takes Envoy's defaults for all that is not said", () => {
    const defaults = {
      circuitBreaker: defaultLimits,
      highPriority: defaultLimits,
      maxConnectionsPerEndpoint: Number.POSITIVE_INFINITY,
    };
    expect(compileCircuitBreakers(null)).toEqual(defaults);
    expect(compile({ thresholds: [{ priority: 'DEFAULT' }, { priority: 'HIGH' }] })).toEqual(defaults);
  });

  it('reads every limit, for each priority its own', () => {
    const limits = compile({
      thresholds: [
        { priority: 'HIGH', max_requests: { value: 9 } },
        {
          priority: 'DEFAULT',
          max_connections: { value: 1 },
          max_pending_requests: { value: 2 },
          max_requests: { value: 0 },
          max_retries: { value: 4 },
          retry_budget: { budget_percent: { value: 5 }, min_retry_concurrency: { value: 6 } },
        },
      ],
      per_host_thresholds: [{ max_connections: { value: 7 } }],
    });
    expect(limits).toEqual({
      circuitBreaker: {
        maxConnections: 1,
        maxPendingRequests: 2,
        maxRequests: 0,
        maxRetries: 4,
        retryBudgetPercent: 5,
        minRetryConcurrency: 6,
      },
      highPriority: { ...defaultLimits, maxRequests: 9 },
      maxConnectionsPerEndpoint: 7,
    });
  });

  it('has a budget of 20 % where one is asked for without a number', () => {
    expect(compile({ thresholds: [{ retry_budget: {} }] }).circuitBreaker).toEqual({
      ...defaultLimits,
      retryBudgetPercent: 20,
    });
  });
});

import type { CircuitBreakers__Output } from '../../proto/generated/envoy/config/cluster/v3/CircuitBreakers.ts';
import type { ClusterConfig } from '../cluster/cluster-config.ts';
import type { CircuitBreakerLimits } from '../resilience/circuit-breaker.ts';
import { defaultLimits } from '../resilience/circuit-breaker.ts';

type Limits = Pick<ClusterConfig, 'circuitBreaker' | 'highPriority' | 'maxConnectionsPerEndpoint'>;

/** Envoy's defaults where a limit, or all of them, are absent. */
export function compileCircuitBreakers(breakers: CircuitBreakers__Output | null): Limits {
  const perEndpoint = breakers?.per_host_thresholds[0]?.max_connections ?? null;
  return {
    circuitBreaker: limitsOf(breakers, 'DEFAULT'),
    highPriority: limitsOf(breakers, 'HIGH'),
    maxConnectionsPerEndpoint: perEndpoint?.value ?? Number.POSITIVE_INFINITY,
  };
}

function limitsOf(breakers: CircuitBreakers__Output | null, priority: 'DEFAULT' | 'HIGH'): CircuitBreakerLimits {
  const thresholds = breakers?.thresholds.find((candidate) => candidate.priority === priority);
  const budget = thresholds?.retry_budget ?? null;
  return {
    maxConnections: thresholds?.max_connections?.value ?? defaultLimits.maxConnections,
    maxPendingRequests: thresholds?.max_pending_requests?.value ?? defaultLimits.maxPendingRequests,
    maxRequests: thresholds?.max_requests?.value ?? defaultLimits.maxRequests,
    maxRetries: thresholds?.max_retries?.value ?? defaultLimits.maxRetries,
    retryBudgetPercent: budget === null ? 0 : (budget.budget_percent?.value ?? 20),
    minRetryConcurrency: budget?.min_retry_concurrency?.value ?? defaultLimits.minRetryConcurrency,
  };
}

import type { CircuitBreakerLimits } from '../resilience/circuit-breaker.ts';
import type { ClusterConfig } from './cluster-config.ts';

/**
 * The part of a cluster's limits that each of several processes keeps: an equal share, rounded up, so that none of them is
 * left without. All together may so allow up to one less than there are processes in excess. A share of the requests in
 * flight, which the retry budget is, is a share of each process's own.
 */
export function dividedLimits(config: ClusterConfig, processes: number): ClusterConfig {
  if (processes === 1) return config;
  const share = (limit: number) => Math.ceil(limit / processes);
  const divided = (limits: CircuitBreakerLimits): CircuitBreakerLimits => ({
    ...limits,
    maxConnections: share(limits.maxConnections),
    maxPendingRequests: share(limits.maxPendingRequests),
    maxRequests: share(limits.maxRequests),
    maxRetries: share(limits.maxRetries),
    minRetryConcurrency: share(limits.minRetryConcurrency),
  });
  return {
    ...config,
    circuitBreaker: divided(config.circuitBreaker),
    highPriority: divided(config.highPriority),
    maxConnectionsPerEndpoint: share(config.maxConnectionsPerEndpoint),
  };
}

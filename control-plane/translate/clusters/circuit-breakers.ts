import type { Input } from '../../../proto/load.ts';
import type { EffectiveTrafficPolicy } from '../../model/effective-traffic-policy.ts';
import type { HighPriorityLimits } from '../../model/traffic-policy/circuit-breaker.ts';
import type { Abilities } from '../view/abilities.ts';

type CircuitBreakers = Input<'envoy.config.cluster.v3.CircuitBreakers'>;
type Thresholds = NonNullable<CircuitBreakers['thresholds']>[number];

/** The limits of a cluster; a client that knows one priority alone has those of all its requests. */
export function circuitBreakers(
  policy: EffectiveTrafficPolicy,
  { priorities }: Pick<Abilities, 'priorities'>,
): CircuitBreakers {
  const { highPriority, maxConnectionsPerEndpoint } = policy;
  return {
    thresholds: [thresholds(policy), ...(priorities && highPriority !== null ? [highThresholds(highPriority)] : [])],
    ...(priorities &&
      maxConnectionsPerEndpoint !== null && {
        per_host_thresholds: [{ max_connections: { value: maxConnectionsPerEndpoint } }],
      }),
  };
}

function thresholds(policy: EffectiveTrafficPolicy): Thresholds {
  const { retryLimit } = policy;
  return {
    max_connections: { value: policy.maxConnections },
    max_pending_requests: { value: policy.maxPendingRequests },
    max_requests: { value: policy.maxParallelRequests },
    ...(retryLimit.kind === 'fixed'
      ? { max_retries: { value: retryLimit.maxParallelRetries } }
      : {
          retry_budget: {
            budget_percent: { value: retryLimit.percent },
            min_retry_concurrency: { value: retryLimit.minRetryConcurrency },
          },
        }),
  };
}

function highThresholds(limits: HighPriorityLimits): Thresholds {
  const { maxConnections, maxPendingRequests, maxParallelRequests, maxParallelRetries } = limits;
  return {
    priority: 'HIGH',
    ...(maxConnections !== undefined && { max_connections: { value: maxConnections } }),
    ...(maxPendingRequests !== undefined && { max_pending_requests: { value: maxPendingRequests } }),
    ...(maxParallelRequests !== undefined && { max_requests: { value: maxParallelRequests } }),
    ...(maxParallelRetries !== undefined && { max_retries: { value: maxParallelRetries } }),
  };
}

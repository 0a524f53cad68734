import { describe, expect, it } from 'vitest';
import type { ClusterConfig } from './cluster-config.ts';
import { dividedLimits } from './divided-limits.ts';

const circuitBreaker = {
  maxConnections: 1_024,
  maxPendingRequests: 1_024,
  maxRequests: 1_024,
  maxRetries: 3,
  retryBudgetPercent: 20,
  minRetryConcurrency: 3,
};
const config = { name: 'cart', circuitBreaker } as ClusterConfig; // nothing else is looked at

describe('dividedLimits', () => {
  it('is the same object for one process', () => {
    expect(dividedLimits(config, 1)).toBe(config);
  });

  it('gives each process an equal share, rounded up, and never none', () => {
    const share = (processes: number) => {
      const { maxConnections, maxPendingRequests, maxRequests, maxRetries } = dividedLimits(
        config,
        processes,
      ).circuitBreaker;
      return [maxConnections, maxPendingRequests, maxRequests, maxRetries];
    };
    expect(share(2)).toEqual([512, 512, 512, 2]);
    expect(share(3)).toEqual([342, 342, 342, 1]);
    expect(share(64)).toEqual([16, 16, 16, 1]);
    expect(dividedLimits(config, 64).circuitBreaker.retryBudgetPercent).toBe(config.circuitBreaker.retryBudgetPercent);
  });
});

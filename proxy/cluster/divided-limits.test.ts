import { describe, expect, it } from 'vitest';
import { defaultClusterConfig } from './cluster-config.ts';
import { dividedLimits } from './divided-limits.ts';

const config = defaultClusterConfig('cart');

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

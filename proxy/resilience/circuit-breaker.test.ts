import { describe, expect, it } from 'vitest';
import type { CircuitBreakerLimits } from './circuit-breaker.ts';
import { CircuitBreaker } from './circuit-breaker.ts';

const limits: CircuitBreakerLimits = {
  maxConnections: 1,
  maxPendingRequests: 2,
  maxRequests: 100,
  maxRetries: 1,
  retryBudgetPercent: 20,
  minRetryConcurrency: 3,
};

function granted(times: number, acquire: () => boolean): number {
  return Array.from({ length: times }, acquire).filter(Boolean).length;
}

describe('CircuitBreaker', () => {
  it('limits connections, pending requests and requests apart from each other', () => {
    const breaker = new CircuitBreaker(limits);
    expect(granted(5, () => breaker.connections.tryAcquire())).toBe(1);
    expect(granted(5, () => breaker.pendingRequests.tryAcquire())).toBe(2);
    expect(granted(200, () => breaker.requests.tryAcquire())).toBe(100);
  });

  it('lets retries grow and shrink with the requests in flight', () => {
    const breaker = new CircuitBreaker(limits);
    expect(breaker.remainingRetries).toBe(3);
    expect(granted(10, () => breaker.tryAcquireRetry())).toBe(3);
    expect(breaker.retries.overflows).toBe(7);
    for (let i = 0; i < 50; i++) breaker.requests.tryAcquire();
    expect(breaker.remainingRetries).toBe(7);
    expect(granted(10, () => breaker.tryAcquireRetry())).toBe(7);
    for (let i = 0; i < 50; i++) breaker.requests.release();
    expect(breaker.tryAcquireRetry()).toBe(false);
    for (let i = 0; i < 10; i++) breaker.retries.release();
    expect(breaker.remainingRetries).toBe(3);
  });

  it('counts requests that wait for a connection into the budget, once', () => {
    const breaker = new CircuitBreaker({ ...limits, maxPendingRequests: 100 });
    for (let i = 0; i < 50; i++) {
      breaker.requests.tryAcquire();
      breaker.pendingRequests.tryAcquire();
    }
    expect(breaker.remainingRetries).toBe(10);
  });

  it('limits retries by number where there is no budget', () => {
    const breaker = new CircuitBreaker({ ...limits, retryBudgetPercent: 0 });
    for (let i = 0; i < 100; i++) breaker.requests.tryAcquire();
    expect(granted(10, () => breaker.tryAcquireRetry())).toBe(1);
  });

  it('takes new limits and keeps what is in use', () => {
    const breaker = new CircuitBreaker(limits);
    breaker.connections.tryAcquire();
    breaker.tryAcquireRetry();
    breaker.update({ ...limits, maxConnections: 2, retryBudgetPercent: 0, maxRetries: 2 });
    expect(breaker.connections.remaining).toBe(1);
    expect(breaker.remainingRetries).toBe(1);
  });
});

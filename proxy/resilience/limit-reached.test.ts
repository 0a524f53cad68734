import { describe, expect, it } from 'vitest';
import { CircuitBreaker, defaultLimits } from './circuit-breaker.ts';
import { fieldOfLimit } from './limit-reached.ts';

describe('limitReached', () => {
  const breaker = new CircuitBreaker({ ...defaultLimits, maxPendingRequests: 1 });
  const high = new CircuitBreaker({ ...defaultLimits, maxRequests: 10 }, 'highPriority.');

  it.each([
    [breaker.connections, 'limit of 1024 connections reached (circuitBreaker.maxConnections)'],
    [
      breaker.pendingRequests,
      'limit of 1 request that waits for a connection reached (circuitBreaker.maxPendingRequests)',
    ],
    [
      high.requests,
      'limit of 10 requests at a time of high priority reached (circuitBreaker.highPriority.maxParallelRequests)',
    ],
  ])('says which limit and names its field', (limit, text) => {
    expect(limit.refusal).toBe(text);
    expect(fieldOfLimit(text)).toBe(`circuitBreaker.${limit.name}`);
  });

  it('finds no field in other texts', () => {
    expect(fieldOfLimit('too many external addresses are in use')).toBe('');
  });
});

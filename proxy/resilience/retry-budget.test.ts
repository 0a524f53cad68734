import { describe, expect, it } from 'vitest';
import { RetryBudget } from './retry-budget.ts';

describe('RetryBudget', () => {
  it.each([
    { requests: 0, limit: 3 },
    { requests: 19, limit: 3 },
    { requests: 20, limit: 4 },
    { requests: 204, limit: 40 },
  ])('of 20 % and at least 3 allows $limit for $requests requests', ({ requests, limit }) => {
    expect(new RetryBudget(20, 3).limit(requests)).toBe(limit);
  });

  it('may have no minimum', () => {
    expect(new RetryBudget(20, 0).limit(4)).toBe(0);
  });
});

import { describe, expect, it } from 'vitest';
import { RetryBudget } from './retry-budget.ts';

describe('RetryBudget', () => {
  it.each([
    { active: 0, pending: 0, limit: 3 },
    { active: 10, pending: 5, limit: 3 },
    { active: 19, pending: 0, limit: 3 },
    { active: 15, pending: 5, limit: 4 },
    { active: 100, pending: 0, limit: 20 },
    { active: 100, pending: 104, limit: 40 },
  ])('of 20 % and at least 3 allows $limit for $active active and $pending pending requests', (row) => {
    expect(new RetryBudget(20, 3).limit(row.active, row.pending)).toBe(row.limit);
  });

  it('may have no minimum', () => {
    expect(new RetryBudget(20, 0).limit(4, 0)).toBe(0);
  });
});

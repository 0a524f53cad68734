import { describe, expect, it } from 'vitest';
import { ConnectionBudget, noPlace } from './connection-budget.ts';

describe('ConnectionBudget', () => {
  it('lets so many connections stay, each counted once, until they are left', () => {
    const budget = new ConnectionBudget(2);
    const [a, b, c] = [budget.place(), budget.place(), budget.place()];
    expect([a.keep(), a.keep(), b.keep(), c.keep()]).toEqual([true, true, true, false]);
    c.leave();
    expect(c.keep()).toBe(false);
    a.leave();
    a.leave();
    expect([c.keep(), a.keep(), b.keep()]).toEqual([true, false, true]);
  });

  it('has none for a check that keeps no connection', () => {
    expect(noPlace().keep()).toBe(false);
  });
});

import { describe, expect, it } from 'vitest';
import { PatternBudget, routeRoom } from './pattern-budget.ts';
import { MAX_PATTERN_PARTS } from './safe-regex.ts';

const numbered = (count: number, start = 0) => Array.from({ length: count }, (_, index) => `/${start + index}/.*`);

describe('PatternBudget', () => {
  it('has room for so many different patterns', () => {
    const budget = new PatternBudget(routeRoom);
    expect(budget.take(numbered(routeRoom.patterns))).toBe(true);
    expect(budget.take(numbered(routeRoom.patterns))).toBe(true);
    expect(budget.isExceeded).toBe(false);
    expect(budget.take(['one more'])).toBe(false);
    expect(budget.isExceeded).toBe(true);
  });

  it('has room for so many parts, however few the patterns', () => {
    const budget = new PatternBudget(routeRoom);
    const large = (index: number) => `[a-z]{${MAX_PATTERN_PARTS - 10}}${String(index).padStart(7, '0')}`;
    const fit = Math.floor(routeRoom.parts / MAX_PATTERN_PARTS);
    for (let index = 0; index < fit; index++) expect(budget.take([large(index)])).toBe(true);
    expect(budget.take([large(fit)])).toBe(false);
    expect(budget.take(['small'])).toBe(true);
  });

  it('takes all or none', () => {
    const budget = new PatternBudget(routeRoom);
    budget.take(numbered(routeRoom.patterns - 1));
    expect(budget.take(['a', 'b'])).toBe(false);
    expect(budget.take(['b'])).toBe(true);
  });

  it('counts a pattern once and, when it is refused by itself, for nothing', () => {
    const budget = new PatternBudget(routeRoom);
    budget.take(numbered(routeRoom.patterns - 1));
    expect(budget.take(['a', 'a'])).toBe(true);
    const parts = new PatternBudget(routeRoom);
    for (let index = 0; index < 100; index++) expect(parts.take([`a{1000}b{${index}}`])).toBe(true);
  });
});

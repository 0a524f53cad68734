import { describe, expect, it } from 'vitest';
import { olderFirst } from './older-first.ts';

const at = (creationTimestamp: string | null, name = 'a', namespace = 'default') => ({
  ...{ name, namespace },
  creationTimestamp,
});

describe('olderFirst', () => {
  it.each([
    ['the older', at('2026-01-01T00:00:00Z', 'b'), at('2026-01-02T00:00:00Z')],
    ['the older, however the time is written', at('2026-01-01T00:00:00Z', 'b'), at('2026-01-01T00:00:00.500Z')],
    ['the older, in whatever zone', at('2026-01-01T01:00:00+02:00', 'b'), at('2026-01-01T00:00:00Z')],
    ['who says when it was made', at('2026-01-01T00:00:00Z', 'b'), at(null)],
    ['the name, of one age', at('2026-01-01T00:00:00Z', 'a'), at('2026-01-01T00:00:00Z', 'b')],
    ['the namespace, of one age and name', at(null, 'a', 'a'), at(null, 'a', 'b')],
    ['the namespace before the name', at(null, 'b', 'a'), at(null, 'a', 'b')],
  ])('puts %s first', (_what, first, second) => {
    expect(olderFirst(first, second)).toBeLessThan(0);
    expect(olderFirst(second, first)).toBeGreaterThan(0);
    expect(olderFirst(first, first)).toBe(0);
  });
});

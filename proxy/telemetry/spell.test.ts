import { describe, expect, it } from 'vitest';
import { quietMs, Spell } from './spell.ts';

describe('Spell', () => {
  it('begins with the first count and ends after five quiet seconds', () => {
    const spell = new Spell();
    expect(spell.look(0, 0)).toBeNull();
    expect(spell.look(3, 1000)).toBe('begins');
    expect(spell.look(3, 2000)).toBeNull();
    expect(spell.look(4, 3000)).toBeNull();
    expect(spell.look(4, 3000 + quietMs - 1)).toBeNull();
    expect(spell.look(4, 3000 + quietMs)).toBe('ends');
    expect(spell).toMatchObject({ isGoing: false, sinceMs: 1000, count: 4 });
    expect(spell.look(4, 60_000)).toBeNull();
    expect(spell.look(6, 61_000)).toBe('begins');
    expect(spell).toMatchObject({ isGoing: true, sinceMs: 61_000, count: 2 });
  });
});

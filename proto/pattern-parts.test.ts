import fc from 'fast-check';
import { RE2JS } from 're2js';
import { describe, expect, it } from 'vitest';
import { patternParts } from './pattern-parts.ts';

describe('patternParts', () => {
  it.each([
    ['/cart', 5],
    ['[a-z]', 4],
    ['[a-z]{10}', 13],
    ['(ab){20}', 80],
    ['(?:ab){2,5}', 23],
    ['a{3,}', 6],
    ['(?i)a|b', 3],
    ['[]a]{2}', 4],
    ['[[:alpha:]]', 5],
    ['[^\\]\\W]', 7],
    ['\\Qa{2}\\E', 4],
    ['\\x{41}\\x41\\101', 12],
    ['a{,3}', 5],
    ['(?P<name>a)', 3],
  ])('counts those of %s: %d', (pattern, parts) => {
    expect(patternParts(pattern)).toBe(parts);
  });

  it('does not count far below what RE2 makes of any pattern', () => {
    const pieces =
      'a z / . \\d \\W \\. [a-z] [^/] [[:^alpha:]] [\\]a] (?i) | * + ? {3} {2,} {1,7} {0,9} ( (?: ) \\Qb{2}\\E \\x{41} \\101 ^ $ \\b ( )';
    let compiled = 0;
    fc.assert(
      fc.property(fc.array(fc.constantFrom(...pieces.split(' ')), { minLength: 1, maxLength: 20 }), (chosen) => {
        const pattern = chosen.join('');
        const parts = patternParts(pattern);
        if (typeof parts !== 'number' || parts > 2_000) return;
        const size = programSize(pattern);
        if (size === null) return;
        compiled += 1;
        // a program begins and ends with steps of its own
        expect(size).toBeLessThanOrEqual(2 * parts + 4);
      }),
      { numRuns: 5_000 },
    );
    expect(compiled).toBeGreaterThan(500);
  });

  it('reads the worst of texts in the time that its length takes', () => {
    const begin = performance.now();
    for (const piece of ['[', '[:', '(?<', '(?', '\\x{', '\\Q', '{1', '[[:a', '(', '[^]', '\\'])
      patternParts(piece.repeat(4096 / piece.length));
    expect(performance.now() - begin).toBeLessThan(1_000);
  });
});

function programSize(pattern: string): number | null {
  try {
    return RE2JS.compile(pattern).programSize();
  } catch {
    return null;
  }
}

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compileRegex, MAX_PATTERN_PARTS, MAX_PROGRAM_SIZE, regexFault } from './safe-regex.ts';

describe('compileRegex', () => {
  it.each([
    ['/users/[0-9]+', '/users/12', true],
    ['/users/[0-9]+', '/users/12/cart', false],
    ['/users/[0-9]+', '/v1/users/12', false],
    ['a|b', 'b', true],
    ['a|b', 'ab', false],
    ['(?i)canary', 'CaNaRy', true],
    ['v[12]', 'v3', false],
    ['.*', '', true],
  ])('%s takes the whole of a text or nothing: %s', (pattern, text, matches) => {
    expect(compileRegex(pattern).matches(text)).toBe(matches);
  });

  it('takes the literal of any text, and no other text', () => {
    const ascii = fc.string({ unit: fc.integer({ min: 0x20, max: 0x7e }).map(String.fromCharCode), minLength: 1 });
    const property = fc.property(ascii, ascii, (text, other) => {
      const regex = compileRegex(text.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&'));
      expect(regex.matches(text)).toBe(true);
      expect(regex.matches(other)).toBe(other === text);
    });
    fc.assert(property, { numRuns: 200 });
  });

  it.each(['(a+)+b', '(a|aa)+b', '([a-z]+)*!', '(x+x+)+y', '(.*)*b'])(
    'reads a long text in the time that its length takes, where going back would never end: %s',
    (pattern) => {
      const regex = compileRegex(pattern);
      expect(regex.matches('a'.repeat(8192))).toBe(false);
      const begin = performance.now();
      expect(regex.matches('a'.repeat(8192))).toBe(false);
      expect(performance.now() - begin).toBeLessThan(1_000);
    },
  );

  it('looks at no text that would hold a sidecar up, however the pattern is made', () => {
    const regex = compileRegex('.*a.{14}b.{200}x?');
    expect(regex.matches(`${'a'.repeat(15)}b${'c'.repeat(200)}`)).toBe(true);
    expect(regex.matches(`${'a'.repeat(8000)}b${'c'.repeat(200)}`)).toBe(false);
    const random = Array.from({ length: 8192 }, (_, index) => 'ab'[((index * 7919) % 13) & 1]).join('');
    const begin = performance.now();
    for (let length = 1000; length < 8192; length += 512) regex.matches(random.slice(0, length));
    expect(performance.now() - begin).toBeLessThan(1_000);
  });

  it('throws what is wrong with a pattern', () => {
    expect(() => compileRegex('[')).toThrow('the pattern "[" is not a pattern as RE2 reads it: missing closing ]');
  });
});

describe('regexFault', () => {
  it.each([
    ['[a-', 'is not a pattern as RE2 reads it: missing closing ]: `[a-`'],
    ['a{2,1}', 'is not a pattern as RE2 reads it: invalid repeat count: `{2,1}`'],
    ['a{1001}', `has 1001 parts when counts in braces are written out, more than ${MAX_PATTERN_PARTS}: write smaller`],
    ['((a{1,100}){1,100}){1,100}', 'when counts in braces are written out, more than'],
    ['a{0,1000}'.repeat(455), 'when counts in braces are written out, more than'],
    ['(a{1,20}){1,20}', `compiles to 841 steps, more than ${MAX_PROGRAM_SIZE}: write smaller counts in braces`],
    ['\\pL+', 'asks for characters beyond one byte, which no text of a request has: write those that are meant'],
    ['[a\\P{Greek}]', 'asks for characters beyond one byte'],
    ['(?i)[\\x{80}-\\x{ffff}]', 'asks for characters beyond one byte'],
    ['\\400', 'asks for characters beyond one byte'],
    ['(?!admin).*', 'looks ahead or behind, which RE2 does not: write a rule for each case'],
    ['(?<=a)b', 'looks ahead or behind'],
    ['(a)\\1', 'refers back to a group, which RE2 does not'],
    ['/é', 'holds characters beyond visible ASCII'],
    ['', 'is empty'],
    ['a'.repeat(4097), 'has more than 4096 characters'],
  ])('says why %s cannot be used', (pattern, fault) => {
    expect(regexFault(pattern)).toContain(fault);
  });

  it.each([
    '\\\\pL',
    '\\Q\\pL\\E',
    '[\\x{ff}\\377]',
    '\\\\(?:a)',
    '[?]=',
    '\\(\\?=',
    '/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}(/[0-9a-f-]{36})?',
  ])('has nothing against %s', (pattern) => {
    expect(regexFault(pattern)).toBeNull();
  });
});

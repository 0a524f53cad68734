import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { asciiLowerCase, StringMatcher } from './string-matcher.ts';

describe('StringMatcher', () => {
  it.each([
    ['exact', 'abc', 'abc', true],
    ['exact', 'abc', 'abcd', false],
    ['exact', 'abc', 'ABC', false],
    ['exact', '', '', true],
    ['prefix', 'ab', 'abc', true],
    ['prefix', 'bc', 'abc', false],
    ['suffix', 'bc', 'abc', true],
    ['suffix', 'ab', 'abc', false],
    ['contains', 'b', 'abc', true],
    ['contains', 'x', 'abc', false],
    ['contains', '', '', true],
  ] as const)('of kind %s with %j, given %j, says %s', (kind, value, text, expected) => {
    expect(new StringMatcher(kind, value).matches(text)).toBe(expected);
  });

  it('compares ASCII letters without their case when asked to', () => {
    expect(new StringMatcher('exact', 'X-Test', true).matches('x-tEST')).toBe(true);
    expect(new StringMatcher('contains', 'BC', true).matches('abcd')).toBe(true);
    expect(new StringMatcher('exact', 'É', true).matches('é')).toBe(false);
  });

  it('agrees with a comparison of lower-case texts on ASCII', () => {
    const text = fc.string({ unit: 'binary-ascii', maxLength: 6 });
    fc.assert(
      fc.property(text, text, (value, given) => {
        const expected = given.toLowerCase().includes(value.toLowerCase());
        expect(new StringMatcher('contains', value, true).matches(given)).toBe(expected);
      }),
    );
  });
});

describe('asciiLowerCase', () => {
  it('leaves everything but A to Z as it is', () => {
    expect(asciiLowerCase('AbZ[`@\u00c4\u0130\u212a')).toBe('abz[`@\u00c4\u0130\u212a');
  });
});

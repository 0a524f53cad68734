import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compileSubstitution, substitutionFault } from './regex-substitution.ts';
import { MAX_STEPS } from './safe-regex.ts';

const replaced = (pattern: string, substitution: string, text: string, maxLength = 8192) =>
  compileSubstitution(pattern, substitution).replaceAll(text, maxLength);

describe('compileSubstitution', () => {
  // What RE2's GlobalReplace says: its own tests (re2_test.cc, `Replace`), and what an Envoy answered.
  it.each([
    ['(qu|[b-df-hj-np-tv-z]*)([a-z]+)', '\\2\\1ay', 'the quick brown fox', 'ethay ickquay ownbray oxfay'],
    ['\\w+', '\\0-NOSPAM', 'abcd.efghi@google.com', 'abcd-NOSPAM.efghi-NOSPAM@google-NOSPAM.com-NOSPAM'],
    ['^', '(START)', 'foo', '(START)foo'],
    ['$', '(END)', 'foo', 'foo(END)'],
    ['b', 'bb', 'ababababab', 'abbabbabbabbabb'],
    ['b+', 'bb', 'bbbbbb', 'bb'],
    ['b*', 'bb', 'bbbbbb', 'bb'],
    ['b*', 'bb', 'aaaaa', 'bbabbabbabbabbabb'],
    ['a.*a', '(\\0)', 'aba\naba', '(aba)\n(aba)'],
    ['(foo)|(bar)', '\\1\\2!', 'foobar', 'foo!bar!'],
    ['/([a-z]+)(x*)', '/\\2<\\1>', '/regex/abcxx/dx', '/<regex>/<abcxx>/<dx>'],
    ['^/service/([^/]+)(/.*)$', '\\2/instance/\\1', '/service/foo/v1/api', '/v1/api/instance/foo'],
    ['one', 'two', '/xxx/one/yyy/one/zzz', '/xxx/two/yyy/two/zzz'],
    ['^(.*?)one(.*)$', '\\1two\\2', '/xxx/one/yyy/one/zzz', '/xxx/two/yyy/one/zzz'],
    ['(?i)/xxx/', '/yyy/', '/aaa/XxX/bbb', '/aaa/yyy/bbb'],
    ['/+', '/', '/a//b///', '/a/b/'],
    ['/[0-9]+', '', '/a/12/b/3', '/a/b'],
    ['a', '\\\\', 'aa', '\\\\'],
    ['x', 'y', '', ''],
    ['x*', 'y', '', 'y'],
  ])('puts in place of all that %s takes %s: of %j it makes %j', (pattern, substitution, text, result) => {
    expect(replaced(pattern, substitution, text)).toBe(result);
  });

  it('replaces where JavaScript does, for patterns that mean the same to both', () => {
    const pattern = fc.constantFrom('a', 'ab?', '[ab]+', '(a)(b)?', '/(a|b)', '(?:ab)*c', '^a', 'b$', 'a+?b', '(a*)b');
    const text = fc.string({ unit: fc.constantFrom('a', 'b', 'c', '/'), maxLength: 30 });
    const property = fc.property(pattern, text, (source, written) => {
      fc.pre(!/[*]\)?$/.test(source)); // those that take nothing differ: RE2 passes over an empty match behind another
      expect(replaced(source, '<\\0>', written)).toBe(written.replace(new RegExp(source, 'g'), '<$&>'));
    });
    fc.assert(property, { numRuns: 500 });
  });

  it('makes nothing that is longer than it may be, however often something is put in', () => {
    expect(replaced('a', 'b'.repeat(1000), 'a'.repeat(100), 99_999)).toBeNull();
    expect(replaced('a', 'b'.repeat(1000), 'a'.repeat(100), 100_000)).toHaveLength(100_000);
    expect(replaced('x', '', 'ab', 1)).toBeNull();
  });

  it('searches no text for longer than one match may take, also where every search reads to its end', () => {
    expect(replaced('a', 'b', 'a'.repeat(300))).toBe('b'.repeat(300));
    const begin = performance.now();
    for (const length of [500, 2_000, 8_192, MAX_STEPS]) {
      expect(replaced('a.*b|a', 'b', 'a'.repeat(length), MAX_STEPS)).toBeNull();
      expect(replaced('(a.*b)|(a)', '\\1\\2', 'a'.repeat(length), MAX_STEPS)).toBeNull();
    }
    expect(performance.now() - begin).toBeLessThan(1_000);
  });

  it('throws what is wrong', () => {
    expect(() => compileSubstitution('a', '\\1')).toThrow('the substitution "\\\\1" refers to group 1');
    expect(() => compileSubstitution('[', '')).toThrow('missing closing ]');
  });
});

describe('substitutionFault', () => {
  it.each([
    ['(a', '', 'pattern', 'missing closing )'],
    ['', '', 'pattern', 'is empty'],
    ['(a)', '\\2', 'substitution', 'refers to group 2, and the pattern has 1'],
    ['(?:a)', '/\\1', 'substitution', 'refers to group 1, and the pattern has 0'],
    ['a', 'b\\', 'substitution', 'holds \\: write \\0 for all that matched'],
    ['a', '\\n', 'substitution', 'holds \\n'],
    ['a', '/b?c', 'substitution', 'holds what no path may have'],
    ['a', '/b#c', 'substitution', 'holds what no path may have'],
    ['a', '/b c', 'substitution', 'holds what no path may have'],
    ['a', '/b\r\nHost: c', 'substitution', 'holds what no path may have'],
    ['a', '/é', 'substitution', 'holds what no path may have'],
    ['a', 'b'.repeat(1025), 'substitution', 'has more than 1024 characters'],
  ])('says why %s by %j cannot be', (pattern, substitution, field, message) => {
    expect(substitutionFault(pattern, substitution)).toMatchObject({
      field,
      message: expect.stringContaining(message),
    });
  });

  it.each([
    ['a', ''],
    ['((((((((((a))))))))))', '\\9\\0'],
    ['a', "/aZ09-._~!$&'()*+,;=:@%2F\\\\"],
  ])('has nothing against %s by %j', (pattern, substitution) => {
    expect(substitutionFault(pattern, substitution)).toBeNull();
  });
});

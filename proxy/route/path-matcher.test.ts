import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { PathMatcher, pathEndOf } from './path-matcher.ts';

function matches(matcher: PathMatcher, target: string): boolean {
  return matcher.matches(target, pathEndOf(target));
}

describe('PathMatcher.exact', () => {
  it.each([
    ['/a', '/a', true],
    ['/a', '/a?x=1', true],
    ['/a', '/a?', true],
    ['/a', '/a/', false],
    ['/a', '/ab', false],
    ['/a', '/A', false],
    ['/a', '/', false],
    ['/', '/', true],
    ['/', '/?a', true],
    ['/a/b', '/a%2Fb', false],
    ['/a', '/b?/a', false],
  ])('of %s, given %s, says %s', (value, target, expected) => {
    expect(matches(PathMatcher.exact(value), target)).toBe(expected);
  });
});

describe('PathMatcher.separatedPrefix', () => {
  // The examples of Gateway API's HTTPPathMatch, and the edges around them.
  it.each([
    ['/abc', '/abc', true],
    ['/abc', '/abc/', true],
    ['/abc', '/abc/def', true],
    ['/abc', '/abcd', false],
    ['/abc', '/ab', false],
    ['/abc', '/abc?x=/', true],
    ['/abc', '/abcd?/abc', false],
    ['/abc/', '/abc', true],
    ['/abc/', '/abc/def', true],
    ['/abc/', '/abcd', false],
    ['/', '/', true],
    ['/', '/anything?x', true],
    ['', '/anything', true],
    ['/', '*', true],
    ['/abc', '*', false],
    ['/abc', '/ABC', false],
  ])('of %s, given %s, says %s', (value, target, expected) => {
    expect(matches(PathMatcher.separatedPrefix(value), target)).toBe(expected);
  });

  it('agrees with comparing paths element by element', () => {
    const elements = fc.array(fc.constantFrom('a', 'b', 'ab', ''), { minLength: 1, maxLength: 4 });
    const query = fc.constantFrom('', '?', '?a=/a/b');
    fc.assert(
      fc.property(elements, elements, query, (prefix, path, queryText) => {
        const value = prefix.at(-1) === '' ? prefix.slice(0, -1) : prefix; // a slash at the end has no meaning
        const expected = value.every((element, index) => path[index] === element);
        const matcher = PathMatcher.separatedPrefix(`/${prefix.join('/')}`);
        expect(matches(matcher, `/${path.join('/')}${queryText}`)).toBe(expected);
      }),
    );
  });
});

describe('PathMatcher.prefix', () => {
  it.each([
    ['/a', '/ab', true],
    ['/a', '/b', false],
    ['/abc', '/ab?c', false],
    ['/abc/', '/abc', false],
    ['/a?b', '/a?b', false],
  ])('of %s, given %s, says %s', (value, target, expected) => {
    expect(matches(PathMatcher.prefix(value), target)).toBe(expected);
  });

  it('knows that it takes everything when it is / or empty', () => {
    expect(PathMatcher.prefix('/').takesEverything).toBe(true);
    expect(PathMatcher.prefix('').takesEverything).toBe(true);
    expect(PathMatcher.separatedPrefix('/').takesEverything).toBe(true);
    expect(PathMatcher.prefix('/a').takesEverything).toBe(false);
    expect(PathMatcher.exact('/').takesEverything).toBe(false);
  });
});

describe('PathMatcher', () => {
  it('compares without case when asked to', () => {
    expect(matches(PathMatcher.exact('/Cart', true), '/cART?X')).toBe(true);
    expect(matches(PathMatcher.separatedPrefix('/Cart', true), '/cart/1')).toBe(true);
    expect(matches(PathMatcher.prefix('/Cart', true), '/CARTS')).toBe(true);
  });
});

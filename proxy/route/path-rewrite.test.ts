import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compileSubstitution } from '../../proto/regex-substitution.ts';
import { PathMatcher, pathEndOf } from './path-matcher.ts';
import { replaceFullPath, replacePattern, replacePrefixMatch } from './path-rewrite.ts';

describe('replacePrefixMatch', () => {
  // The table in Gateway API's HTTPPathModifier, then the edges around it.
  it.each([
    ['/foo/bar', '/foo', '/xyz', '/xyz/bar'],
    ['/foo/bar', '/foo', '/xyz/', '/xyz/bar'],
    ['/foo/bar', '/foo/', '/xyz', '/xyz/bar'],
    ['/foo/bar', '/foo/', '/xyz/', '/xyz/bar'],
    ['/foo', '/foo', '/xyz', '/xyz'],
    ['/foo/', '/foo', '/xyz', '/xyz/'],
    ['/foo/bar', '/foo', '', '/bar'],
    ['/foo/', '/foo', '', '/'],
    ['/foo', '/foo', '', '/'],
    ['/foo/', '/foo', '/', '/'],
    ['/foo', '/foo', '/', '/'],
    ['/foo/bar', '/foo', '/', '/bar'],
    ['/foo?a=/b', '/foo', '/xyz', '/xyz?a=/b'],
    ['/foo?a', '/foo', '', '/?a'],
    ['/foo/bar?a', '/foo', '/', '/bar?a'],
    ['/bar', '/', '/xyz', '/xyz/bar'],
    ['/', '/', '/xyz', '/xyz/'],
    ['/?a', '/', '/', '/?a'],
    ['/foobar', '/foo', '/', '/bar'],
    ['/foo//bar', '/foo', '', '//bar'],
    ['*', '/', '/xyz', '*'],
  ])('makes of %s, with %s replaced by %j, %s', (path, prefix, replacement, expected) => {
    expect(replacePrefixMatch(prefix, replacement).apply(path)).toBe(expected);
  });

  it('keeps the query and makes a path that begins with the replacement', () => {
    const path = fc.array(fc.constantFrom('a', 'b', 'foo'), { maxLength: 3 }).map((elements) => elements.join('/'));
    fc.assert(
      fc.property(path, path, path, fc.constantFrom('', '?', '?x=/y'), (prefix, rest, replacement, query) => {
        const target = `/${prefix}${rest === '' ? '' : prefix === '' ? rest : `/${rest}`}${query}`;
        fc.pre(PathMatcher.separatedPrefix(`/${prefix}`).matches(target, pathEndOf(target)));
        const rewritten = replacePrefixMatch(`/${prefix}`, `/${replacement}`).apply(target);
        expect(rewritten.endsWith(query)).toBe(true);
        const end = pathEndOf(rewritten);
        expect(PathMatcher.separatedPrefix(`/${replacement}`).matches(rewritten, end)).toBe(true);
        expect(rewritten.slice(0, end).endsWith(rest)).toBe(true);
      }),
    );
  });
});

describe('replaceFullPath', () => {
  it.each([
    ['/foo/bar', '/xyz', '/xyz'],
    ['/foo?a=/b?c', '/xyz/', '/xyz/?a=/b?c'],
    ['/?', '/xyz', '/xyz?'],
    ['*', '/xyz', '*'],
  ])('makes of %s, replaced by %s, %s', (path, replacement, expected) => {
    expect(replaceFullPath(replacement).apply(path)).toBe(expected);
  });

  it.each(['', 'xyz', '/a b', '/a\r\nb', '/a\0', '/a?b', '/a#b', '/ä', '/\x7f'])('refuses %j as a path', (path) => {
    expect(() => replaceFullPath(path)).toThrow('not a path');
    if (path !== '') expect(() => replacePrefixMatch('/', path)).toThrow('not a path');
  });

  it('takes every character that a path may have', () => {
    const path = "/aZ09-._~!$&'()*+,;=:@%2F";
    expect(replaceFullPath(path).apply('/')).toBe(path);
  });
});

describe('replacePattern', () => {
  const rewritten = (pattern: string, substitution: string, target: string) =>
    replacePattern(compileSubstitution(pattern, substitution)).apply(target);

  it.each([
    ['/v1/items/7?v1=/v1', '/v([0-9])', '/api\\1', '/api1/items/7?v1=/v1'],
    ['/a/b/a', 'a$', 'c', '/a/b/c'],
    ['/a?a', 'a$', 'c', '/c?a'],
    ['/a?', '/a', '/', '/?'],
    ['/a', 'b', 'c', '/a'],
    ['*', '.*', '/a', '*'],
  ])('makes of %s, with what %s takes replaced by %s, %s', (target, pattern, substitution, expected) => {
    expect(rewritten(pattern, substitution, target)).toBe(expected);
  });

  it('makes nothing that does not begin with a slash', () => {
    for (const target of ['/a', '/a?/b']) {
      expect(rewritten('^/', '', target)).toMatchObject({ failure: 'rewriteFailed' });
    }
    expect(rewritten('.*', '', '/a')).toMatchObject({ failure: 'rewriteFailed' });
  });

  it('has no route for a path that is too long to be searched, or would become so', () => {
    expect(rewritten('[0-9]+', 'N', `/${'a'.repeat(8_000)}`)).toBe(`/${'a'.repeat(8_000)}`);
    expect(rewritten('([0-9]+)/?([a-z]*)', 'N', `/${'a'.repeat(32_000)}`)).toMatchObject({ failure: 'noRoute' });
    const long = 'b'.repeat(1024);
    expect(rewritten('a', long, `/${'a'.repeat(31)}`)).toHaveLength(1 + 31 * 1024);
    expect(rewritten('a', long, `/${'a'.repeat(32)}`)).toMatchObject({ failure: 'noRoute' });
    expect(rewritten('a', long, `/${'a'.repeat(31)}?${'q'.repeat(1024)}`)).toMatchObject({ failure: 'noRoute' });
  });
});

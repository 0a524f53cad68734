import { describe, expect, it } from 'vitest';
import { compileRegex } from '../../../proto/safe-regex.ts';
import { withQuery } from './pattern-with-query.ts';

/** Paths of a request, and whether a pattern for paths alone fits the path in each. */
const fits = (pattern: string, ...paths: string[]) => {
  const regex = compileRegex(withQuery(pattern));
  return paths.map((path) => regex.matches(path));
};

describe('withQuery', () => {
  it.each(['/a', '^/a$', '/a\\z', '/(?:a$|b)', '(?:/b|/a$)', '/a|/b', '(?i)/A', '/a$()', '/a(\\b|$)'])(
    'takes the query behind what %s fits, and nothing else',
    (pattern) => {
      expect(fits(pattern, '/a', '/a?', '/a?x=y', '/a?$', '/ab', '/a/b', '/ab?x')).toEqual([
        ...[true, true, true, true],
        ...[false, false, false],
      ]);
    },
  );

  it.each(['/a[$]', '/a\\$', '/a\\Q$\\E', '/a[]$]', '/a[^]a-z/?]', '/a[[:punct:]$]'])(
    'leaves the dollar of %s what it is',
    (pattern) => {
      expect(fits(pattern, '/a$', '/a$?x', '/a', '/a?x')).toEqual([true, true, false, false]);
    },
  );
});

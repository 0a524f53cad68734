import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { pathEndOf } from './path-matcher.ts';
import { QueryMatcher, queryParameter } from './query-matcher.ts';
import { StringMatcher } from './string-matcher.ts';

describe('queryParameter', () => {
  it.each([
    ['/?a=1', 'a', '1'],
    ['/?a=1&b=2', 'b', '2'],
    ['/?a=1&a=2', 'a', '1'],
    ['/?a', 'a', ''],
    ['/?a&b=1', 'a', ''],
    ['/?a=', 'a', ''],
    ['/?a=1=2', 'a', '1=2'],
    ['/?ab=1', 'a', null],
    ['/?ba=1', 'a', null],
    ['/?b=a', 'a', null],
    ['/?A=1', 'a', null],
    ['/?', 'a', null],
    ['/', 'a', null],
    ['/a=1', 'a', null],
    ['/?&&a=1', 'a', '1'],
    ['/?b=?a=2&a=3', 'a', '3'],
    ['/?a%20b=1', 'a b', null],
    ['/?a=%31', 'a', '%31'],
    ['/?a&b=1', 'a&b', null],
  ])('of %s, asked for %j, is %j', (target, name, expected) => {
    expect(queryParameter(target, pathEndOf(target), name)).toBe(expected);
  });

  it('agrees with splitting the query', () => {
    const name = fc.constantFrom('a', 'b', 'ab', 'ba', 'aa');
    const pair = fc.oneof(
      name,
      fc.tuple(name, fc.constantFrom('', '1', 'a', 'b=a')).map(([n, v]) => `${n}=${v}`),
    );
    fc.assert(
      fc.property(fc.array(pair, { maxLength: 6 }), name, (pairs, wanted) => {
        const found = pairs.find((each) => each.split('=')[0] === wanted);
        const expected = found === undefined ? null : found.split('=').slice(1).join('=');
        const target = `/p?${pairs.join('&')}`;
        expect(queryParameter(target, pathEndOf(target), wanted)).toBe(expected);
      }),
    );
  });
});

describe('QueryMatcher', () => {
  it('compares the value, or asks only that the parameter be there', () => {
    const isBlue = new QueryMatcher('animal', new StringMatcher('exact', 'whale'));
    const isThere = new QueryMatcher('animal', null);
    const ask = (matcher: QueryMatcher, target: string) => matcher.matches(target, pathEndOf(target));
    expect(ask(isBlue, '/?animal=whale')).toBe(true);
    expect(ask(isBlue, '/?animal=Whale')).toBe(false);
    expect(ask(isBlue, '/?animal')).toBe(false);
    expect(ask(isThere, '/?animal')).toBe(true);
    expect(ask(isThere, '/?plant=animal')).toBe(false);
  });
});

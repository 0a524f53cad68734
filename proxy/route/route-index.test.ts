import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { RequestHead } from '../message-head.ts';
import { HeaderMatcher } from './header-matcher.ts';
import { PathMatcher, pathEndOf } from './path-matcher.ts';
import { QueryMatcher } from './query-matcher.ts';
import type { Route } from './route.ts';
import type { RouteEntry } from './route-entry.ts';
import { MAX_TRIED_IN_ORDER, RouteIndex } from './route-index.ts';
import { RouteTable } from './route-table.ts';
import { StringMatcher } from './string-matcher.ts';

const route: Route<string> = {
  name: 'r',
  action: { kind: 'respond', status: 200, body: '', isRefusal: false },
  filters: null,
  requestHeaders: null,
  responseHeaders: null,
  origin: null,
};

// Small alphabets: many entries must take one request, and many nearly do.
const path = fc
  .array(fc.constantFrom('a', 'b', 'ab', 'A'), { maxLength: 3 })
  .map((segments) => `/${segments.join('/')}`);
const pathMatcher = fc.oneof(
  fc.tuple(path, fc.boolean()).map(([value, ignoreCase]) => PathMatcher.exact(value, ignoreCase)),
  fc.tuple(path, fc.boolean()).map(([value, ignoreCase]) => PathMatcher.prefix(value, ignoreCase)),
  fc.tuple(path, fc.boolean()).map(([value, ignoreCase]) => PathMatcher.separatedPrefix(value, ignoreCase)),
  path.map((value) => PathMatcher.pattern({ matches: (text) => text.endsWith(value) })),
);
const text = fc.constantFrom('1', '2', 'a', 'A');
const headerMatcher = fc.oneof(
  fc
    .tuple(fc.constantFrom('x-a', 'x-b', ':method'), fc.constantFrom('1', '2', 'GET'), fc.boolean(), fc.boolean())
    .map(
      ([name, value, ignoreCase, invert]) =>
        new HeaderMatcher(name, { kind: 'string', matcher: new StringMatcher('exact', value, ignoreCase) }, invert),
    ),
  fc.constantFrom('x-a', 'x-b').map((name) => new HeaderMatcher(name, { kind: 'absent' })),
  fc
    .constantFrom('x-a', 'x-b')
    .map((name) => new HeaderMatcher(name, { kind: 'string', matcher: new StringMatcher('exact', '') }, false, true)),
);
const entry: fc.Arbitrary<RouteEntry<string>> = fc.record({
  path: pathMatcher,
  headers: fc.array(headerMatcher, { maxLength: 2 }),
  queryParameters: fc.array(
    text.map((value) => new QueryMatcher('q', new StringMatcher('exact', value))),
    { maxLength: 1 },
  ),
  isForGrpc: fc.boolean(),
  route: fc.constant(route),
});
const request = fc
  .record({
    path,
    query: fc.constantFrom('', '?', '?q=1', '?r&q=2'),
    block: fc.constantFrom('', 'x-a: 1\r\n', 'X-B: 2\r\n', 'x-a: 1\r\nx-b: 2\r\n', 'x-a: 1\r\nx-a: 2\r\n', 'x-a: \r\n'),
    method: fc.constantFrom('GET', 'POST'),
    isGrpc: fc.boolean(),
  })
  .map(({ query, ...parts }) => Object.assign(new RequestHead(), { ...parts, path: parts.path + query }));

/** As the order of precedence is written down: every entry, one after the other. */
function naive(entries: readonly RouteEntry<string>[], head: RequestHead): number {
  const pathEnd = pathEndOf(head.path);
  return entries.findIndex(
    (each) =>
      each.path.matches(head.path, pathEnd) &&
      each.headers.every((header) => header.matches(head)) &&
      each.queryParameters.every((query) => query.matches(head.path, pathEnd)) &&
      (!each.isForGrpc || head.isGrpc),
  );
}

describe('RouteIndex', () => {
  it.each([0, 1, MAX_TRIED_IN_ORDER, 80])(
    'finds what trying all entries in order finds, of %i and more',
    (minLength) => {
      const entries = fc.array(entry, { minLength, maxLength: minLength + 60 });
      const property = fc.property(entries, fc.array(request, { minLength: 1, maxLength: 10 }), (all, requests) => {
        const index = new RouteIndex(all);
        const table = new RouteTable([
          {
            name: 'v',
            domains: ['*'],
            routes: all.map((each, at) => ({ ...each, route: { ...route, name: `${at}` } })),
          },
        ]);
        for (const head of requests) {
          const expected = naive(all, head);
          expect(all.indexOf(index.find(head, head.path, pathEndOf(head.path)) as RouteEntry<string>)).toBe(expected);
          expect(table.match(head)?.name ?? '-1').toBe(`${expected}`);
        }
      });
      fc.assert(property, { numRuns: 150 });
    },
  );

  it('looks at none of the entries that the path, or a header, tells apart', () => {
    let looks = 0;
    const counted = (name: string, value: string) => {
      const matcher = new HeaderMatcher(name, { kind: 'string', matcher: new StringMatcher('exact', value) });
      const matches = matcher.matches.bind(matcher);
      matcher.matches = (head) => {
        looks++;
        return matches(head);
      };
      return matcher;
    };
    const plain = { queryParameters: [], isForGrpc: false, route };
    const entries = Array.from({ length: 3000 }, (_, at) => [
      { ...plain, path: PathMatcher.exact(`/exact/${at}`), headers: [counted('x-a', '1')] },
      { ...plain, path: PathMatcher.separatedPrefix(`/prefix/${at}`), headers: [counted('x-a', '1')] },
      { ...plain, path: PathMatcher.prefix('/'), headers: [counted('x-user', `${at}`)] },
    ]).flat();
    const index = new RouteIndex(entries);
    for (const [target, block] of [
      ['/exact/2999', 'x-a: 1\r\n'],
      ['/prefix/2999/b?c', 'x-a: 1\r\n'],
      ['/other', 'x-user: 2999\r\n'],
    ] as const) {
      looks = 0;
      const head = Object.assign(new RequestHead(), { method: 'GET', path: target, block });
      expect(index.find(head, target, pathEndOf(target))).not.toBeNull();
      expect(looks).toBeLessThanOrEqual(2);
    }
  });
});

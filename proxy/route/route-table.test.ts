import { describe, expect, it } from 'vitest';
import { compileRegex } from '../../proto/safe-regex.ts';
import { RequestHead } from '../message-head.ts';
import { HeaderMatcher } from './header-matcher.ts';
import { PathMatcher } from './path-matcher.ts';
import { QueryMatcher } from './query-matcher.ts';
import type { Route } from './route.ts';
import type { RouteEntry } from './route-entry.ts';
import type { VirtualHost } from './route-table.ts';
import { RouteTable } from './route-table.ts';
import { StringMatcher } from './string-matcher.ts';

function routeNamed(name: string): Route<string> {
  return {
    name,
    action: { kind: 'respond', status: 200, body: name, isRefusal: false },
    filters: null,
    requestHeaders: null,
    responseHeaders: null,
    origin: null,
  };
}

function entry(name: string, path: PathMatcher, conditions: Partial<RouteEntry<string>> = {}): RouteEntry<string> {
  return { path, headers: [], queryParameters: [], isForGrpc: false, route: routeNamed(name), ...conditions };
}

function host(domains: string[], ...routes: RouteEntry<string>[]): VirtualHost<string> {
  return { name: domains.join(), domains, routes };
}

function requestOf(method: string, path: string, authority = 'cart', block = ''): RequestHead {
  return Object.assign(new RequestHead(), { method, path, authority, block });
}

const header = (name: string, value: string) =>
  new HeaderMatcher(name, { kind: 'string', matcher: new StringMatcher('exact', value) });
const query = (name: string, value: string) => new QueryMatcher(name, new StringMatcher('exact', value));

describe('RouteTable', () => {
  const table = new RouteTable([
    host(
      ['cart', 'cart:*'],
      entry('exact', PathMatcher.exact('/cart')),
      entry('canary', PathMatcher.separatedPrefix('/cart'), {
        headers: [header(':method', 'GET'), header('x-canary', 'yes')],
        queryParameters: [query('user', 'ada')],
      }),
      entry('method', PathMatcher.separatedPrefix('/cart'), { headers: [header(':method', 'GET')] }),
      entry('query', PathMatcher.separatedPrefix('/cart'), { queryParameters: [query('user', 'ada')] }),
      entry('prefix', PathMatcher.separatedPrefix('/cart')),
    ),
    host(['*'], entry('other', PathMatcher.prefix('/'))),
  ]);

  it.each([
    [requestOf('GET', '/cart'), 'exact'],
    [requestOf('POST', '/cart?user=ada'), 'exact'],
    [requestOf('GET', '/cart/1?user=ada', 'cart', 'X-Canary: yes\r\n'), 'canary'],
    [requestOf('GET', '/cart/1?user=bob', 'cart', 'X-Canary: yes\r\n'), 'method'],
    [requestOf('GET', '/cart/1?user=ada', 'cart', 'X-Canary: no\r\n'), 'method'],
    [requestOf('POST', '/cart/1?user=ada', 'cart', 'X-Canary: yes\r\n'), 'query'],
    [requestOf('POST', '/cart/1'), 'prefix'],
    [requestOf('POST', '/cart/1', 'cart:80'), 'prefix'],
    [requestOf('POST', '/cart/1', 'web'), 'other'],
  ])('sends %o to the first route that takes it', (head, expected) => {
    expect(table.match(head)?.name).toBe(expected);
  });

  it('tries no other host once it has found one', () => {
    expect(table.match(requestOf('GET', '/web'))).toBeNull();
  });

  it('prefers the more specific host to one that takes everything, in whatever order they stand', () => {
    const reversed = new RouteTable([
      host(['*'], entry('other', PathMatcher.prefix('/'))),
      host(['cart'], entry('cart', PathMatcher.prefix('/'))),
    ]);
    expect(reversed.match(requestOf('GET', '/', 'cart'))?.name).toBe('cart');
    expect(reversed.match(requestOf('GET', '/', 'web'))?.name).toBe('other');
  });

  it('has no route for a host it does not know', () => {
    const strict = new RouteTable([host(['cart'], entry('all', PathMatcher.prefix('/')))]);
    expect(strict.match(requestOf('GET', '/', 'web'))).toBeNull();
    expect(strict.match(requestOf('GET', '/', 'cart'))?.name).toBe('all');
    expect(new RouteTable([]).match(requestOf('GET', '/'))).toBeNull();
    expect(new RouteTable([host(['*'])]).match(requestOf('GET', '/'))).toBeNull();
  });

  it('answers without looking at the request when its only host has one route for everything', () => {
    const catchAll = new RouteTable([host(['*'], entry('all', PathMatcher.prefix('/')))]);
    const untouchable = new Proxy(new RequestHead(), {
      get: () => {
        throw new Error('looked at the request');
      },
    });
    expect(catchAll.match(untouchable)?.name).toBe('all');
    expect(() => table.match(untouchable)).toThrow('looked at the request');
  });

  it.each([
    ['a condition on the path', entry('some', PathMatcher.prefix('/a'))],
    ['a condition on a header', entry('some', PathMatcher.prefix('/'), { headers: [header('a', 'b')] })],
    ['a condition on the query', entry('some', PathMatcher.prefix('/'), { queryParameters: [query('a', 'b')] })],
  ])('looks at the request when its only route has %s', (_, only) => {
    const oneRoute = new RouteTable([host(['*'], only)]);
    expect(oneRoute.match(requestOf('GET', '/b'))).toBeNull();
    expect(oneRoute.match(requestOf('GET', '/a?a=b', 'cart', 'a: b\r\n'))?.name).toBe('some');
  });

  it.each([2, 10])('takes no path past a pattern that it is too long for, among %i routes', (count) => {
    const pattern = compileRegex('/(admin|internal)/[a-z]+/[0-9]{1,10}.*');
    const others = Array.from({ length: count - 2 }, (_, i) => entry(`other ${i}`, PathMatcher.prefix(`/other${i}`)));
    const table = new RouteTable([
      host(
        ['*'],
        entry('exact', PathMatcher.exact(`/b${'b'.repeat(20_000)}`)),
        entry('refused', PathMatcher.pattern(pattern)),
        ...others,
        entry('rest', PathMatcher.prefix('/')),
      ),
    ]);
    const routeOf = (path: string) => table.match(requestOf('GET', path))?.name ?? null;
    const admin = '/admin/users/1';
    expect(routeOf(admin)).toBe('refused');
    expect(routeOf(admin.padEnd(pattern.maxLength, ';'))).toBe('refused');
    expect(routeOf(admin.padEnd(pattern.maxLength + 1, ';'))).toBeNull();
    expect(routeOf(`/b${'b'.repeat(20_000)}`)).toBe('exact');
    expect(routeOf(`/list?${'q'.repeat(20_000)}`)).toBe('rest');
  });

  it('compares hosts without their port when asked to', () => {
    const portless = new RouteTable([host(['cart'], entry('all', PathMatcher.prefix('/')))], true);
    expect(portless.match(requestOf('GET', '/', 'cart:8080'))?.name).toBe('all');
  });
});

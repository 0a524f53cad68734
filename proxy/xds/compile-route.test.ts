import { describe, expect, it } from 'vitest';
import { formatBackendPaths } from '../../proto/backend-paths-metadata.ts';
import type { Input } from '../../proto/load.ts';
import { formatRouteMetadata } from '../../proto/metadata.ts';
import { goodRouteConfiguration } from '../../proto/testing/resources.ts';
import { RequestHead } from '../message-head.ts';
import type { ForwardAction, Route } from '../route/route.ts';
import { decoded } from '../testing/decoded.ts';
import { withoutRequests } from './compile-filters.ts';
import { compileRouteConfiguration } from './compile-route.ts';

const v1 = 'outbound|80|v1|cart.default.svc.cluster.local';
const v2 = 'outbound|80|v2|cart.default.svc.cluster.local';

function compile(configuration: Input<'envoy.config.route.v3.RouteConfiguration'>) {
  const message = decoded('envoy.config.route.v3.RouteConfiguration', configuration);
  return compileRouteConfiguration(message, (name) => name, withoutRequests);
}

function withRoute(route: Input<'envoy.config.route.v3.Route'>) {
  return compile({ name: 'r', virtual_hosts: [{ name: 'v', domains: ['*'], routes: [route] }] });
}

function request(path: string, method = 'GET', block = ''): RequestHead {
  return Object.assign(new RequestHead(), { path, method, block, authority: 'cart' });
}

function forward(route: Route<string> | null): ForwardAction<string> {
  if (route?.action.kind !== 'forward') throw new Error('not a route that forwards');
  return route.action;
}

describe('compileRouteConfiguration', () => {
  it('compiles matches, split, rewrites, retries, header changes and origin of a route that has them all', () => {
    const table = compile(goodRouteConfiguration());
    const route = table.match(request('/cart/7?beta=1'));
    expect(route).toMatchObject({
      name: 'canary',
      origin: { document: 'HTTPRoute/default/cart', rule: 0, match: 0, file: 'cart.yaml', line: 7 },
    });
    const action = forward(route);
    const picks = Array.from({ length: 10 }, () => action.pick());
    expect([picks.filter((name) => name === v1).length, picks.filter((name) => name === v2).length]).toEqual([9, 1]);
    expect(action).toMatchObject({
      timeoutMs: 10_000,
      idleTimeoutMs: 0,
      hostRewrite: 'basket.example:8080',
      retry: { maxRetries: 2, backOffBaseMs: 25, backOffMaxMs: 250, retryNonIdempotent: true, onConnectFailure: true },
    });
    expect(action.pathRewrite?.apply('/cart/7?beta=1')).toBe('/basket/7?beta=1');
    expect(route?.requestHeaders?.apply('x-canary: no\r\n')).toBe('x-canary: yes\r\n');
    expect(route?.responseHeaders?.apply('server: x\r\n')).toBe('');
  });

  it('compiles what a route says of upgrades, and leaves the rest to the listener', () => {
    const upgrades = (upgrade_configs: Input<'envoy.config.route.v3.RouteAction'>['upgrade_configs']) => {
      const table = withRoute({
        match: { prefix: '/' },
        route: { cluster: 'c', ...(upgrade_configs && { upgrade_configs }) },
      });
      return forward(table.match(request('/'))).upgrades;
    };
    expect(upgrades(undefined)).toBeNull();
    expect(upgrades([{ upgrade_type: 'WebSocket' }])).toEqual(new Map([['websocket', true]]));
    expect(upgrades([{ upgrade_type: 'websocket', enabled: { value: false } }])).toEqual(
      new Map([['websocket', false]]),
    );
  });

  it('compiles redirects and fixed answers', () => {
    const table = compile(goodRouteConfiguration());
    const redirect = table.match(request('/old'))?.action;
    expect(redirect).toMatchObject({ kind: 'redirect', status: 302 });
    expect(redirect?.kind === 'redirect' && redirect.redirect.location(request('/old'))).toBe('http://cart/new');
    const fixed = { kind: 'respond', status: 404, body: 'no such page', isRefusal: false };
    expect(table.match(request('/cart/7'))?.action).toEqual(fixed);
    const refused = withRoute({
      match: { prefix: '/' },
      direct_response: { status: 500, body: { inline_string: 'there is no v9' } },
      metadata: formatRouteMetadata({ origin: null, retryNonIdempotent: false, isRefusal: true }),
    });
    expect(refused.match(request('/'))?.action).toMatchObject({ body: 'there is no v9', isRefusal: true });
  });

  it('has no retries, rewrites, header changes or origin where none are asked for, and 15 s where no timeout is given', () => {
    const route = withRoute({ match: { prefix: '/' }, route: { cluster: 'c' } }).match(request('/'));
    expect(route).toMatchObject({ name: 'default', requestHeaders: null, responseHeaders: null, origin: null });
    expect(forward(route)).toMatchObject({
      timeoutMs: 15_000,
      retry: null,
      pathRewrite: null,
      fallback: null,
      isHighPriority: false,
      hostRewrite: null,
    });
  });

  it('takes a timeout of 0 for none', () => {
    const table = withRoute({ match: { prefix: '/' }, route: { cluster: 'c', timeout: { seconds: 0 } } });
    expect(forward(table.match(request('/'))).timeoutMs).toBe(0);
  });

  it.each<[string, Input<'envoy.config.route.v3.HeaderMatcher'>, string, boolean]>([
    ['present', { name: 'x-a', present_match: true }, 'x-a: 1\r\n', true],
    ['present by default', { name: 'x-a' }, 'x-a: 1\r\n', true],
    ['absent', { name: 'x-a', present_match: false }, '', true],
    ['inverted', { name: 'x-a', string_match: { exact: '1' }, invert_match: true }, 'x-a: 2\r\n', true],
    ['prefix', { name: 'x-a', string_match: { prefix: 'AB', ignore_case: true } }, 'x-a: abc\r\n', true],
    ['range', { name: 'x-a', range_match: { start: 1, end: 3 } }, 'x-a: 3\r\n', false],
    ['missing is empty', { name: 'x-a', string_match: { exact: '' }, treat_missing_header_as_empty: true }, '', true],
  ])('compiles a header condition: %s', (_, header, block, matches) => {
    const table = withRoute({ match: { prefix: '/', headers: [header] }, route: { cluster: 'c' } });
    expect(table.match(request('/', 'GET', block)) !== null).toBe(matches);
  });

  it('compares paths without case where it is told to', () => {
    const table = withRoute({ match: { path: '/A', case_sensitive: { value: false } }, route: { cluster: 'c' } });
    expect(table.match(request('/a'))).not.toBeNull();
  });

  it('puts a prefix rewrite in place of the whole of an exact path', () => {
    const table = withRoute({ match: { path: '/a' }, route: { cluster: 'c', prefix_rewrite: '/b' } });
    expect(forward(table.match(request('/a'))).pathRewrite?.apply('/a?q')).toBe('/b?q');
  });

  it('rewrites the path by pattern, and takes the host from a header', () => {
    const table = withRoute({
      match: { prefix: '/' },
      route: {
        cluster: 'c',
        regex_rewrite: { pattern: { regex: '/v([0-9]+)/' }, substitution: '/api-\\1/' },
        host_rewrite_header: 'X-Host',
      },
    });
    const action = forward(table.match(request('/')));
    expect(action.pathRewrite?.apply('/v12/a/v3/?/v4/')).toBe('/api-12/a/api-3/?/v4/');
    expect(action.hostHeader).toBe('x-host');
  });

  it('bounds each try also where nothing is retried', () => {
    const policy = { num_retries: { value: 0 }, per_try_timeout: { seconds: 2 } };
    const table = withRoute({ match: { prefix: '/' }, route: { cluster: 'c', retry_policy: policy } });
    expect(forward(table.match(request('/'))).retry).toMatchObject({ perTryTimeoutMs: 2_000, onConnectFailure: false });
  });

  it('leaves an absent idle timeout to the listener and takes 0 for none', () => {
    const idle = (idle_timeout: { seconds: number } | null) =>
      forward(withRoute({ match: { prefix: '/' }, route: { cluster: 'c', idle_timeout } }).match(request('/')));
    expect(idle(null).idleTimeoutMs).toBe(0);
    expect(idle({ seconds: 0 }).idleTimeoutMs).toBe(Number.POSITIVE_INFINITY);
  });

  it('waits no longer than a timer can', () => {
    const table = withRoute({ match: { prefix: '/' }, route: { cluster: 'c', timeout: { seconds: 359_996_400 } } });
    expect(forward(table.match(request('/'))).timeoutMs).toBe(2 ** 31 - 1);
  });

  it('writes %% as the percent sign that it stands for', () => {
    const header = { header: { key: 'x-share', value: '100%%' }, append_action: 'OVERWRITE_IF_EXISTS_OR_ADD' as const };
    const route = withRoute({
      match: { prefix: '/' },
      route: { cluster: 'c', path_rewrite: '/a%%AB%%20' },
      request_headers_to_add: [header],
    }).match(request('/'));
    expect(route?.requestHeaders?.apply('')).toBe('x-share: 100%\r\n');
    expect(forward(route).pathRewrite?.apply('/b?q')).toBe('/a%AB%20?q');
  });

  it('puts the changes of a backend together with those of its route, the more specific ones last where that is asked for', () => {
    const set = (value: string) => [
      { header: { key: 'x-a', value }, append_action: 'OVERWRITE_IF_EXISTS_OR_ADD' as const },
    ];
    const compiled = (most_specific_header_mutations_wins: boolean) =>
      forward(
        compile({
          name: 'r',
          most_specific_header_mutations_wins,
          virtual_hosts: [
            {
              name: 'v',
              domains: ['*'],
              routes: [
                {
                  match: { prefix: '/' },
                  request_headers_to_add: set('route'),
                  response_headers_to_remove: ['x-b'],
                  route: {
                    weighted_clusters: {
                      clusters: [
                        {
                          name: v1,
                          weight: { value: 1 },
                          request_headers_to_add: set('backend'),
                          host_rewrite_literal: 'v1.example',
                        },
                      ],
                    },
                  },
                },
              ],
            },
          ],
        }).match(request('/')),
      ).pickEdited?.();
    const block = 'Host: cart\r\nx-c: 1\r\n';
    expect(compiled(true)?.destination).toBe(v1);
    expect(compiled(true)?.requestHeaders?.apply(block)).toBe('host: v1.example\r\nx-c: 1\r\nx-a: backend\r\n');
    expect(compiled(false)?.requestHeaders?.apply(block)).toBe('host: v1.example\r\nx-c: 1\r\nx-a: route\r\n');
    expect(compiled(true)?.responseHeaders?.apply('x-b: 1\r\n')).toBe('');
  });

  it('gives a destination its own path in place of the one of its route', () => {
    const weighted = [v1, v2, 'v3'].map((name) => ({ name, weight: { value: 1 } }));
    const pathsBy = (pathsOf: ReturnType<typeof formatBackendPaths>) => {
      const { pickEdited } = forward(
        withRoute({
          match: { path_separated_prefix: '/items' },
          route: { weighted_clusters: { clusters: weighted }, prefix_rewrite: '/route' },
          metadata: { filter_metadata: pathsOf },
        }).match(request('/items/7?q')),
      );
      const picked = weighted.map(() => pickEdited?.());
      return Object.fromEntries(picked.map((each) => [each?.destination, each?.pathRewrite?.apply('/items/7?q')]));
    };
    expect(pathsBy(formatBackendPaths([{ prefix: '/own' }, null, { full: '/100%25' }]))).toEqual({
      [v1]: '/own/7?q',
      [v2]: '/route/7?q',
      v3: '/100%25?q',
    });
    expect(pathsBy(formatBackendPaths([null, { prefix: '/' }]))).toEqual({
      [v1]: '/route/7?q',
      [v2]: '/7?q',
      v3: '/route/7?q',
    });
    expect(() => pathsBy(formatBackendPaths([{ full: '/a b' }]))).toThrow('not a path');
  });

  it('compiles mirrors with their share and host', () => {
    const { mirrors, pickEdited } = forward(
      withRoute({
        match: { prefix: '/' },
        route: {
          cluster: v1,
          request_mirror_policies: [
            { cluster: v2 },
            {
              cluster: 'none',
              runtime_fraction: { default_value: { numerator: 0, denominator: 'MILLION' } },
              disable_shadow_host_suffix_append: true,
            },
          ],
        },
      }).match(request('/')),
    );
    expect(pickEdited).toBeNull();
    expect(mirrors).toMatchObject([
      { destination: v2, isDrawn: null, hasHostSuffix: true },
      { destination: 'none', hasHostSuffix: false },
    ]);
    expect(mirrors?.[1]?.isDrawn?.()).toBe(false);
  });

  it('never retries where the policy names no condition', () => {
    const table = withRoute({ match: { prefix: '/' }, route: { cluster: 'c', retry_policy: { retry_on: '' } } });
    expect(forward(table.match(request('/'))).retry).toBeNull();
  });
});

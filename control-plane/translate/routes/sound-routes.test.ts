import { describe, expect, it } from 'vitest';
import type { Input } from '../../../proto/load.ts';
import { messageType } from '../../../proto/load.ts';
import { routeRoom } from '../../../proto/pattern-budget.ts';
import { corsConfig } from '../filters/cors.ts';
import { soundRoutes } from './sound-routes.ts';

type Route = Input<'envoy.config.route.v3.Route'>;

const name = 'cart.default.svc.cluster.local:80';
const good: Route = { name: 'good', match: { prefix: '/' }, route: { cluster: 'c' } };

function repaired(routes: Route[]): readonly Route[] | null {
  const configuration = { name, virtual_hosts: [{ name, domains: ['*'], routes }] };
  const bytes = messageType('envoy.config.route.v3.RouteConfiguration').encode(configuration);
  return soundRoutes(configuration, bytes)?.virtual_hosts?.[0]?.routes ?? null;
}

function withHeader(key: string, value: string, route = good): Route {
  const option = { header: { key, value }, append_action: 'APPEND_IF_EXISTS_OR_ADD' as const };
  return { ...route, request_headers_to_add: [option] };
}

describe('soundRoutes', () => {
  it('leaves alone what is right', () => {
    expect(repaired([good, withHeader('x-a', '1')])).toBeNull();
    expect(repaired([])).toBeNull();
  });

  it('lets a route that a sidecar would refuse answer 500 with the reason, and the others be', () => {
    const bad = withHeader('connection', 'close', { ...good, name: 'bad', match: { path: '/bad' } });
    const reason =
      'the rule cannot be served: request_headers_to_add[0].header.key: names connection, which no rule may change';
    expect(repaired([bad, good])).toEqual([
      {
        name: 'bad',
        match: { path: '/bad' },
        metadata: null,
        direct_response: { status: 500, body: { inline_string: reason } },
      },
      good,
    ]);
  });

  it('leaves out a route whose conditions cannot be sent', () => {
    expect(repaired([{ ...good, match: { path: 'no-path' } }, good])).toEqual([good]);
  });

  it('repairs more routes than a validator reports at once', () => {
    const routes = Array.from({ length: 250 }, () => withHeader('host', 'a'));
    expect(repaired(routes)?.filter(({ direct_response }) => direct_response)).toHaveLength(250);
  });

  const byPattern = (index: number): Route => ({ ...good, match: { safe_regex: { regex: `/${index}/.*` } } });

  it('keeps the first routes whose patterns fit together', () => {
    const routes = Array.from({ length: routeRoom.patterns + 4_000 }, (_, index) => byPattern(index));
    expect(repaired([good, ...routes, good])).toEqual([good, ...routes.slice(0, routeRoom.patterns), good]);
  });

  it('leaves out routes with patterns that are none, however many', () => {
    const faulty = Array.from({ length: 900 }, (_, index) => ({
      ...good,
      match: { safe_regex: { regex: `${index}[` } },
    }));
    expect(repaired([byPattern(1), ...faulty, good])).toEqual([byPattern(1), good]);
  });

  it('counts the patterns of rewrites, without which a route does not forward', () => {
    const rewriting = (index: number): Route => ({
      ...good,
      match: { path: `/${index}` },
      route: { cluster: 'c', regex_rewrite: { pattern: { regex: `^/${index}` }, substitution: '/' } },
    });
    const routes = Array.from({ length: routeRoom.patterns - 1 }, (_, index) => byPattern(index));
    const [first, second] = repaired([...routes, rewriting(1), rewriting(2)])?.slice(-2) ?? [];
    expect(first).toEqual(rewriting(1));
    expect(second).toMatchObject({ match: { path: '/2' }, direct_response: { status: 500 } });
  });

  it('counts the patterns of origins, without which a route cannot answer', () => {
    const type_url = 'type.googleapis.com/envoy.extensions.filters.http.cors.v3.CorsPolicy';
    const origins = (index: number): Route => ({
      ...good,
      match: { path: `/${index}` },
      typed_per_filter_config: corsConfig([
        {
          type: 'CORS',
          cors: {
            allowOrigins: [`https://*.${index}.example`],
            allowMethods: [],
            allowHeaders: [],
            exposeHeaders: [],
            allowCredentials: false,
            maxAge: 5,
          },
        },
      ] as never).typed_per_filter_config as never,
    });
    expect(origins(0).typed_per_filter_config).toMatchObject({ 'envoy.filters.http.cors': { type_url } });
    const routes = Array.from({ length: routeRoom.patterns }, (_, index) => byPattern(index));
    const [last] = repaired([...routes.slice(1), origins(1), origins(2)])?.slice(-1) ?? [];
    expect(last).toMatchObject({ match: { path: '/2' }, direct_response: { status: 500 } });
    expect(last?.typed_per_filter_config).toBeUndefined();
  });

  it('lets the largest routes answer 500 when all together are too large for a sidecar', () => {
    const large = Array.from({ length: 5 }, () => withHeader('x-a', 'x'.repeat(800_000)));
    const routes = repaired([good, ...large]);
    expect(routes?.[0]).toEqual(good);
    expect(routes?.filter(({ direct_response }) => direct_response).length).toBeGreaterThanOrEqual(2);
  });

  it('leaves out the largest routes when their conditions alone are too large', () => {
    const headers = [{ name: 'x-a', string_match: { exact: 'x'.repeat(8000) } }];
    const large = Array.from({ length: 600 }, () => ({ ...good, match: { prefix: '/', headers } }));
    const routes = repaired([good, ...large]);
    expect(routes?.[0]).toEqual(good);
    expect(routes?.length).toBeLessThan(400);
  });
});

import { describe, expect, it } from 'vitest';
import type { Input } from '../../../proto/load.ts';
import { messageType } from '../../../proto/load.ts';
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

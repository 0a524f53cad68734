import { describe, expect, it } from 'vitest';
import type { Cluster } from '../cluster/cluster.ts';
import { RequestHead } from '../message-head.ts';
import { PathMatcher } from '../route/path-matcher.ts';
import type { RouteEntry } from '../route/route-entry.ts';
import { RouteTable } from '../route/route-table.ts';
import { ExternalHosts } from './external-hosts.ts';
import type { NamedRoutesAnswer } from './outbound-routes.ts';
import { declaredRouteName, ProxyPortRoutes, routeNameOf, TunnelRoutes } from './outbound-routes.ts';

const cart = new RouteTable<Cluster>([]);
const outside = new RouteTable<Cluster>([]);

const blockAll: RouteEntry<Cluster> = {
  path: PathMatcher.prefix('/'),
  headers: [],
  queryParameters: [],
  isForGrpc: false,
  route: {
    name: 'block_all',
    action: { kind: 'respond', status: 502, body: '', isRefusal: false },
    filters: null,
    requestHeaders: null,
    responseHeaders: null,
    origin: null,
  },
};

function head(authority: string): RequestHead {
  const made = new RequestHead();
  made.method = 'GET';
  made.authority = authority;
  return made;
}

function routes(answers: Record<string, NamedRoutesAnswer | Promise<NamedRoutesAnswer>>): {
  asked: string[];
  resolve(name: string): NamedRoutesAnswer | Promise<NamedRoutesAnswer>;
} {
  const asked: string[] = [];
  return {
    asked,
    resolve: (name) => {
      asked.push(name);
      return answers[name] ?? 'absent';
    },
  };
}

describe('routeNameOf', () => {
  it.each([
    ['cart', 'cart.shop.svc.cluster.local:80'],
    ['cart:8080', 'cart.shop.svc.cluster.local:8080'],
    ['cart.other', 'cart.other.svc.cluster.local:80'],
    ['cart.other.svc', 'cart.other.svc.cluster.local:80'],
    ['cart.other.svc.cluster.local.', 'cart.other.svc.cluster.local:80'],
    ['cart-v1', 'cart-v1.shop.svc.cluster.local:80'],
    ['10.0.0.1', null],
    ['[::1]:80', null],
    ['localhost', null],
    ['web.localhost:80', null],
    ['a.b.c.d', null],
    ['-cart', null],
    ['under_score', null],
  ])('reads %s as %s', (authority, name) => {
    expect(routeNameOf(authority, 'shop')).toBe(name);
  });
});

describe('declaredRouteName', () => {
  it('takes a host outside the mesh', () => {
    expect(declaredRouteName('DB.example.com:5432', 'default')).toBe('db.example.com:5432');
    expect(declaredRouteName('db.example.com', 'default')).toBe('db.example.com:80');
    for (const none of [
      'a.b.c.0',
      'a.b.localhost',
      'a.b.c:0',
      'a.b.c:70000',
      'a..b.c',
      '*.b.c',
      'a.b.svc.cluster.x_y',
    ]) {
      expect(declaredRouteName(none, 'default')).toBeNull();
    }
  });

  it('takes a service with namespace and port, and nothing else', () => {
    expect(declaredRouteName('Cart.shop:8080', 'default')).toBe('cart.shop.svc.cluster.local:8080');
    expect(declaredRouteName('127.0.0.1', 'default')).toBeNull();
  });
});

describe('TunnelRoutes', () => {
  const tunnel = (answers: Parameters<typeof routes>[0]) =>
    new TunnelRoutes(routes(answers), 'cart.shop.svc.cluster.local:8080', (authority) =>
      routeNameOf(authority, 'shop'),
    );

  it.each(['', 'cart:8080', 'cart', 'cart.shop', 'cart.shop.svc.cluster.local:8080'])(
    'takes a request for "%s"',
    (host) => {
      expect(tunnel({ 'cart.shop.svc.cluster.local:8080': cart }).lookup(head(host))).toBe(cart);
    },
  );

  it.each(['db:8080', 'cart:80', 'cart.other:8080', 'www.example.com', '10.0.0.1:8080'])(
    'says that a request for "%s" was sent the wrong way',
    (host) => {
      expect(tunnel({ 'cart.shop.svc.cluster.local:8080': cart }).lookup(head(host))).toBe('misdirectedRequest');
    },
  );

  it('says whether the service is unknown or the control plane silent', async () => {
    const name = 'cart.shop.svc.cluster.local:8080';
    expect(tunnel({}).lookup(head('cart'))).toBe('unknownHost');
    expect(await tunnel({ [name]: Promise.resolve('unknown') }).lookup(head('cart'))).toBe('configurationPending');
  });
});

describe('ProxyPortRoutes', () => {
  const external = new ExternalHosts(['api.example.com:80', 'example.org:80', '*.example.net:443']);
  const source = (answers: Parameters<typeof routes>[0] = {}, unknownHosts: RouteTable<Cluster> | null = outside) =>
    new ProxyPortRoutes(routes(answers), 'default', () => ({ unknownHosts, external }));

  it('goes by the authority, and leaves what is not in the mesh to the policy for unknown hosts', async () => {
    const answers = {
      'cart.default.svc.cluster.local:80': cart,
      'example.com.svc.cluster.local:80': Promise.resolve('absent' as const),
    };
    expect(source(answers).lookup(head('cart'))).toBe(cart);
    expect(await source(answers).lookup(head('example.com'))).toBe(outside);
    expect(source(answers).lookup(head('www.example.com'))).toBe(outside);
    expect(source(answers).lookup(head('93.184.216.34'))).toBe(outside);
  });

  it.each([
    'localhost',
    'x.localhost:80',
    '127.0.0.1:15000',
    '[::1]:80',
    '169.254.169.254',
    '0.0.0.0',
    '[::ffff:127.0.0.1]',
  ])('never goes to %s', (authority) => {
    expect(source().lookup(head(authority))).toBe('forbiddenDestination');
  });

  it('says that a service has no such port, and takes other hosts with a port outside', async () => {
    const known = source({
      'cart.default.svc.cluster.local:80': cart,
      'slow.default.svc.cluster.local:99': Promise.resolve('absent'),
      'slow.default.svc.cluster.local:80': Promise.resolve(cart),
    });
    expect(known.lookup(head('cart:99'))).toBe('unknownPort');
    expect(await known.lookup(head('slow:99'))).toBe('unknownPort');
    expect(known.lookup(head('example.com:8080'))).toBe(outside);
  });

  it('asks for the routes of hosts that are listed, and has others outside', async () => {
    const listed = source({
      'api.example.com:80': cart,
      '*.example.net:443': cart,
      'example.org:80': Promise.resolve('absent'),
      'example.org.svc.cluster.local:8080': Promise.resolve('absent'),
    });
    expect(listed.lookup(head('API.example.com'))).toBe(cart);
    expect(listed.lookup(head('www.example.net:443'))).toBe(cart);
    expect(listed.lookup(head('api.example.com:81'))).toBe(outside);
    expect(await listed.lookup(head('example.org'))).toBe(outside);
    expect(await listed.lookup(head('example.org:8080'))).toBe(outside);
  });

  it('says of a host that nobody has listed that only those may be called, where that is the policy', () => {
    const closed = new RouteTable<Cluster>([{ name: 'block_all', domains: ['*'], routes: [blockAll] }]);
    expect(source({}, closed).lookup(head('www.example.com'))).toBe('registryOnly');
    expect(source({ 'api.example.com:80': cart }, closed).lookup(head('api.example.com'))).toBe(cart);
  });

  it('does not look for an unknown mesh name outside', () => {
    expect(source().lookup(head('gone.default.svc.cluster.local'))).toBe('unknownHost');
  });

  it('answers that the configuration is pending before the outbound listener is known', () => {
    expect(source({}, null).lookup(head('www.example.com'))).toBe('configurationPending');
  });
});

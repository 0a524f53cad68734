import { describe, expect, it } from 'vitest';
import type { Cluster } from './cluster/cluster.ts';
import { RequestHead } from './message-head.ts';
import type { NamedRoutesAnswer } from './outbound-routes.ts';
import { declaredRouteName, ProxyPortRoutes, routeNameOf, UpstreamPortRoutes } from './outbound-routes.ts';
import { RouteTable } from './route/route-table.ts';

const cart = new RouteTable<Cluster>([]);
const outside = new RouteTable<Cluster>([]);

function head(authority: string, method = 'GET'): RequestHead {
  const made = new RequestHead();
  made.method = method;
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
  it('takes a service with namespace and port, and nothing else', () => {
    expect(declaredRouteName('Cart.shop:8080', 'default')).toBe('cart.shop.svc.cluster.local:8080');
    expect(declaredRouteName('127.0.0.1', 'default')).toBeNull();
  });
});

describe('UpstreamPortRoutes', () => {
  it('is for its service whatever the authority says', () => {
    const named = routes({ 'cart.default.svc.cluster.local:80': cart });
    const source = new UpstreamPortRoutes(named, 'cart.default.svc.cluster.local:80');
    expect(source.lookup(head('db'))).toBe(cart);
    expect(source.lookup(head('db', 'CONNECT'))).toBe('upgradeNotSupported');
  });

  it('says whether the service is unknown or the control plane silent', async () => {
    const named = routes({ silent: 'unknown', late: Promise.resolve('absent') });
    expect(new UpstreamPortRoutes(named, 'gone').lookup(head('a'))).toBe('unknownHost');
    expect(new UpstreamPortRoutes(named, 'silent').lookup(head('a'))).toBe('configurationPending');
    expect(await new UpstreamPortRoutes(named, 'late').lookup(head('a'))).toBe('unknownHost');
  });
});

describe('ProxyPortRoutes', () => {
  const source = (answers: Parameters<typeof routes>[0] = {}) =>
    new ProxyPortRoutes(routes(answers), 'default', () => outside);

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

  it('does not look for an unknown mesh name outside', () => {
    expect(source().lookup(head('gone.default.svc.cluster.local'))).toBe('unknownHost');
  });

  it('takes CONNECT for services of the mesh only', () => {
    expect(source({ 'cart.default.svc.cluster.local:80': cart }).lookup(head('cart:80', 'CONNECT'))).toBe(cart);
    expect(source().lookup(head('www.example.com:443', 'CONNECT'))).toBe('upgradeNotSupported');
  });

  it('answers that the configuration is pending before the outbound listener is known', () => {
    expect(new ProxyPortRoutes(routes({}), 'default', () => null).lookup(head('www.example.com'))).toBe(
      'configurationPending',
    );
  });
});

import { describe, expect, it } from 'vitest';
import { VirtualHostIndex } from './virtual-host-index.ts';

function indexOf(hosts: Record<string, string[]>, ignorePort = false) {
  return new VirtualHostIndex(
    Object.entries(hosts).map(([name, domains]) => ({ name, domains })),
    ignorePort,
  );
}

describe('VirtualHostIndex', () => {
  const index = indexOf({
    fallback: ['*'],
    prefix: ['cart.*'],
    longPrefix: ['cart.default.*'],
    suffix: ['*.example'],
    longSuffix: ['*.shop.example', '*-v2.shop.example'],
    exact: ['cart.shop.example', 'Web.Example', 'cart:8080'],
  });

  it.each([
    ['cart.shop.example', 'exact'],
    ['web.example', 'exact'],
    ['cart:8080', 'exact'],
    ['other.shop.example', 'longSuffix'],
    ['cart-v2.shop.example', 'longSuffix'],
    ['shop.example', 'suffix'],
    ['cart.example', 'suffix'],
    ['.example', 'fallback'],
    ['cart.default.svc', 'longPrefix'],
    ['cart.other', 'prefix'],
    ['cart.', 'fallback'],
    ['cart', 'fallback'],
    ['cart:80', 'fallback'],
    ['', 'fallback'],
  ])('takes %j for %s', (authority, expected) => {
    expect(index.find(authority)?.name).toBe(expected);
  });

  it('knows no host where nothing fits', () => {
    expect(indexOf({ exact: ['cart'] }).find('web')).toBeNull();
    expect(indexOf({}).find('web')).toBeNull();
  });

  it('leaves the port out when asked to', () => {
    const portless = indexOf({ cart: ['cart'], six: ['[::1]'] }, true);
    expect(portless.find('cart:8080')?.name).toBe('cart');
    expect(portless.find('cart')?.name).toBe('cart');
    expect(portless.find('[::1]:80')?.name).toBe('six');
    expect(portless.find('[::1]')?.name).toBe('six');
  });

  it.each(['', 'a*b', '**', '*a*'])('refuses %j as a domain', (domain) => {
    expect(() => indexOf({ host: [domain] })).toThrow('not a domain');
  });

  it('refuses a domain that is claimed twice, in whatever case', () => {
    expect(() => indexOf({ one: ['cart'], two: ['Cart'] })).toThrow('two virtual hosts have the domain Cart');
    expect(() => indexOf({ one: ['*'], two: ['*'] })).toThrow('two virtual hosts have the domain *');
  });
});

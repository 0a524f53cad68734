import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { RequestHead } from '../message-head.ts';
import { replaceFullPath, replacePrefixMatch } from './path-rewrite.ts';
import type { RedirectSettings } from './redirect.ts';
import { Redirect } from './redirect.ts';

function location(settings: Partial<RedirectSettings>, authority: string, path: string): string {
  const all = { scheme: null, hostname: null, port: null, path: null, stripQuery: false, ...settings };
  return new Redirect(all).location(Object.assign(new RequestHead(), { authority, path }));
}

describe('Redirect', () => {
  it.each<[Partial<RedirectSettings>, string, string, string]>([
    [{}, 'cart', '/a?b', 'http://cart/a?b'],
    [{}, 'cart:8080', '/a', 'http://cart:8080/a'],
    [{}, 'cart:80', '/a', 'http://cart/a'],
    [{}, '[::1]:8080', '/', 'http://[::1]:8080/'],
    [{}, '[::1]', '/', 'http://[::1]/'],
    [{ hostname: 'example.org' }, 'cart:8080', '/a', 'http://example.org:8080/a'],
    [{ hostname: 'example.org', port: 80 }, 'cart:8080', '/a', 'http://example.org/a'],
    [{ scheme: 'https' }, 'cart', '/a', 'https://cart/a'],
    [{ scheme: 'https' }, 'cart:8080', '/a', 'https://cart/a'],
    [{ scheme: 'http' }, 'cart:8080', '/a', 'http://cart/a'],
    [{ scheme: 'https', port: 443 }, 'cart:8080', '/a', 'https://cart/a'],
    [{ scheme: 'https', port: 8443 }, 'cart', '/a', 'https://cart:8443/a'],
    [{ scheme: 'http', port: 443 }, 'cart', '/a', 'http://cart:443/a'],
    [{ port: 8080 }, 'cart', '/a', 'http://cart:8080/a'],
    [{ port: 80 }, 'cart:8080', '/a', 'http://cart/a'],
    [{ path: replaceFullPath('/new') }, 'cart', '/old?q=1', 'http://cart/new?q=1'],
    [{ path: replacePrefixMatch('/old', '/new') }, 'cart', '/old/x?q=1', 'http://cart/new/x?q=1'],
    [{ stripQuery: true }, 'cart', '/a?b', 'http://cart/a'],
    [{ path: replaceFullPath('/new'), stripQuery: true }, 'cart', '/old?q=1', 'http://cart/new'],
    [{}, 'cart', '*', 'http://cart/'],
    [{}, '', '/a?b', '/a?b'],
    [{}, '', '//evil.example/a', '/evil.example/a'],
    [{ hostname: 'example.org' }, '', '//a', 'http://example.org//a'],
  ])('with %o sends a request for %j %j to %s', (settings, authority, path, expected) => {
    expect(location(settings, authority, path)).toBe(expected);
  });

  it('lets nothing into the header but visible ASCII, whatever the request holds', () => {
    const byte = fc.string({ unit: fc.integer({ min: 0, max: 255 }).map((code) => String.fromCharCode(code)) });
    fc.assert(
      fc.property(byte, byte, (authority, path) => {
        expect(location({}, authority, `/${path}`)).toMatch(/^[\x21-\x7e]*$/);
        expect(location({ scheme: 'https', port: 8443 }, authority, `/${path}`)).toMatch(/^[\x21-\x7e]*$/);
      }),
    );
    expect(location({}, 'cart', '/a\r\nset-cookie: x')).toBe('http://cart/a%0D%0Aset-cookie:%20x');
  });

  it.each<[Partial<RedirectSettings>, string]>([
    [{ scheme: 'HTTP' }, 'not a scheme'],
    [{ scheme: 'http://' }, 'not a scheme'],
    [{ hostname: 'a/b' }, 'not a host name'],
    [{ hostname: 'a\r\nb' }, 'not a host name'],
    [{ hostname: 'a:80' }, 'not a host name'],
    [{ hostname: '' }, 'not a host name'],
    [{ port: 0 }, 'not a port'],
    [{ port: 65_536 }, 'not a port'],
    [{ port: 1.5 }, 'not a port'],
  ])('refuses %o', (settings, message) => {
    expect(() => location(settings, 'cart', '/')).toThrow(message);
  });
});

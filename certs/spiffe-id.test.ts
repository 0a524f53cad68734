import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  InvalidSpiffeIdError,
  parseSpiffeId,
  parseTrustDomainUri,
  spiffeId,
  trustDomainOf,
  trustDomainUri,
  workloadOf,
} from './spiffe-id.ts';
import { longId } from './testing/wrong-leaves.ts';

const td = (length: number) => `spiffe://${'a'.repeat(length)}/b`;

describe('parseSpiffeId', () => {
  it.each([
    'spiffe://shop.local/ns/default/sa/cart',
    'spiffe://shop_1-a.local/A/b.c/...',
    'spiffe://1.2.3.4/a',
    longId(2048),
    td(255),
  ])('takes %s', (text) => {
    expect(parseSpiffeId(text)).toBe(text);
  });

  it.each([
    ['', /scheme/],
    ['spiffe:/shop.local/a', /scheme/],
    ['SPIFFE://shop.local/a', /scheme/],
    ['https://shop.local/a', /scheme/],
    [' spiffe://shop.local/a', /scheme/],
    ['spiffe:///a', /trust domain is missing/],
    ['spiffe://', /trust domain is missing/],
    ['spiffe://Shop.local/a', /lower-case/],
    ['spiffe://shop.local:80/a', /trust domain may/],
    ['spiffe://a@shop.local/a', /trust domain may/],
    ['spiffe://shop%2elocal/a', /trust domain may/],
    ['spiffe://[::1]/a', /trust domain may/],
    ['spiffe://shop.local?a/b', /trust domain may/],
    ['spiffe://shöp.local/a', /trust domain may/],
    [td(256), /longer than 255/],
    ['spiffe://shop.local', /path is missing/],
    ['spiffe://shop.local/', /trailing slash/],
    ['spiffe://shop.local/a/', /trailing slash/],
    ['spiffe://shop.local//a', /empty segment/],
    ['spiffe://shop.local/a//b', /empty segment/],
    ['spiffe://shop.local/./a', /dot segment/],
    ['spiffe://shop.local/a/..', /dot segment/],
    ['spiffe://shop.local/%63art', /letters/],
    ['spiffe://shop.local/a?b', /letters/],
    ['spiffe://shop.local/a#b', /letters/],
    ['spiffe://shop.local/a\0', /letters/],
    ['spiffe://shop.local/a\n', /letters/],
    ['spiffe://shop.local/ä', /letters/],
    ['spiffe://shop.local/a b', /letters/],
    [longId(2049), /longer than 2048/],
  ])('refuses %j and names the rule', (text, rule) => {
    expect(() => parseSpiffeId(text)).toThrow(InvalidSpiffeIdError);
    expect(() => parseSpiffeId(text)).toThrow(rule);
  });

  it('keeps control characters and endless names of a stranger out of its message', () => {
    const hostile = `spiffe://shop.local/\n\x1b[2J${'a'.repeat(5000)}`;
    try {
      parseSpiffeId(hostile);
      expect.unreachable();
    } catch (error) {
      expect((error as Error).message).not.toMatch(/\p{Cc}/u);
      expect((error as Error).message.length).toBeLessThan(400);
    }
  });

  it('throws nothing but its own error, and changes nothing it takes', () => {
    const anything = fc.uint16Array().map((units) => String.fromCharCode(...units));
    const text = fc.oneof(
      anything,
      fc.oneof(anything, fc.string()).map((rest) => `spiffe://shop.local/${rest}`),
    );
    fc.assert(
      fc.property(text, (candidate) => {
        try {
          expect(parseSpiffeId(candidate)).toBe(candidate);
        } catch (error) {
          expect(error).toBeInstanceOf(InvalidSpiffeIdError);
        }
      }),
    );
  });
});

describe('spiffeId', () => {
  const name = { trustDomain: 'shop.local', namespace: 'default', serviceAccount: 'cart' };

  it('is undone by workloadOf', () => {
    expect(spiffeId(name)).toBe('spiffe://shop.local/ns/default/sa/cart');
    expect(workloadOf(spiffeId(name))).toEqual(name);
    expect(trustDomainOf(spiffeId(name))).toBe('shop.local');
  });

  it.each([
    { ...name, namespace: 'default/sa/admin' },
    { ...name, serviceAccount: 'cart/x' },
    { ...name, serviceAccount: '..' },
    { ...name, serviceAccount: '' },
    { ...name, trustDomain: 'shop.local/ns' },
  ])('lets no part reach into another: %j', (parts) => {
    expect(() => spiffeId(parts)).toThrow(InvalidSpiffeIdError);
  });
});

describe('workloadOf', () => {
  it.each(['/a', '/ns/a/sa', '/ns/a/sa/b/c', '/x/ns/a/sa/b', '/NS/a/SA/b'])('knows no workload in %s', (path) => {
    expect(workloadOf(parseSpiffeId(`spiffe://shop.local${path}`))).toBe(null);
  });
});

describe('trustDomainUri', () => {
  it('is undone by parseTrustDomainUri', () => {
    expect(trustDomainUri('shop.local')).toBe('spiffe://shop.local');
    expect(parseTrustDomainUri('spiffe://shop.local')).toBe('shop.local');
  });

  it.each(['spiffe://', 'SPIFFE://shop.local', 'spiffe://shop.local/a', 'https://shop.local', ''])(
    'is not %j',
    (text) => {
      expect(() => parseTrustDomainUri(text)).toThrow(InvalidSpiffeIdError);
    },
  );
});

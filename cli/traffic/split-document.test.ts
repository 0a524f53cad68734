import { describe, expect, it } from 'vitest';
import { checkDocument } from '../../control-plane/model/check-document.ts';
import type { HttpRoute } from '../../control-plane/model/http-route.ts';
import { changeInWords, readShares, sharesInWords, sharesOf, splitDocument } from './split-document.ts';

function routeOf(document: object): HttpRoute {
  const { document: route, faults } = checkDocument(document);
  expect(faults).toEqual([]);
  return route as HttpRoute;
}

describe('readShares', () => {
  it('reads weights by version, in their order', () => {
    expect([...readShares(['v1=90', 'v2=10', '1.2.3=0'])]).toEqual([
      ['v1', 90],
      ['v2', 10],
      ['1.2.3', 0],
    ]);
  });

  it.each([
    [['v1'], /"v1" is no share/],
    [['v1=ten'], /"v1=ten" is no share/],
    [['v1=1000001'], /no share/],
    [['v1=-1'], /no share/],
    [['v1=1', 'v1=2'], /v1 twice/],
    [['v1=0'], /nothing has a share/],
    [[], /nothing has a share/],
  ])('refuses %j', (words, message) => {
    expect(() => readShares(words)).toThrow(message);
  });
});

describe('splitDocument', () => {
  it('is a document without a fault, that says what it was asked to', () => {
    const shares = readShares(['v1=90', 'v2=10']);
    expect(sharesOf(routeOf(splitDocument('cart', 'shop', 8080, shares)), 'cart')).toEqual(shares);
  });
});

describe('sharesOf', () => {
  const plain = splitDocument('cart', 'default', 80, readShares(['v1=1'])) as { spec: { rules: [object] } };
  const withRule = (more: object) => ({
    ...plain,
    spec: { ...plain.spec, rules: [{ ...plain.spec.rules[0], ...more }] },
  });

  it.each<[string, object]>([
    ['a condition', withRule({ matches: [{ path: { value: '/a' } }] })],
    ['a filter', withRule({ filters: [{ type: 'RequestHeaderModifier', requestHeaderModifier: { remove: ['a'] } }] })],
    ['a timeout', withRule({ timeouts: { request: '1s' } })],
    ['another service', withRule({ backendRefs: [{ name: 'other', port: 80 }] })],
    ['another rule', { ...plain, spec: { ...plain.spec, rules: [plain.spec.rules[0], plain.spec.rules[0]] } }],
  ])('does not take %s for a split', (_what, document) => {
    expect(() => sharesOf(routeOf(document), 'cart')).toThrow(/rules of its own/);
  });
});

describe('changeInWords', () => {
  it('says what was and what is', () => {
    expect(changeInWords(readShares(['v1=1']), readShares(['v1=9', 'v2=1']))).toBe('v1 100 → 90 %   v2 0 → 10 %');
    expect(changeInWords(readShares(['v1=2', 'v2=1']), readShares(['v1=2', 'v2=1']))).toBe('v1 66.7 %   v2 33.3 %');
    expect(changeInWords(null, readShares(['v1=1', 'v2=0']))).toBe('v1 100 %   v2 0 %');
  });

  it('can be typed again', () => {
    expect(sharesInWords(readShares(['v1=9', 'v2=1']))).toBe('v1=9 v2=1');
  });
});

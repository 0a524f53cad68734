import { describe, expect, it } from 'vitest';
import { checkDocument } from '../../control-plane/model/check-document.ts';
import type { HttpRoute } from '../../control-plane/model/http-route.ts';
import type { SplitRule } from './split-document.ts';
import {
  changeInWords,
  headersInWords,
  isSplit,
  noSplit,
  readShares,
  ruleFor,
  splitDocument,
  splitRulesOf,
  withoutRule,
  withRule,
} from './split-document.ts';

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

const jason = [{ name: 'x-user', value: 'jason' }];
const shares = readShares(['v1=90', 'v2=10']);
const forAll: SplitRule = { headers: [], shares };
const forJason: SplitRule = { headers: jason, shares: readShares(['v2=1']) };

const documentOf = (...rules: readonly SplitRule[]) => splitDocument('cart', 'shop', 8080, rules, null);

describe('splitDocument', () => {
  it('is a document without a fault, that says what it was asked to', () => {
    expect(isSplit(routeOf(documentOf(forJason, forAll)), 'cart')).toBe(true);
    expect(splitRulesOf(routeOf(documentOf(forJason, forAll)), 'cart')).toEqual([forJason, forAll]);
    const toAll = { headers: [], shares: noSplit };
    expect(splitRulesOf(routeOf(documentOf(forJason, toAll)), 'cart')).toEqual([forJason, toAll]);
  });

  it('keeps labels and annotations, and not where the route was written', () => {
    const before = routeOf(documentOf(forAll));
    before.metadata.labels = { team: 'a' };
    before.metadata.annotations = { 'heddle.dev/priority': 'High', 'heddle.dev/source': 'cart.yaml:1' };
    expect(splitDocument('cart', 'shop', 80, [forAll], before)).toMatchObject({
      metadata: { labels: { team: 'a' }, annotations: { 'heddle.dev/priority': 'High' } },
    });
    expect(JSON.stringify(splitDocument('cart', 'shop', 80, [forAll], before))).not.toContain('cart.yaml');
  });
});

describe('withRule', () => {
  it('puts rules with headers first, and always one for all others last', () => {
    expect(withRule([], forAll)).toEqual([forAll]);
    expect(withRule([], forJason)).toEqual([forJason, { headers: [], shares: noSplit }]);
    expect(withRule([forAll], forJason)).toEqual([forJason, forAll]);
  });

  it('takes the place of the rule for the same headers, however they are spelt', () => {
    const again = { headers: [{ name: 'X-User', value: 'jason' }], shares };
    expect(withRule([forJason, forAll], again)).toEqual([again, forAll]);
    expect(ruleFor([forJason, forAll], again.headers)).toBe(forJason);
    expect(ruleFor([forJason, forAll], [{ name: 'x-user', value: 'Jason' }])).toBeNull();
  });
});

describe('withoutRule', () => {
  it('leaves the others, and nothing where they split nothing', () => {
    expect(withoutRule([forJason, forAll], jason)).toEqual([forAll]);
    expect(withoutRule([forJason, { headers: [], shares: noSplit }], jason)).toEqual([]);
  });
});

describe('splitRulesOf', () => {
  const plain = documentOf(forAll) as { spec: { rules: [object] } };
  const withMore = (more: object) => ({
    ...plain,
    spec: { ...plain.spec, rules: [{ ...plain.spec.rules[0], ...more }] },
  });
  const withSpec = (more: object) => ({ ...plain, spec: { ...plain.spec, ...more } });
  const v1 = { name: 'cart-v1', port: 80 };

  it.each<[string, object]>([
    ['a condition', withMore({ matches: [{ path: { value: '/a' } }] })],
    ['a pattern', withMore({ matches: [{ headers: [{ name: 'a', type: 'RegularExpression', value: 'b.*' }] }] })],
    ['a filter', withMore({ filters: [{ type: 'RequestHeaderModifier', requestHeaderModifier: { remove: ['a'] } }] })],
    ['a timeout', withMore({ timeouts: { request: '1s' } })],
    ['a session', withMore({ sessionPersistence: { sessionName: 'a' } })],
    ['another service', withMore({ backendRefs: [{ name: 'other', port: 80 }] })],
    ['another namespace', withMore({ backendRefs: [{ name: 'cart-v1', namespace: 'other', port: 80 }] })],
    ['no backend', withMore({ backendRefs: [] })],
    ['something outside', withMore({ backendRefs: [{ ...v1, group: 'heddle.dev', kind: 'ExternalService' }] })],
    ['several ports', withMore({ backendRefs: [v1, { name: 'cart-v2', port: 81 }] })],
    ['one backend twice', withMore({ backendRefs: [v1, v1] })],
    ['the route of a gateway', withSpec({ parentRefs: [{ name: 'cart' }] })],
    [
      'a service of another namespace',
      withSpec({ parentRefs: [{ group: '', kind: 'Service', name: 'cart', namespace: 'other' }] }),
    ],
    ['hosts', withSpec({ hostnames: ['cart.example.com'] })],
    ['gateways', withSpec({ useDefaultGateways: 'All' })],
    ['another rule', { ...plain, spec: { ...plain.spec, rules: [plain.spec.rules[0], plain.spec.rules[0]] } }],
  ])('does not take %s for a split', (_what, document) => {
    expect(() => splitRulesOf(routeOf(document), 'cart')).toThrow(/rules of its own/);
    expect(isSplit(routeOf(document), 'cart')).toBe(false);
  });

  it('takes what says the same in more words', () => {
    const parent = { group: '', kind: 'Service', name: 'cart', namespace: 'shop' };
    expect(splitRulesOf(routeOf(withSpec({ parentRefs: [parent], hostnames: [] })), 'cart')).toEqual([forAll]);
  });
});

describe('changeInWords', () => {
  it('says what was and what is', () => {
    expect(changeInWords(readShares(['v1=1']), readShares(['v1=9', 'v2=1']))).toBe('v1 100 → 90 %   v2 0 → 10 %');
    expect(changeInWords(readShares(['v1=2', 'v2=1']), readShares(['v1=2', 'v2=1']))).toBe('v1 66.7 %   v2 33.3 %');
    expect(changeInWords(null, readShares(['v1=1', 'v2=0']))).toBe('v1 100 %   v2 0 %');
    expect(changeInWords(noSplit, readShares(['v1=1']))).toBe('v1 100 %');
    expect(changeInWords(null, noSplit)).toBe('every version 100 %');
    const missing = new Set(['v9']);
    expect(changeInWords(null, readShares(['v1=1', 'v9=1']), missing)).toBe('v1 50 %   v9 50 % (missing)');
  });
});

describe('headersInWords', () => {
  it('says nothing of all requests', () => {
    expect(headersInWords([])).toBe('');
    expect(headersInWords([...jason, { name: 'x-beta', value: '1' }])).toBe(
      'requests with x-user: jason and x-beta: 1',
    );
  });
});

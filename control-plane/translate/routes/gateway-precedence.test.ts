import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { GrpcRouteMatch } from '../../model/grpc-route.ts';
import type { Precedence } from './gateway-precedence.ts';
import { comparePrecedence } from './gateway-precedence.ts';
import { grpcPrecedence } from './grpc-match.ts';

const plain: Precedence = {
  path: { type: 'PathPrefix', value: '' },
  method: 0,
  headers: 0,
  queryParams: 0,
  host: 0,
  callers: 0,
  createdAtMs: 1000,
  document: 'default/m',
  rule: 1,
  match: 1,
};

/** Each stage of the rules: what wins it, against something that wins all later stages. */
const stages: readonly (readonly [string, Partial<Precedence>, Partial<Precedence>])[] = [
  ['a host that is named before an exact path', { host: 1 }, { path: { type: 'Exact', value: '/a' } }],
  [
    'an exact path before a longer prefix',
    { path: { type: 'Exact', value: '/a' } },
    { path: { type: 'PathPrefix', value: '/a/b/c' } },
  ],
  [
    'an exact path before a longer pattern',
    { path: { type: 'Exact', value: '/a' } },
    { path: { type: 'RegularExpression', value: '/a/.*' } },
  ],
  [
    'a pattern before a longer prefix',
    { path: { type: 'RegularExpression', value: '/a.*' } },
    { path: { type: 'PathPrefix', value: '/a/b/c/d' } },
  ],
  [
    'a longer prefix before a method',
    { path: { type: 'PathPrefix', value: '/a/b' } },
    { path: { type: 'PathPrefix', value: '/a' }, method: 1 },
  ],
  ['a method before headers', { method: 1 }, { headers: 16 }],
  ['more headers before query parameters', { headers: 2 }, { headers: 1, queryParams: 16 }],
  ['more query parameters before callers', { queryParams: 1 }, { callers: 1 }],
  ['a rule for certain callers before age', { callers: 1 }, { createdAtMs: 0 }],
  ['the older route before the name', { createdAtMs: 999 }, { document: 'default/a' }],
  ['the name before the place', { document: 'default/a' }, { rule: 0 }],
  ['the rule before the match', { rule: 0 }, { match: 0 }],
  ['the first match', { match: 0 }, {}],
];

describe('comparePrecedence', () => {
  it.each(stages)('puts %s', (_name, winner, loser) => {
    expect(comparePrecedence({ ...plain, ...winner }, { ...plain, ...loser })).toBeLessThan(0);
    expect(comparePrecedence({ ...plain, ...loser }, { ...plain, ...winner })).toBeGreaterThan(0);
  });

  it('sorts the same, whatever order it starts from', () => {
    const precedence = fc.record({
      path: fc.record({
        type: fc.constantFrom('Exact' as const, 'RegularExpression' as const, 'PathPrefix' as const),
        value: fc.constantFrom('', '/a', '/b', '/a/b'),
      }),
      method: fc.nat(1),
      headers: fc.nat(2),
      queryParams: fc.nat(2),
      host: fc.nat(2),
      callers: fc.nat(1),
      createdAtMs: fc.nat(2),
      document: fc.constantFrom('default/a', 'default/b'),
      rule: fc.nat(3),
      match: fc.nat(3),
    });
    const places = fc.uniqueArray(precedence, {
      selector: ({ document, rule, match }) => `${document} ${rule} ${match}`,
    });
    fc.assert(
      fc.property(
        places.chain((list) => fc.tuple(fc.constant(list), fc.shuffledSubarray(list, { minLength: list.length }))),
        ([list, shuffled]) => {
          expect(shuffled.sort(comparePrecedence)).toEqual([...list].sort(comparePrecedence));
        },
      ),
    );
  });
});

describe('comparePrecedence of the matches of GRPCRoutes', () => {
  const of = (method: GrpcRouteMatch['method'], headers = 0): Precedence => ({
    ...plain,
    ...grpcPrecedence({
      method,
      headers: Array.from({ length: headers }, (_, index) => ({ type: 'Exact', name: `x-${index}`, value: 'a' })),
    }),
  });
  const exact = (service?: string, method?: string) => ({ type: 'Exact' as const, service, method });
  const pattern = (service?: string, method?: string) => ({ type: 'RegularExpression' as const, service, method });

  /** Each against something that wins all later stages. */
  it.each<[string, Precedence, Precedence]>([
    ['names before a longer pattern', of(exact('a')), of(pattern('shop.*', 'Get.*'), 16)],
    ['a longer service before a longer method', of(exact('shop.Cart')), of(exact('Cart', 'GetAllThatIsInside'), 16)],
    ['a longer method before more headers', of(exact('Cart', 'GetAll')), of(exact('Cart', 'Get'), 16)],
    ['more headers before age', of(exact('Cart'), 2), { ...of(exact('Cart'), 1), createdAtMs: 0 }],
    ['a method before every call', of(exact(undefined, 'Get')), of(undefined, 16)],
    ['the older route before the name', { ...of(undefined), createdAtMs: 999 }, { ...of(undefined), document: 'a/a' }],
    ['the name before the place', { ...of(undefined), document: 'default/a' }, { ...of(undefined), rule: 0 }],
  ])('puts %s', (_name, winner, loser) => {
    expect(comparePrecedence(winner, loser)).toBeLessThan(0);
    expect(comparePrecedence(loser, winner)).toBeGreaterThan(0);
  });
});

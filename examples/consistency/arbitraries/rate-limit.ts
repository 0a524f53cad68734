import fc from 'fast-check';
import { often, rarely } from './frequency.ts';

const selector = fc
  .record({
    headers: often(
      fc.array(
        fc.oneof(
          fc.record({ name: fc.constant('x-plan'), value: fc.constantFrom('free', '') }),
          fc.record({ type: fc.constant('Distinct'), name: fc.constant('x-user') }),
          fc.record({
            type: fc.constant('RegularExpression'),
            name: fc.constant('x-plan'),
            value: fc.constantFrom('fr.*', '[0-9]+'),
            invert: fc.boolean(),
          }),
        ),
        { minLength: 1, maxLength: 2 },
      ),
    ),
    methods: rarely(fc.constant([{ value: 'POST' }])),
    path: rarely(
      fc.record({
        type: often(fc.constantFrom('Exact', 'PathPrefix', 'RegularExpression')),
        value: fc.constantFrom('/', '/a/'),
        invert: rarely(fc.boolean()),
      }),
    ),
    principal: rarely(fc.constantFrom({ type: 'Distinct' }, { value: 'spiffe://cluster.local/ns/default/sa/web' })),
  })
  .filter((parts) => Object.values(parts).some((part) => part !== undefined));

const rateRules = (...units: readonly string[]) =>
  fc.record({
    rules: fc.array(
      fc.record({
        clientSelectors: often(fc.array(selector, { maxLength: 2 })),
        limit: fc.record({
          requests: fc.constantFrom(1, 1000, 4_294_967_295),
          unit: fc.constantFrom(...units),
        }),
      }),
      { minLength: 1, maxLength: 3 },
    ),
  });

const globalRules = fc
  .tuple(rateRules('Second', 'Month', 'Year'), rarely(fc.boolean()), rarely(fc.constantFrom(1, 5, 1_000_000_000)))
  .map(([{ rules }, shared, number]) => ({
    rules: rules.map((rule) => ({
      ...rule,
      ...(shared !== undefined && { shared }),
      ...(number !== undefined && { cost: { request: { from: 'Number', number } } }),
    })),
  }));

const connections = fc.record({
  connectionRate: fc.record({ num: fc.constantFrom(1, 4_294_967_295), interval: fc.constantFrom('50ms', '24h') }),
});

export const rateLimit: fc.Arbitrary<object> = fc.oneof(
  fc.record({
    type: fc.constant('Local'),
    local: fc
      .tuple(rateRules('Second', 'Minute', 'Hour', 'Day'), rarely(connections))
      .map(([rules, tcp]) => ({ ...rules, ...(tcp !== undefined && { tcp }) })),
  }),
  fc.record({ type: fc.constant('Local'), local: fc.record({ tcp: connections }) }),
  fc.record({ type: fc.constant('Global'), global: globalRules }),
);

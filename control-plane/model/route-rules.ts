import { z } from 'zod';
import { boundedText } from './bounded-text.ts';
import type { Report } from './cross-check.ts';
import { crossCheck } from './cross-check.ts';
import { mayBeRepeated } from './http-route-filter.ts';
import { reportRepeatedNames } from './repeated-names.ts';

/** What HTTPRoute and GRPCRoute have in common. Bounds are the standard's: gateway-api `apis/v1`, HTTPRouteSpec and GRPCRouteSpec. */
export const routeSpecShape = {
  useDefaultGateways: z.enum(['All', 'None']).optional(),
  /**
   * Of an ExternalService, the hosts that the route is for; all of them when left out. Kept, and without effect, where the
   * parent is a Service: that Service's own names hold (GEP-1426).
   */
  hostnames: z.array(boundedText('a host name', 253)).max(16, 'a route has at most 16 hostnames').optional(),
};

const maxMatches = 128;

/** `rules` of a route. */
export function rulesSchema<Rule extends z.ZodType>(rule: Rule): z.ZodArray<Rule> {
  return z
    .array(rule)
    .min(1, 'a route has at least one rule; leave rules out for one that takes everything')
    .max(16, 'a route has at most 16 rules');
}

interface RuleNames {
  readonly rules: readonly { readonly name?: string | undefined; readonly matches: readonly unknown[] }[];
}

/** Of the `spec` of a route. */
export const routeRulesCheck = crossCheck<RuleNames>(['rules'], ({ rules }, report) => {
  const matches = rules.reduce((sum, rule) => sum + rule.matches.length, 0);
  if (matches > maxMatches) {
    report(['rules'], `a route has at most ${maxMatches} matches in all its rules, this one has ${matches}`);
  }
  const named = rules.flatMap(({ name }, index) => (name === undefined ? [] : [{ name, index }]));
  reportRepeatedNames(
    named.map(({ name }) => name),
    (position, name) => report(['rules', named[position]?.index ?? 0, 'name'], `rule name ${name} is used twice`),
  );
});

/** Of a rule: most filters stand once. */
export function reportRepeatedFilters(
  filters: readonly { readonly type: Parameters<typeof mayBeRepeated>[0] }[],
  report: Report,
): void {
  const single = filters.flatMap(({ type }, index) => (mayBeRepeated(type) ? [] : [{ type, index }]));
  reportRepeatedNames(
    single.map(({ type }) => type),
    (position, type) =>
      report(['filters', single[position]?.index ?? 0, 'type'], `${type} cannot be repeated in one rule`),
  );
}

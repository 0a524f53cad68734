import { PatternBudget, routeRoom } from '../../../proto/pattern-budget.ts';
import type { RequestRoute } from '../attachments/request-route.ts';
import type { RouteParent } from '../attachments/route-attachments.ts';
import type { RouteExtensions } from '../attachments/route-extensions.ts';
import { corsConfig } from '../filters/cors.ts';
import { comparePrecedence } from './gateway-precedence.ts';
import type { Candidate } from './route-candidates.ts';
import { allCandidatesOf } from './route-candidates.ts';
import { routeMatch } from './route-match.ts';
import { patternsOfMatch, patternsOfRule } from './route-patterns.ts';
import { rewriteAction, ruleRewrite } from './rule-rewrite.ts';

/**
 * Which matches of the routes of one port have more patterns than there is room for, as `soundRoutes` finds it for callers
 * to whom every rule applies. Where rules are for certain callers, a table holds fewer of them, and may have room.
 */
export class CrowdedRoutes {
  readonly #extensions: RouteExtensions;
  /** Routes of one port are asked about for each of them, and are the very same list. */
  readonly #known = new WeakMap<readonly RequestRoute[], readonly Candidate[]>();

  readonly #withPatterns = new WeakMap<RequestRoute, boolean>();

  constructor(extensions: RouteExtensions) {
    this.#extensions = extensions;
  }

  hasPatterns(route: RequestRoute): boolean {
    let has = this.#withPatterns.get(route);
    if (has === undefined) {
      // what is called makes a difference to the order alone
      const candidates = allCandidatesOf(route, this.#extensions, { kind: 'Service', host: '' });
      has = candidates.some((candidate) => isPatterned(patternsOf(candidate)));
      this.#withPatterns.set(route, has);
    }
    return has;
  }

  withoutRoom(routes: readonly RequestRoute[], called: Pick<RouteParent, 'kind' | 'host'>): readonly Candidate[] {
    let found = this.#known.get(routes);
    if (found === undefined) {
      const patterned = routes.filter((route) => this.hasPatterns(route));
      found = withoutRoom(patterned.flatMap((route) => allCandidatesOf(route, this.#extensions, called)));
      this.#known.set(routes, found);
    }
    return found;
  }
}

function withoutRoom(candidates: readonly Candidate[]): readonly Candidate[] {
  const all = candidates
    .map((candidate) => ({ candidate, patterns: patternsOf(candidate) }))
    .filter(({ patterns }) => isPatterned(patterns));
  // mostly there is room for all, and their order is all the same
  const isEnough = new PatternBudget(routeRoom).take(
    all.flatMap(({ patterns }) => [...patterns.conditions, ...patterns.others]),
  );
  if (isEnough) return [];
  const room = new PatternBudget(routeRoom);
  return all
    .sort((a, b) => comparePrecedence(a.candidate.precedence, b.candidate.precedence))
    .flatMap(({ candidate, patterns: { conditions, others } }) =>
      room.take(conditions) && room.take(others) ? [] : [candidate],
    );
}

function isPatterned({ conditions, others }: ReturnType<typeof patternsOf>): boolean {
  return conditions.length + others.length > 0;
}

function patternsOf({ match, rule, extensions }: Candidate) {
  return {
    conditions: patternsOfMatch({ match: routeMatch(match) }),
    others: patternsOfRule({
      ...corsConfig(rule.filters),
      route: rewriteAction(ruleRewrite(rule, extensions), match, { routing: true }),
    }),
  };
}

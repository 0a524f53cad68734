import type { GrpcRoute } from '../../model/grpc-route.ts';
import type { HttpRoute } from '../../model/http-route.ts';
import type { HttpRouteMatch } from '../../model/http-route-match.ts';
import { createdAtMs } from '../../model/older-first.ts';
import { hostRank } from '../attachments/hostnames.ts';
import type { RequestRoute, RequestRule } from '../attachments/request-route.ts';
import type { RouteParent } from '../attachments/route-attachments.ts';
import type { RouteCaller, RouteExtensions, RuleExtensions } from '../attachments/route-extensions.ts';
import { isForCaller } from '../attachments/route-extensions.ts';
import type { Precedence } from './gateway-precedence.ts';
import { grpcPrecedence, httpMatchOf } from './grpc-match.ts';
import { matchEverything, prefixWithoutSlash } from './route-match.ts';

/** One match of one rule: what becomes one xDS route. */
export interface Candidate {
  readonly route: RequestRoute;
  readonly rule: RequestRule;
  readonly match: HttpRouteMatch;
  readonly precedence: Precedence;
  readonly extensions: RuleExtensions;
}

/** Those of the rules that hold for the caller. */
export function candidatesOf(
  route: RequestRoute,
  extensions: RouteExtensions,
  caller: RouteCaller,
  called: Called,
): readonly Candidate[] {
  return allCandidatesOf(route, extensions, called).filter((candidate) => isForCaller(candidate.extensions, caller));
}

/** Those of every rule, for whichever callers. */
export function allCandidatesOf(
  route: RequestRoute,
  extensions: RouteExtensions,
  called: Called,
): readonly Candidate[] {
  const host = called.kind === 'Service' ? 0 : hostRank(route.spec.hostnames ?? [], called.host);
  const all = route.kind === 'GRPCRoute' ? ofGrpcRoute(route) : ofHttpRoute(route);
  return all.map((candidate) => {
    const ofRule = extensions.of(route, candidate.rule);
    const precedence = { ...candidate.precedence, host, callers: ofRule.callers === null ? 0 : 1 };
    return { ...candidate, precedence, extensions: ofRule };
  });
}

type Called = Pick<RouteParent, 'kind' | 'host'>;
type WithoutExtensions = Omit<Candidate, 'extensions'>;

function ofHttpRoute(route: HttpRoute): readonly WithoutExtensions[] {
  return route.spec.rules.flatMap((rule, ruleIndex) =>
    (rule.matches.length === 0 ? [matchEverything] : rule.matches).map((match, matchIndex) => ({
      route,
      rule,
      match,
      precedence: {
        path: {
          type: match.path.type,
          value: match.path.type === 'PathPrefix' ? prefixWithoutSlash(match.path.value) : match.path.value,
        },
        method: match.method === undefined ? 0 : 1,
        headers: match.headers.length,
        queryParams: match.queryParams.length,
        ...placeOf(route, ruleIndex, matchIndex),
      },
    })),
  );
}

function ofGrpcRoute(route: GrpcRoute): readonly WithoutExtensions[] {
  return route.spec.rules.flatMap((rule, ruleIndex) =>
    (rule.matches.length === 0 ? [{ headers: [] }] : rule.matches).map((match, matchIndex) => ({
      route,
      rule,
      match: httpMatchOf(match),
      precedence: { ...grpcPrecedence(match), ...placeOf(route, ruleIndex, matchIndex) },
    })),
  );
}

function placeOf({ metadata }: RequestRoute, rule: number, match: number) {
  return {
    host: 0,
    callers: 0,
    createdAtMs: createdAtMs(metadata),
    document: `${metadata.namespace}/${metadata.name}`,
    rule,
    match,
  };
}

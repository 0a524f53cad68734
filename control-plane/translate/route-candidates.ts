import type { GrpcRoute } from '../model/grpc-route.ts';
import type { HttpRoute, HttpRouteRule } from '../model/http-route.ts';
import type { HttpRouteMatch } from '../model/http-route-match.ts';
import type { Precedence } from './gateway-precedence.ts';
import { grpcPrecedence, httpMatchOf } from './grpc-match.ts';
import { createdAtMs } from './order.ts';
import { matchEverything, prefixWithoutSlash } from './route-match.ts';

/** What decides about requests. */
export type RequestRoute = HttpRoute | GrpcRoute;

/** What a rule does; one of a GRPCRoute has fewer ways to say it. */
export type RequestRule = Pick<HttpRouteRule, 'name' | 'filters' | 'backendRefs' | 'timeouts' | 'retry'>;

/** One match of one rule: what becomes one xDS route. */
export interface Candidate {
  readonly route: RequestRoute;
  readonly rule: RequestRule;
  readonly match: HttpRouteMatch;
  readonly precedence: Precedence;
}

export function candidatesOf(route: RequestRoute): readonly Candidate[] {
  return route.kind === 'GRPCRoute' ? ofGrpcRoute(route) : ofHttpRoute(route);
}

function ofHttpRoute(route: HttpRoute): readonly Candidate[] {
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

function ofGrpcRoute(route: GrpcRoute): readonly Candidate[] {
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
    createdAtMs: createdAtMs(metadata),
    document: `${metadata.namespace}/${metadata.name}`,
    rule,
    match,
  };
}

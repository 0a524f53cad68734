import type { Input } from '../../../proto/load.ts';
import type { RouteFilter } from '../../model/route-filter.ts';
import type { RouteFilterRewrite } from '../../model/route-filter-rewrite.ts';
import type { RequestRoute, RequestRule } from './request-route.ts';

type Route = Input<'envoy.config.route.v3.Route'>;

/** Whose requests are routed, by its certificate. */
export interface RouteCaller {
  readonly namespace: string;
  /** Absent where nobody knows. */
  readonly serviceAccount?: string | undefined;
}

/** What the filters of our own say of a rule. */
export interface RuleExtensions {
  /** Null for every caller; of several filters each must take it. */
  readonly callers: readonly (readonly RouteCaller[])[] | null;
  readonly response: NonNullable<RouteFilter['spec']['directResponse']> | null;
  /** By the position of their filters in the rule. */
  readonly rewrites: readonly { readonly index: number; readonly rewrite: RouteFilterRewrite }[];
  /** Filters that do not exist, by their position in the rule. */
  readonly missing: readonly { readonly index: number; readonly message: string }[];
}

/** The HTTPRouteFilters of the mesh. A rule that names one that does not exist answers 500, as Gateway API has it. */
export class RouteExtensions {
  readonly #filters: ReadonlyMap<string, RouteFilter>;
  /** Every client of a service asks, at every change, and about the very same list. */
  readonly #distinguishing = new WeakMap<readonly RequestRoute[], boolean>();

  constructor(filters: readonly RouteFilter[]) {
    this.#filters = new Map(filters.map((filter) => [`${filter.metadata.namespace}/${filter.metadata.name}`, filter]));
  }

  of(route: RequestRoute, { filters }: Pick<RequestRule, 'filters'>): RuleExtensions {
    const missing: { index: number; message: string }[] = [];
    const named = filters.flatMap(({ extensionRef }, index) => {
      if (extensionRef === undefined) return [];
      const { group, kind, name } = extensionRef;
      const { namespace } = route.metadata;
      const isOurs = group === 'heddle.dev' && kind === 'HTTPRouteFilter';
      const filter = isOurs ? this.#filters.get(`${namespace}/${name}`) : undefined;
      if (filter !== undefined) return [{ index, spec: filter.spec }];
      const message = isOurs
        ? `HTTPRouteFilter ${namespace}/${name} does not exist`
        : `a filter of kind ${kind} is not supported: name an HTTPRouteFilter of group heddle.dev`;
      missing.push({ index, message });
      return [];
    });
    const callers = named.flatMap(({ spec }) => (spec.callers === undefined ? [] : [spec.callers]));
    return {
      callers: callers.length === 0 ? null : callers,
      response: named.find(({ spec }) => spec.directResponse !== undefined)?.spec.directResponse ?? null,
      rewrites: named.flatMap(({ index, spec: { urlRewrite } }) =>
        urlRewrite === undefined ? [] : [{ index, rewrite: urlRewrite }],
      ),
      missing,
    };
  }

  /** Whether rules of these routes are for some callers and not for others. */
  distinguishCallers(routes: readonly RequestRoute[]): boolean {
    let answer = this.#distinguishing.get(routes);
    if (answer === undefined) {
      answer = routes.some((route) => rulesOf(route).some((rule) => this.of(route, rule).callers !== null));
      this.#distinguishing.set(routes, answer);
    }
    return answer;
  }
}

function rulesOf(route: RequestRoute): readonly RequestRule[] {
  return route.spec.rules;
}

export function isForCaller({ callers }: Pick<RuleExtensions, 'callers'>, caller: RouteCaller): boolean {
  return (callers ?? []).every((allowed) =>
    allowed.some(
      ({ namespace, serviceAccount }) =>
        namespace === caller.namespace && (serviceAccount === undefined || serviceAccount === caller.serviceAccount),
    ),
  );
}

/** The answer itself, and the header that says what it is. */
export function directResponse({ statusCode, contentType, body }: NonNullable<RuleExtensions['response']>): Route {
  return {
    direct_response: { status: statusCode, ...(body && { body: { inline_string: body.inline } }) },
    ...(contentType !== undefined && {
      response_headers_to_add: [
        {
          header: { key: 'content-type', value: contentType.replaceAll('%', '%%') },
          append_action: 'OVERWRITE_IF_EXISTS_OR_ADD' as const,
        },
      ],
    }),
  };
}

import type { Input } from '../../../proto/load.ts';
import { serviceHost } from '../../../proto/names.ts';
import type { HttpRouteFilter } from '../../model/http-route-filter.ts';
import type { HttpRouteMatch } from '../../model/http-route-match.ts';
import type { RouteFilterRewrite } from '../../model/route-filter-rewrite.ts';
import type { RequestRule } from '../attachments/request-route.ts';
import type { RuleExtensions } from '../attachments/route-extensions.ts';
import type { Backend, BackendName } from '../services/backends.ts';
import type { Abilities } from '../view/abilities.ts';
import { urlRewrite } from './route-filters.ts';

type RouteAction = Input<'envoy.config.route.v3.RouteAction'>;

/**
 * What a rule makes of host and path of its requests. Each is said once: by the rule's own URLRewrite, else by the first
 * HTTPRouteFilter that says something of it; not at all where every backend says it for itself.
 */
export interface RuleRewrite {
  readonly own: HttpRouteFilter['urlRewrite'];
  readonly hostname: RouteFilterRewrite['hostname'];
  readonly path: RouteFilterRewrite['path'];
  /** Some backends want hosts of their own. */
  readonly differsByBackend: boolean;
}

export function ruleRewrite(
  { filters, backendRefs }: Pick<RequestRule, 'filters' | 'backendRefs'>,
  { rewrites }: Pick<RuleExtensions, 'rewrites'>,
): RuleRewrite {
  const own = filters.find((filter) => filter.urlRewrite !== undefined)?.urlRewrite;
  const ofBackends = backendRefs
    .filter(({ weight }) => weight > 0)
    .map(({ filters: of = [] }) => of.find(({ urlRewrite }) => urlRewrite !== undefined)?.urlRewrite);
  const first = <Field extends 'hostname' | 'path'>(field: Field) => {
    const isOfBackends = ofBackends.length > 0 && ofBackends.every((rewrite) => rewrite?.[field] !== undefined);
    if (own?.[field] !== undefined || isOfBackends) return undefined;
    return rewrites.find(({ rewrite }) => rewrite[field] !== undefined)?.rewrite[field];
  };
  return {
    own,
    hostname: first('hostname'),
    path: first('path'),
    differsByBackend: ofBackends.some((rewrite) => rewrite?.hostname !== undefined),
  };
}

/** Whether a client knows what it takes; one that does not would call an application by a name that was not meant. */
export function canRewrite(
  { hostname, path }: RuleRewrite,
  { rewrites, routing }: Pick<Abilities, 'rewrites' | 'routing'>,
): boolean {
  const isPlain = path === undefined && hostname?.type !== 'Header';
  return (isPlain || rewrites) && (hostname === undefined || routing);
}

/** What of it is the whole route's. An Envoy asks the route after the cluster, so that what differs is the clusters'. */
export function rewriteAction(
  { own, hostname, path, differsByBackend }: RuleRewrite,
  match: HttpRouteMatch,
  { routing }: Pick<Abilities, 'routing'>,
): RouteAction {
  const { host_rewrite_literal: host, ...ownPath } = own === undefined ? {} : urlRewrite(own, match);
  return {
    ...(host != null && !(differsByBackend && routing) && { host_rewrite_literal: host }),
    ...ownPath,
    ...(hostname?.type === 'Header' && { host_rewrite_header: String(hostname.header).toLowerCase() }),
    ...(path && {
      regex_rewrite: {
        pattern: { regex: path.replaceRegexMatch.pattern },
        substitution: path.replaceRegexMatch.substitution,
      },
    }),
  };
}

/**
 * The host that one backend of the rule is asked for, unless it says so itself. Who is outside the mesh knows itself by its own
 * name, and not by that of what was called.
 */
export function backendHost(
  { own, hostname, differsByBackend }: RuleRewrite,
  backend: Backend,
  { kind, name, namespace }: BackendName,
  ofRoute: string,
): { readonly host_rewrite_literal?: string } {
  if ('missing' in backend) return {};
  if (own?.hostname !== undefined) return differsByBackend ? { host_rewrite_literal: own.hostname } : {};
  if (backend.outside?.startsWith('*.')) return {};
  if (backend.outside !== undefined) return { host_rewrite_literal: backend.outside };
  // the ExternalService that was called has the name that was called
  return hostname?.type === 'Backend' && kind === 'Service'
    ? { host_rewrite_literal: serviceHost(name, namespace ?? ofRoute) }
    : {};
}

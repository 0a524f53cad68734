import type { BackendPath } from '../../../proto/backend-paths-metadata.ts';
import { formatBackendPaths } from '../../../proto/backend-paths-metadata.ts';
import { formatOf } from '../../../proto/format-text.ts';
import type { Input } from '../../../proto/load.ts';
import { BLACK_HOLE_CLUSTER } from '../../../proto/names.ts';
import type { HttpRouteMatch } from '../../model/http-route-match.ts';
import type { RequestRule } from '../attachments/request-route.ts';
import type { Abilities } from '../view/abilities.ts';
import { prefixReplacement } from './route-filters.ts';

type Route = Input<'envoy.config.route.v3.Route'>;
type RouteAction = Input<'envoy.config.route.v3.RouteAction'>;

/**
 * A route whose backends want paths of their own, which take the place of what the rule says of the path. Where all of them
 * want the same it is the route's, which every client understands. Where they differ, a client that cannot tell its clusters
 * apart sends the shares with a path of their own nowhere: they are answered with an error, as if there were no such backend,
 * which is better than to call an application by a name that was not meant.
 */
export function withBackendPaths(
  route: Route,
  { backendRefs }: Pick<RequestRule, 'backendRefs'>,
  match: HttpRouteMatch,
  { backendPaths: isAble }: Pick<Abilities, 'backendPaths'>,
): Route {
  const { route: action } = route;
  if (!action) return route;
  const paths = backendRefs.filter(({ weight }) => weight > 0).map(({ filters = [] }) => pathOf(filters, match));
  const [first = null, ...others] = paths;
  if (paths.every((path) => path === null)) return route;
  if (first !== null && others.every((path) => isSame(path, first))) {
    const { prefix_rewrite: _, path_rewrite: __, regex_rewrite: ___, ...rest } = action;
    return { ...route, route: { ...rest, ...ofAction(first) } };
  }
  if (isAble) {
    const filter_metadata = { ...route.metadata?.filter_metadata, ...formatBackendPaths(paths) };
    return { ...route, metadata: { filter_metadata } };
  }
  const clusters = (action.weighted_clusters?.clusters ?? []).map((cluster, index) =>
    paths[index] === null ? cluster : { name: BLACK_HOLE_CLUSTER, weight: cluster.weight ?? null },
  );
  return { ...route, route: { ...action, weighted_clusters: { clusters } } };
}

function pathOf(
  filters: NonNullable<RequestRule['backendRefs'][number]['filters']>,
  match: HttpRouteMatch,
): BackendPath | null {
  const path = filters.find(({ urlRewrite }) => urlRewrite !== undefined)?.urlRewrite?.path;
  if (path === undefined) return null;
  if (path.type === 'ReplaceFullPath') return { full: path.replaceFullPath || '/' };
  return { prefix: prefixReplacement(path, match) };
}

function isSame(a: BackendPath | null, b: BackendPath): boolean {
  if (a === null) return false;
  return 'full' in a ? 'full' in b && a.full === b.full : 'prefix' in b && a.prefix === b.prefix;
}

function ofAction(path: BackendPath): Pick<RouteAction, 'path_rewrite' | 'prefix_rewrite'> {
  return 'full' in path ? { path_rewrite: formatOf(path.full) } : { prefix_rewrite: path.prefix };
}

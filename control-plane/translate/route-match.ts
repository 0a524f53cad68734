import type { Input } from '../../proto/load.ts';
import type { HttpRouteMatch } from '../model/http-route-match.ts';

type RouteMatch = Input<'envoy.config.route.v3.RouteMatch'>;

/** What a rule without matches matches: everything. */
export const matchEverything: HttpRouteMatch = {
  path: { type: 'PathPrefix', value: '/' },
  headers: [],
  queryParams: [],
};

export function routeMatch(match: HttpRouteMatch): RouteMatch {
  const method = match.method === undefined ? [] : [{ name: ':method', string_match: { exact: match.method } }];
  const headers = match.headers.map(({ name, value }) => ({
    name: name.toLowerCase(),
    // Hosts are the same in any case (RFC 9110 section 4.2.3), and a sidecar reads them in lower case.
    string_match: name.toLowerCase() === 'host' ? { exact: value, ignore_case: true } : { exact: value },
  }));
  return {
    ...pathMatch(match.path),
    headers: [...method, ...headers],
    query_parameters: match.queryParams.map(({ name, value }) => ({ name, string_match: { exact: value } })),
  };
}

/** The prefix without the slashes at its end, which mean nothing to Gateway API; '' for the whole tree. */
export function prefixWithoutSlash(prefix: string): string {
  return prefix.replace(/\/+$/, '');
}

function pathMatch(path: HttpRouteMatch['path']): RouteMatch {
  if (path.type === 'Exact') {
    return { path: path.value };
  }
  const prefix = prefixWithoutSlash(path.value);
  return prefix === '' ? { prefix: '/' } : { path_separated_prefix: prefix };
}

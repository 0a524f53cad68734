import type { Input } from '../../../proto/load.ts';
import type { HttpRouteMatch } from '../../model/http-route-match.ts';

type HeaderMatcher = Input<'envoy.config.route.v3.HeaderMatcher'>;
type StringMatcher = Input<'envoy.type.matcher.v3.StringMatcher'>;
type RouteMatch = Input<'envoy.config.route.v3.RouteMatch'>;

/** What a rule without matches matches: everything. */
export const matchEverything: HttpRouteMatch = {
  path: { type: 'PathPrefix', value: '/' },
  headers: [],
  queryParams: [],
};

export function routeMatch(match: HttpRouteMatch): RouteMatch {
  const method = match.method === undefined ? [] : [{ name: ':method', string_match: { exact: match.method } }];
  return {
    ...pathMatch(match.path),
    headers: [...method, ...match.headers.map(headerMatch)],
    query_parameters: match.queryParams.map(({ name, type, value }) => ({
      name,
      string_match: textMatch(type, value),
    })),
  };
}

export function headerMatch({ name, type, value }: HttpRouteMatch['headers'][number]): HeaderMatcher {
  const lowerCaseName = name.toLowerCase();
  // Hosts are the same in any case (RFC 9110 section 4.2.3), and a sidecar reads them in lower case.
  const isHost = lowerCaseName === 'host' && type === 'Exact';
  return { name: lowerCaseName, string_match: { ...textMatch(type, value), ...(isHost && { ignore_case: true }) } };
}

export function textMatch(type: 'Exact' | 'RegularExpression', value: string): StringMatcher {
  return type === 'Exact' ? { exact: value } : { safe_regex: { regex: value } };
}

/** Whether it takes a sidecar that knows patterns. */
export function hasPattern({ path, headers, queryParams }: HttpRouteMatch): boolean {
  return [path, ...headers, ...queryParams].some(({ type }) => type === 'RegularExpression');
}

/** The prefix without the slashes at its end, which mean nothing to Gateway API; '' for the whole tree. */
export function prefixWithoutSlash(prefix: string): string {
  return prefix.replace(/\/+$/, '');
}

function pathMatch(path: HttpRouteMatch['path']): RouteMatch {
  if (path.type === 'Exact') {
    return { path: path.value };
  }
  if (path.type === 'RegularExpression') {
    return { safe_regex: { regex: path.value } };
  }
  const prefix = prefixWithoutSlash(path.value);
  return prefix === '' ? { prefix: '/' } : { path_separated_prefix: prefix };
}

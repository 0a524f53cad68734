import { formatOf } from '../../../proto/format-text.ts';
import type { Input } from '../../../proto/load.ts';
import type { BackendFilter, HeaderModifier, HttpRouteFilter, PathModifier } from '../../model/http-route-filter.ts';
import type { HttpRouteMatch } from '../../model/http-route-match.ts';
import type { Abilities } from '../view/abilities.ts';
import { prefixWithoutSlash } from './route-match.ts';

type Route = Input<'envoy.config.route.v3.Route'>;
type RouteAction = Input<'envoy.config.route.v3.RouteAction'>;
type RedirectAction = Input<'envoy.config.route.v3.RedirectAction'>;
type HeaderValueOption = Input<'envoy.config.core.v3.HeaderValueOption'>;

type HeaderChanges = Pick<
  Route,
  'request_headers_to_add' | 'request_headers_to_remove' | 'response_headers_to_add' | 'response_headers_to_remove'
>;
type RequestRedirect = NonNullable<HttpRouteFilter['requestRedirect']>;
type UrlRewrite = NonNullable<HttpRouteFilter['urlRewrite']>;

/** The header changes of a rule, which hold for whatever its action is. */
export function headerMutations(
  filters: readonly Pick<HttpRouteFilter, 'requestHeaderModifier' | 'responseHeaderModifier'>[],
): HeaderChanges {
  const request = filters.find((filter) => filter.requestHeaderModifier !== undefined)?.requestHeaderModifier;
  const response = filters.find((filter) => filter.responseHeaderModifier !== undefined)?.responseHeaderModifier;
  return {
    ...(request && { request_headers_to_add: headersToAdd(request), request_headers_to_remove: request.remove }),
    ...(response && { response_headers_to_add: headersToAdd(response), response_headers_to_remove: response.remove }),
  };
}

/** What a backend asks for beside its rule: an Envoy keeps such changes with its share of the rule's requests. */
export function backendChanges(
  filters: readonly BackendFilter[],
): HeaderChanges & { readonly host_rewrite_literal?: string } {
  const hostname = filters.find(({ urlRewrite }) => urlRewrite !== undefined)?.urlRewrite?.hostname;
  return { ...headerMutations(filters), ...(hostname !== undefined && { host_rewrite_literal: hostname }) };
}

export function urlRewrite({ hostname, path }: UrlRewrite, match: HttpRouteMatch): RouteAction {
  return {
    ...(hostname !== undefined && { host_rewrite_literal: hostname }),
    ...(path?.type === 'ReplaceFullPath' && { path_rewrite: formatOf(path.replaceFullPath || '/') }),
    ...(path?.type === 'ReplacePrefixMatch' && { prefix_rewrite: prefixReplacement(path, match) }),
  };
}

const responseCodes = {
  301: 'MOVED_PERMANENTLY',
  302: 'FOUND',
  303: 'SEE_OTHER',
  307: 'TEMPORARY_REDIRECT',
  308: 'PERMANENT_REDIRECT',
} as const;

const defaultPorts = { http: 80, https: 443 } as const;

/**
 * `servicePort` is the port that the call was made to, which Gateway API keeps unless the redirect names a scheme or
 * port.
 */
export function redirectAction(
  redirect: RequestRedirect,
  match: HttpRouteMatch,
  servicePort: number,
  { stock }: Pick<Abilities, 'stock'>,
): RedirectAction {
  const { scheme, hostname, path } = redirect;
  const port = redirect.port ?? (scheme === undefined ? servicePort : defaultPorts[scheme]);
  // A port that is not said stays as in the request's Host. That is right where nothing was asked for that decides the port,
  // and the host stays too: where the application calls a local port, that port means nothing at another host.
  const staysAsItIs = hostname === undefined && scheme === undefined && redirect.port === undefined;
  // An Envoy writes a port that it is told, also the one that goes without saying, which Gateway API wants left out. It writes
  // none with a host that it is told, and leaves that of the request out when it was the other scheme's own.
  const isOwn = port === defaultPorts[scheme ?? 'http'];
  const isLeftOut = stock && isOwn && (hostname !== undefined || servicePort === defaultPorts.http);
  return {
    response_code: responseCodes[redirect.statusCode],
    ...(scheme !== undefined && { scheme_redirect: scheme }),
    ...(hostname !== undefined && { host_redirect: hostname }),
    ...(!staysAsItIs && !isLeftOut && { port_redirect: port }),
    ...(path?.type === 'ReplaceFullPath' && { path_redirect: path.replaceFullPath || '/' }),
    ...(path?.type === 'ReplacePrefixMatch' && { prefix_rewrite: prefixReplacement(path, match) }),
  };
}

/**
 * What takes the place of the matched prefix. Below `/` every path starts with the one slash that was matched, so the
 * replacement must bring its own; below `/a` the rest of the path brings it.
 */
export function prefixReplacement(path: PathModifier, match: HttpRouteMatch): string {
  const replacement = prefixWithoutSlash(path.replacePrefixMatch ?? '');
  const matchesEverything = prefixWithoutSlash(match.path.value) === '';
  return matchesEverything ? `${replacement}/` : replacement || '/';
}

function headersToAdd({ set, add }: HeaderModifier): HeaderValueOption[] {
  return [
    ...set.map(({ name, value }) => headerOption(name, value, 'OVERWRITE_IF_EXISTS_OR_ADD')),
    ...add.map(({ name, value }) => headerOption(name, value, 'APPEND_IF_EXISTS_OR_ADD')),
  ];
}

function headerOption(
  key: string,
  value: string,
  append_action: NonNullable<HeaderValueOption['append_action']>,
): HeaderValueOption {
  return { header: { key, value: formatOf(value) }, append_action };
}

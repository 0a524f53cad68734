import type { BackendPath } from '../../proto/backend-paths-metadata.ts';
import { parseBackendPaths } from '../../proto/backend-paths-metadata.ts';
import type { ProtoDuration } from '../../proto/duration.ts';
import { timerMs } from '../../proto/duration.ts';
import type { FallbackMetadata } from '../../proto/fallback-metadata.ts';
import { parseFallbackMetadata } from '../../proto/fallback-metadata.ts';
import type { RedirectAction__Output } from '../../proto/generated/envoy/config/route/v3/RedirectAction.ts';
import type { Route__Output } from '../../proto/generated/envoy/config/route/v3/Route.ts';
import type { RouteAction__Output } from '../../proto/generated/envoy/config/route/v3/RouteAction.ts';
import type { RouteConfiguration__Output } from '../../proto/generated/envoy/config/route/v3/RouteConfiguration.ts';
import type { RouteMatch__Output } from '../../proto/generated/envoy/config/route/v3/RouteMatch.ts';
import { parseRouteMetadata } from '../../proto/metadata.ts';
import { compileSubstitution } from '../../proto/regex-substitution.ts';
import { compileRegex } from '../../proto/safe-regex.ts';
import { PathMatcher } from '../route/path-matcher.ts';
import type { PathRewrite, RequestPathRewrite } from '../route/path-rewrite.ts';
import { replaceFullPath, replacePattern, replacePrefixMatch } from '../route/path-rewrite.ts';
import { QueryMatcher } from '../route/query-matcher.ts';
import type { RedirectStatus } from '../route/redirect.ts';
import { Redirect } from '../route/redirect.ts';
import type { Fallback, ForwardAction, Route, RouteAction, RouteOrigin } from '../route/route.ts';
import type { RouteEntry } from '../route/route-entry.ts';
import { RouteTable } from '../route/route-table.ts';
import type { CompiledChanges, DestinationOf } from './compile-destinations.ts';
import { compileChanges, compileDestinations, literal } from './compile-destinations.ts';
import type { FilterEnvironment } from './compile-filters.ts';
import { compileFilters } from './compile-filters.ts';
import { compileHashPolicies } from './compile-hash-policies.ts';
import { compileHeader, compileString } from './compile-matchers.ts';
import type { RepeatLimits } from './compile-retry.ts';
import { compileRetry, repeatLimits } from './compile-retry.ts';
import type { CompiledSession } from './compile-session.ts';
import { compileSession } from './compile-session.ts';

/** `RouteAction.timeout` where it is absent (Envoy). Our control plane always says. */
const defaultTimeoutMs = 15_000;

/**
 * A validated RouteConfiguration as the table that requests are looked up in. Throws for what validation cannot see, such
 * as a header change that contradicts another.
 */
export function compileRouteConfiguration<D>(
  configuration: RouteConfiguration__Output,
  destinationOf: DestinationOf<D>,
  environment: FilterEnvironment,
): RouteTable<D> {
  const hosts = configuration.virtual_hosts.map(({ name, domains, routes }) => ({
    name,
    domains,
    routes: routes.map((route) =>
      compileEntry(route, configuration.most_specific_header_mutations_wins, destinationOf, environment),
    ),
  }));
  return new RouteTable(hosts, configuration.ignore_port_in_host_matching);
}

function compileEntry<D>(
  route: Route__Output,
  mostSpecificWins: boolean,
  destinationOf: DestinationOf<D>,
  environment: FilterEnvironment,
): RouteEntry<D> {
  const match = route.match as RouteMatch__Output; // validation asks for it
  return {
    path: compilePath(match),
    headers: match.headers.map(compileHeader),
    queryParameters: match.query_parameters.map(
      ({ name, string_match: string }) => new QueryMatcher(name, string ? compileString(string) : null),
    ),
    isForGrpc: match.grpc !== null,
    route: compileRoute(route, match, mostSpecificWins, destinationOf, environment),
  };
}

function compileRoute<D>(
  route: Route__Output,
  match: RouteMatch__Output,
  mostSpecificWins: boolean,
  destinationOf: DestinationOf<D>,
  environment: FilterEnvironment,
): Route<D> {
  const { origin, isRefusal } = parseRouteMetadata(route.metadata);
  const ofRoute = compileChanges(route);
  return {
    name: route.name === '' ? 'default' : route.name,
    action: compileAction(
      route,
      match,
      {
        ...ofRoute,
        mostSpecificWins,
        isRefusal,
        pathsOfDestinations: parseBackendPaths(route.metadata).map((path) => path && compileBackendPath(path, match)),
        fallback: parseFallbackMetadata(route.metadata),
        limits: repeatLimits(route),
        session: compileSession(route, environment.wallClockMs),
      },
      destinationOf,
      environment.random,
    ),
    filters: compileFilters(route, environment),
    requestHeaders: ofRoute.requestHeaders,
    responseHeaders: ofRoute.responseHeaders,
    origin: origin === null ? null : compileOrigin(origin),
  };
}

function compileOrigin(origin: NonNullable<ReturnType<typeof parseRouteMetadata>['origin']>): RouteOrigin {
  return { ...origin, file: origin.file ?? '', line: origin.line ?? 0 };
}

/** What a route says beside its action that the action needs. */
interface ActionOfRoute extends CompiledChanges {
  readonly mostSpecificWins: boolean;
  readonly isRefusal: boolean;
  readonly pathsOfDestinations: readonly (PathRewrite | null)[];
  readonly limits: RepeatLimits;
  readonly session: CompiledSession | null;
  readonly fallback: FallbackMetadata | null;
}

function compileAction<D>(
  route: Route__Output,
  match: RouteMatch__Output,
  ofRoute: ActionOfRoute,
  destinationOf: DestinationOf<D>,
  random: () => number,
): RouteAction<D> {
  if (route.route) return compileForward(route.route, match, ofRoute, destinationOf, random);
  if (route.redirect) {
    const redirect = compileRedirect(route.redirect, match);
    return { kind: 'redirect', status: redirectStatuses[route.redirect.response_code], redirect };
  }
  const { status = 500, body = null } = route.direct_response ?? {};
  return {
    kind: 'respond',
    status,
    // bytes as latin1, which is how answers are written
    body: (body?.inline_bytes ?? Buffer.from(body?.inline_string ?? '')).toString('latin1'),
    isRefusal: ofRoute.isRefusal,
  };
}

function compileForward<D>(
  action: RouteAction__Output,
  match: RouteMatch__Output,
  ofRoute: ActionOfRoute,
  destinationOf: DestinationOf<D>,
  random: () => number,
): ForwardAction<D> {
  const pathRewrite = compileRequestRewrite(action, match);
  return {
    kind: 'forward',
    ...compileDestinations(action, { ...ofRoute, pathRewrite }, destinationOf, random, ofRoute.session),
    timeoutMs: action.timeout === null ? defaultTimeoutMs : timerMs(action.timeout),
    // Absent and zero are opposites: the listener's own bound, and none.
    idleTimeoutMs: action.idle_timeout === null ? 0 : timerMs(action.idle_timeout) || Number.POSITIVE_INFINITY,
    maxStreamMs: msOrNone(action.max_stream_duration?.max_stream_duration),
    maxCallMs: msOrNone(action.max_stream_duration?.grpc_timeout_header_max),
    retry: action.retry_policy === null ? null : compileRetry(action.retry_policy, ofRoute.limits),
    fallback: compileFallback(ofRoute.fallback, destinationOf),
    isHighPriority: action.priority === 'HIGH',
    pathRewrite,
    hostRewrite: action.host_rewrite_literal ?? null,
    hostHeader: action.host_rewrite_header?.toLowerCase() || null,
    upgrades: compileUpgrades(action.upgrade_configs),
    hashPolicies: compileHashPolicies(action.hash_policy, random),
  };
}

/** 0, which is no bound, also where nothing is said. */
function msOrNone(duration: ProtoDuration | null | undefined): number {
  return duration ? timerMs(duration) : 0;
}

function compileFallback<D>(said: FallbackMetadata | null, destinationOf: DestinationOf<D>): Fallback<D> | null {
  if (said === null) return null;
  if (said.kind === 'cluster') return { kind: 'forward', destination: destinationOf(said.cluster) };
  return {
    kind: 'respond',
    status: said.status,
    lines: said.contentType === '' ? '' : `content-type: ${said.contentType}\r\n`,
    body: said.body,
  };
}

/** Names are compared without regard to case (Envoy); unset `enabled` means true. */
function compileUpgrades(configs: RouteAction__Output['upgrade_configs']): ReadonlyMap<string, boolean> | null {
  if (configs.length === 0) return null;
  return new Map(configs.map(({ upgrade_type: type, enabled }) => [type.toLowerCase(), enabled?.value ?? true]));
}

function compileRedirect(redirect: RedirectAction__Output, match: RouteMatch__Output): Redirect {
  return new Redirect({
    scheme: redirect.https_redirect ? 'https' : (redirect.scheme_redirect ?? null),
    hostname: redirect.host_redirect === '' ? null : redirect.host_redirect,
    port: redirect.port_redirect === 0 ? null : redirect.port_redirect,
    path: compileRewrite(redirect.path_redirect ?? '', redirect.prefix_rewrite ?? '', match),
    stripQuery: redirect.strip_query,
  });
}

function compileBackendPath(path: BackendPath, match: RouteMatch__Output): PathRewrite | null {
  return 'full' in path ? compileRewrite(path.full, '', match) : compileRewrite('', path.prefix, match);
}

function compileRequestRewrite(action: RouteAction__Output, match: RouteMatch__Output): RequestPathRewrite | null {
  const { regex_rewrite: byPattern } = action;
  if (byPattern === null) return compileRewrite(literal(action.path_rewrite), action.prefix_rewrite, match);
  return replacePattern(compileSubstitution(byPattern.pattern?.regex ?? '', byPattern.substitution));
}

/** Empty texts stand for absent fields. A prefix is put in place of what the route matched on: all of an exact path. */
function compileRewrite(full: string, prefix: string, match: RouteMatch__Output): PathRewrite | null {
  if (full !== '') return replaceFullPath(full);
  if (prefix === '') return null;
  if (match.path_specifier === 'path') return replaceFullPath(prefix);
  return replacePrefixMatch(match.path_separated_prefix ?? match.prefix ?? '/', prefix);
}

function compilePath(match: RouteMatch__Output): PathMatcher {
  const ignoreCase = match.case_sensitive?.value === false;
  if (match.safe_regex) return PathMatcher.pattern(compileRegex(match.safe_regex.regex));
  if (match.path !== undefined) return PathMatcher.exact(match.path, ignoreCase);
  if (match.path_separated_prefix !== undefined) {
    return PathMatcher.separatedPrefix(match.path_separated_prefix, ignoreCase);
  }
  return PathMatcher.prefix(match.prefix ?? '/', ignoreCase);
}

const redirectStatuses: Readonly<Record<RedirectAction__Output['response_code'], RedirectStatus>> = {
  MOVED_PERMANENTLY: 301,
  FOUND: 302,
  SEE_OTHER: 303,
  TEMPORARY_REDIRECT: 307,
  PERMANENT_REDIRECT: 308,
};

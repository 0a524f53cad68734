import type { Route__Output } from '../generated/envoy/config/route/v3/Route.ts';
import type { RouteConfiguration__Output } from '../generated/envoy/config/route/v3/RouteConfiguration.ts';
import type { RouteMatch__Output } from '../generated/envoy/config/route/v3/RouteMatch.ts';
import type { VirtualHost__Output } from '../generated/envoy/config/route/v3/VirtualHost.ts';
import type { Path, Violation } from '../violation.ts';
import { root, Violations } from '../violation.ts';
import { refuse, requireName, requireUnique } from './field-checks.ts';
import { checkHeaderChanges } from './header-changes.ts';
import { isPath } from './http-text.ts';
import { checkHeaderMatcher, checkQueryParameterMatcher, checkRegex } from './matcher.ts';
import { checkPerFilterConfig } from './per-filter-config.ts';
import { checkDirectResponse, checkRedirect, checkRouteAction } from './route-action.ts';

/** `max_direct_response_body_size_bytes` of a route configuration that does not say (Envoy). */
const DEFAULT_MAX_BODY_BYTES = 4096;
/** What a route configuration may raise it to: the bytes are kept for as long as the route is. */
const MAX_BODY_BYTES = 1024 * 1024;

/** Changes that are supported on routes alone; the route's own are all that a rule of the Gateway API can ask for. */
const CHANGES = [
  'request_headers_to_add',
  'request_headers_to_remove',
  'response_headers_to_add',
  'response_headers_to_remove',
] as const;

export function validateRouteConfiguration(configuration: RouteConfiguration__Output): Violation[] {
  const violations = new Violations();
  requireName(configuration.name, root.field('name'), violations);
  checkRouteConfiguration(configuration, root, violations);
  return violations.list();
}

/** Also for one that stands inside a connection manager, where it needs no name. */
export function checkRouteConfiguration(
  configuration: RouteConfiguration__Output,
  at: Path,
  violations: Violations,
): void {
  const hosts = configuration.virtual_hosts;
  const hostAt = (index: number) => at.field('virtual_hosts').index(index);
  const maxBodyBytes = configuration.max_direct_response_body_size_bytes?.value ?? DEFAULT_MAX_BODY_BYTES;
  if (maxBodyBytes > MAX_BODY_BYTES) {
    violations.add(at.field('max_direct_response_body_size_bytes'), `is more than ${MAX_BODY_BYTES}`);
  }
  for (const [index, host] of hosts.entries()) {
    checkVirtualHost(host, hostAt(index), violations, maxBodyBytes);
  }
  requireUnique(
    hosts.map((host) => host.name),
    (index) => hostAt(index).field('name'),
    violations,
  );
  const domains = hosts.flatMap((host, hostIndex) =>
    host.domains.map((domain, index) => ({
      domain: domain.toLowerCase(),
      at: hostAt(hostIndex).field('domains').index(index),
    })),
  );
  requireUnique(
    domains.map(({ domain }) => domain),
    (index) => domains[index]?.at ?? at,
    violations,
  );
  refuse(configuration, [...CHANGES, 'validate_clusters'], at, violations);
}

function checkVirtualHost(host: VirtualHost__Output, at: Path, violations: Violations, maxBodyBytes: number): void {
  requireName(host.name, at.field('name'), violations);
  if (host.domains.length === 0) {
    violations.add(at.field('domains'), 'is required');
  }
  for (const [index, domain] of host.domains.entries()) {
    if (!isDomain(domain)) {
      violations.add(
        at.field('domains').index(index),
        `must be a host, *.suffix, prefix.* or *, and is ${JSON.stringify(domain.slice(0, 100))}`,
      );
    }
  }
  for (const [index, route] of host.routes.entries()) {
    checkRoute(route, at.field('routes').index(index), violations, maxBodyBytes);
  }
  refuse(host, [...CHANGES, 'retry_policy', 'include_request_attempt_count'], at, violations);
}

function checkRoute(route: Route__Output, at: Path, violations: Violations, maxBodyBytes: number): void {
  if (route.match === null) {
    violations.add(at.field('match'), 'is required');
  } else {
    checkMatch(route.match, at.field('match'), violations);
  }
  if (route.route) {
    checkRouteAction(route.route, at.field('route'), violations);
  } else if (route.redirect) {
    checkRedirect(route.redirect, at.field('redirect'), violations);
  } else if (route.direct_response) {
    checkDirectResponse(route.direct_response, at.field('direct_response'), violations, maxBodyBytes);
  } else {
    // non_forwarding_action among them: it is for gRPC servers, which have something of their own to answer with.
    violations.add(at, 'needs route, redirect or direct_response');
  }
  checkHeaderChanges(route, at, violations);
  checkPerFilterConfig(route.typed_per_filter_config, at.field('typed_per_filter_config'), violations);
  checkBodyBufferLimit(route, at.field('request_body_buffer_limit'), violations);
}

/** Each request may hold as much, and a sidecar carries thousands of them. */
const MAX_BODY_BUFFER_BYTES = 1_048_576;

function checkBodyBufferLimit(
  { request_body_buffer_limit: limit }: Route__Output,
  at: Path,
  violations: Violations,
): void {
  if (limit !== null && BigInt(limit.value) > MAX_BODY_BUFFER_BYTES) {
    violations.add(at, `must be at most ${MAX_BODY_BUFFER_BYTES}, and is ${limit.value}`);
  }
}

function checkMatch(match: RouteMatch__Output, at: Path, violations: Violations): void {
  checkPathSpecifier(match, at, violations);
  for (const [index, header] of match.headers.entries()) {
    checkHeaderMatcher(header, at.field('headers').index(index), violations);
  }
  for (const [index, parameter] of match.query_parameters.entries()) {
    checkQueryParameterMatcher(parameter, at.field('query_parameters').index(index), violations);
  }
  refuse(match, ['runtime_fraction'], at, violations);
}

function checkPathSpecifier(match: RouteMatch__Output, at: Path, violations: Violations): void {
  switch (match.path_specifier) {
    case 'prefix':
      // The empty prefix takes every request, also `OPTIONS *`, which has no path.
      if (match.prefix !== '' && !isPath(match.prefix ?? '')) {
        violations.add(at.field('prefix'), 'is not a path without a query');
      }
      break;
    case 'path':
      if (!isPath(match.path ?? '')) {
        violations.add(at.field('path'), 'is not a path without a query');
      }
      break;
    case 'path_separated_prefix': {
      const prefix = match.path_separated_prefix ?? '';
      if (!isPath(prefix) || prefix.endsWith('/')) {
        violations.add(
          at.field('path_separated_prefix'),
          'is not a path without a query and without a slash at its end',
        );
      }
      break;
    }
    case 'safe_regex':
      checkRegex(match.safe_regex ?? null, at.field('safe_regex'), violations);
      break;
    case undefined:
      violations.add(at, 'needs prefix, path or path_separated_prefix');
      break;
  }
}

/** The forms of Envoy: exact, with or without a port, or with one `*` at its beginning or its end. */
function isDomain(domain: string): boolean {
  const withoutWildcard = domain.replace(/^\*|\*$/, '');
  return (
    domain === '*' ||
    (domain.length <= 300 && /^(?:[A-Za-z0-9._:-]+|\[[0-9A-Fa-f:.]+\](?::\d+)?)$/.test(withoutWildcard))
  );
}

/** What becomes of a request that a route matches. */
import { textOf } from '../format-text.ts';
import type { DirectResponseAction__Output } from '../generated/envoy/config/route/v3/DirectResponseAction.ts';
import type { RedirectAction__Output } from '../generated/envoy/config/route/v3/RedirectAction.ts';
import type { RouteAction__Output } from '../generated/envoy/config/route/v3/RouteAction.ts';
import type { WeightedCluster__Output } from '../generated/envoy/config/route/v3/WeightedCluster.ts';
import type { RegexMatchAndSubstitute__Output } from '../generated/envoy/type/matcher/v3/RegexMatchAndSubstitute.ts';
import { substitutionFault } from '../regex-substitution.ts';
import type { Path, Violations } from '../violation.ts';
import { checkFraction } from './fault.ts';
import { checkDuration, checkUInt32, refuse, requireName, requireOneOf } from './field-checks.ts';
import { checkHashPolicies } from './hash-policy.ts';
import { checkHeaderChanges } from './header-changes.ts';
import { isAuthority, isHeaderName, isHost, isPath, NO_COMMANDS } from './http-text.ts';
import { hasRoomFor } from './matcher.ts';
import { checkRetryPolicy } from './retry-policy.ts';
import { checkUpgrades } from './upgrades.ts';

export function checkRouteAction(action: RouteAction__Output, at: Path, violations: Violations): void {
  if (action.weighted_clusters) {
    checkWeightedClusters(action.weighted_clusters, at.field('weighted_clusters'), violations);
  } else if (action.cluster_specifier === undefined) {
    violations.add(at, 'needs cluster or weighted_clusters');
  } else {
    requireName(action.cluster ?? '', at.field('cluster'), violations);
  }
  checkRewrites(action, at, violations);
  checkDuration(action.timeout, at.field('timeout'), violations);
  checkDuration(action.idle_timeout, at.field('idle_timeout'), violations);
  if (action.retry_policy !== null) {
    checkRetryPolicy(action.retry_policy, at.field('retry_policy'), violations);
  }
  checkHashPolicies(action.hash_policy, at.field('hash_policy'), violations);
  requireOneOf(action.priority, ['DEFAULT', 'HIGH'], at.field('priority'), violations);
  requireOneOf(
    action.cluster_not_found_response_code,
    ['SERVICE_UNAVAILABLE'],
    at.field('cluster_not_found_response_code'),
    violations,
  );
  // CONNECT is no matter of a route: where such a request goes is decided by its authority alone.
  checkUpgrades(action.upgrade_configs, ['websocket'], at.field('upgrade_configs'), violations);
  for (const [index, mirror] of action.request_mirror_policies.entries()) {
    const mirrorAt = at.field('request_mirror_policies').index(index);
    requireName(mirror.cluster, mirrorAt.field('cluster'), violations);
    const share = mirror.runtime_fraction?.default_value ?? null;
    checkFraction(share, mirrorAt.field('runtime_fraction').field('default_value'), violations);
  }
  // what Envoy itself does not do
  checkUInt32(
    action.hedge_policy?.initial_requests ?? null,
    at.field('hedge_policy').field('initial_requests'),
    violations,
    {
      min: 1,
      max: 1,
    },
  );
  refuse(action, ['append_x_forwarded_host'], at, violations);
  checkMaxStreamDuration(action.max_stream_duration, at.field('max_stream_duration'), violations);
}

function checkWeightedClusters(weighted: WeightedCluster__Output, at: Path, violations: Violations): void {
  let total = 0;
  for (const [index, cluster] of weighted.clusters.entries()) {
    const clusterAt = at.field('clusters').index(index);
    requireName(cluster.name, clusterAt.field('name'), violations);
    total += cluster.weight?.value ?? 0;
    checkHeaderChanges(cluster, clusterAt, violations);
    if (cluster.host_rewrite_literal !== undefined && !isAuthority(cluster.host_rewrite_literal)) {
      violations.add(clusterAt.field('host_rewrite_literal'), 'is not a host');
    }
  }
  if (weighted.clusters.length === 0) {
    violations.add(at.field('clusters'), 'is required');
  } else if (total === 0) {
    violations.add(at.field('clusters'), 'needs a weight above 0');
  } else if (total > 2 ** 32 - 1) {
    violations.add(at.field('clusters'), `has weights of ${total} together, more than 2^32 - 1`);
  }
}

function checkRewrites(action: RouteAction__Output, at: Path, violations: Violations): void {
  if (action.regex_rewrite !== null) {
    checkRegexRewrite(action.regex_rewrite, at.field('regex_rewrite'), violations);
  }
  checkPath(action.prefix_rewrite, at.field('prefix_rewrite'), violations);
  const path = textOf(action.path_rewrite);
  if (path === null) {
    violations.add(at.field('path_rewrite'), NO_COMMANDS);
  } else {
    checkPath(path, at.field('path_rewrite'), violations);
  }
  const [first, second] = [
    action.prefix_rewrite !== '' && 'prefix_rewrite',
    action.path_rewrite !== '' && 'path_rewrite',
    action.regex_rewrite !== null && 'regex_rewrite',
  ].filter((field) => field !== false);
  if (second !== undefined) violations.add(at, `has both ${first} and ${second}`);
  if (action.host_rewrite_literal !== undefined && !isAuthority(action.host_rewrite_literal)) {
    violations.add(at.field('host_rewrite_literal'), 'is not a host');
  }
  if (action.host_rewrite_header !== undefined && !isHeaderName(action.host_rewrite_header)) {
    violations.add(at.field('host_rewrite_header'), 'is not a header name');
  }
}

function checkRegexRewrite(
  { pattern, substitution }: RegexMatchAndSubstitute__Output,
  at: Path,
  violations: Violations,
): void {
  const regex = pattern?.regex ?? '';
  if (!hasRoomFor(regex, at.field('pattern').field('regex'), violations)) return;
  const fault = substitutionFault(regex, substitution);
  if (fault === null) return;
  const field = fault.field === 'pattern' ? at.field('pattern').field('regex') : at.field('substitution');
  violations.add(field, fault.message);
}

export function checkRedirect(redirect: RedirectAction__Output, at: Path, violations: Violations): void {
  if (redirect.host_redirect !== '' && !isHost(redirect.host_redirect)) {
    violations.add(at.field('host_redirect'), 'is not a host');
  }
  if (redirect.scheme_redirect !== undefined) {
    requireOneOf(redirect.scheme_redirect, ['http', 'https'], at.field('scheme_redirect'), violations);
  }
  if (redirect.port_redirect > 65535) {
    violations.add(at.field('port_redirect'), `is not a port: ${redirect.port_redirect}`);
  }
  for (const field of ['path_redirect', 'prefix_rewrite'] as const) {
    checkPath(redirect[field] ?? '', at.field(field), violations);
  }
}

/** `maxBodyBytes`: RouteConfiguration.max_direct_response_body_size_bytes. */
export function checkDirectResponse(
  response: DirectResponseAction__Output,
  at: Path,
  violations: Violations,
  maxBodyBytes: number,
): void {
  if (response.status < 200 || response.status > 599) {
    violations.add(at.field('status'), `must be between 200 and 599, and is ${response.status}`);
  }
  if (response.body !== null) refuse(response.body, ['filename'], at.field('body'), violations);
  const { inline_string: text, inline_bytes: bytes } = response.body ?? {};
  const length = bytes?.length ?? Buffer.byteLength(text ?? '');
  if (length > maxBodyBytes) {
    violations.add(at.field('body'), `has ${length} bytes, more than ${maxBodyBytes}`);
  }
}

function checkMaxStreamDuration(
  bounds: RouteAction__Output['max_stream_duration'],
  at: Path,
  violations: Violations,
): void {
  if (bounds === null) {
    return;
  }
  checkDuration(bounds.max_stream_duration, at.field('max_stream_duration'), violations);
  checkDuration(bounds.grpc_timeout_header_max, at.field('grpc_timeout_header_max'), violations);
  refuse(bounds, ['grpc_timeout_header_offset'], at, violations);
}

/** '' is the absent field. */
function checkPath(path: string, at: Path, violations: Violations): void {
  if (path !== '' && !isPath(path)) {
    violations.add(at, `is not a path without a query: ${JSON.stringify(path.slice(0, 100))}`);
  }
}

import { msToDuration } from '../../../proto/duration.ts';
import type { Input } from '../../../proto/load.ts';
import type { RouteOrigin } from '../../../proto/metadata.ts';
import { formatRouteMetadata } from '../../../proto/metadata.ts';
import { BLACK_HOLE_CLUSTER, outboundClusterName, routeConfigurationName } from '../../../proto/names.ts';
import type { EffectiveTrafficPolicy } from '../../model/effective-traffic-policy.ts';
import { builtInTrafficPolicy } from '../../model/effective-traffic-policy.ts';
import type { FaultInjection } from '../../model/fault-injection.ts';
import { durationMs } from '../../model/gateway-duration.ts';
import type { HttpRouteMatch } from '../../model/http-route-match.ts';
import { documentName } from '../../model/kinds.ts';
import { hasStrictSessions, isHighPriority } from '../../model/route-annotations.ts';
import { ruleSource } from '../../model/source-position.ts';
import type { RequestRoute, RequestRule } from '../attachments/request-route.ts';
import type { RouteCaller, RouteExtensions, RuleExtensions } from '../attachments/route-extensions.ts';
import { directResponse } from '../attachments/route-extensions.ts';
import { hashPolicies } from '../clusters/balancers.ts';
import { corsConfig } from '../filters/cors.ts';
import { withFault } from '../filters/faults.ts';
import { withAdmissionControl } from '../filters/overload-filters.ts';
import type { Backend, BackendName, Carried } from '../services/backends.ts';
import { resolveBackend } from '../services/backends.ts';
import type { Destination, ServiceCatalog, ServicePort } from '../services/service-catalog.ts';
import type { Abilities } from '../view/abilities.ts';
import { withBackendPaths } from './backend-paths.ts';
import { withFallback } from './fallback.ts';
import { comparePrecedence } from './gateway-precedence.ts';
import { mirrorPolicies } from './mirrors.ts';
import { bodyBuffer, mayHedge, retryPolicy } from './retry.ts';
import type { Candidate } from './route-candidates.ts';
import { candidatesOf } from './route-candidates.ts';
import { backendChanges, headerMutations, redirectAction } from './route-filters.ts';
import { hasPattern, routeMatch } from './route-match.ts';
import type { RuleRewrite } from './rule-rewrite.ts';
import { backendHost, canRewrite, rewriteAction, ruleRewrite } from './rule-rewrite.ts';
import { withSession } from './sessions.ts';

type Route = Input<'envoy.config.route.v3.Route'>;
type RouteAction = Input<'envoy.config.route.v3.RouteAction'>;

/** A service port that is called, and all that decides what becomes of the call. */
export interface RoutedPort {
  /** The service's host, or that of one of its versions, or one outside the mesh. */
  readonly host: string;
  readonly destination: Destination;
  readonly port: ServicePort;
  /** Those attached for the caller, in any order; empty when there are none. */
  readonly routes: readonly RequestRoute[];
  readonly extensions: RouteExtensions;
  /** Whose calls these are, where the routes tell callers apart. */
  readonly caller: RouteCaller;
  /** Of the service that is called: its timeouts and retries hold whichever backends its routes choose. */
  readonly policy: EffectiveTrafficPolicy;
  /** As the client takes the port: one that cannot tell TCP from HTTP sends requests to either. */
  readonly carried: Carried;
  /** What requests to the port have to suffer, whatever becomes of them; null for nothing. */
  readonly fault: FaultInjection | null;
  /** Of the client: a rule whose conditions it cannot check is left out for it. */
  readonly abilities: Pick<
    Abilities,
    | 'routing'
    | 'retries'
    | 'balancing'
    | 'priorities'
    | 'overloadFilters'
    | 'durations'
    | 'fallback'
    | 'backendPaths'
    | 'sessionBounds'
    | 'rewrites'
    | 'stock'
  >;
}

/**
 * The RDS resource of one port of a service, or of a host outside the mesh. Without a route everything goes there; with routes only what they
 * match goes anywhere, and the rest is answered 404.
 */
export function routeConfiguration(
  called: RoutedPort,
  catalog: ServiceCatalog,
): Input<'envoy.config.route.v3.RouteConfiguration'> {
  const name = routeConfigurationName(called.host, called.port.port);
  if (called.carried === 'bytes') {
    return { name, virtual_hosts: [{ name, domains: ['*'], routes: [noRequests(called)] }] };
  }
  const routes =
    called.routes.length === 0
      ? [defaultRoute(called)]
      : called.routes
          .flatMap((route) => candidatesOf(route, called.extensions, called.caller, called.destination.service))
          .filter(({ route, match }) => called.abilities.routing || (route.kind === 'HTTPRoute' && !hasPattern(match)))
          .sort((a, b) => comparePrecedence(a.precedence, b.precedence))
          .map((candidate) => candidateRoute(candidate, called, catalog));
  const { service } = called.destination;
  const fallback = called.abilities.fallback ? called.policy.fallback : null;
  const policy = { kind: 'BackendTrafficPolicy', metadata: { namespace: service.namespace } };
  const resolve = (reference: BackendName) => resolveBackend(reference, policy, service, catalog, called.carried);
  // an Envoy has the filter in its clusters: none of its routes can configure it
  const controls = called.abilities.overloadFilters && !called.abilities.stock;
  const admitted = controls ? routes.map((route) => withAdmissionControl(route, called.policy)) : routes;
  const suffering = admitted.map((route) => withFault(withFallback(route, fallback, resolve), called.fault));
  return {
    name,
    virtual_hosts: [{ name, domains: ['*'], routes: suffering }],
    // What a backend says of a header comes after what its rule says.
    ...(suffering.some(hasChangesOfBackends) && { most_specific_header_mutations_wins: true }),
  };
}

function hasChangesOfBackends({ route }: Route): boolean {
  return (route?.weighted_clusters?.clusters ?? []).some((cluster) => Object.keys(cluster).length > 2);
}

/** For requests that come by way of an HTTP proxy, where a client may name any port. */
function noRequests({ host, port }: RoutedPort): Route {
  const reason = `port ${port.port} of ${host} carries TCP and takes no HTTP requests`;
  return { name: 'tcp', match: { prefix: '/' }, direct_response: { status: 400, body: { inline_string: reason } } };
}

function defaultRoute({ destination, port, policy, abilities }: RoutedPort): Route {
  const cluster = outboundClusterName({ host: destination.service.host, port: port.port, subset: destination.subset });
  return {
    name: 'default',
    match: { prefix: '/' },
    route: { cluster, ...forwarding({}, policy, abilities) },
    ...bodyBuffer(policy.retry, abilities),
    ...routeMetadata(null, policy),
  };
}

function candidateRoute(
  { route, rule, match, precedence, extensions }: Candidate,
  called: RoutedPort,
  catalog: ServiceCatalog,
): Route {
  const source = ruleSource(route, precedence.rule);
  const origin = {
    document: documentName(route),
    rule: precedence.rule,
    match: precedence.match,
    file: source?.file ?? '',
    line: source?.line ?? 0,
  };
  const answer = ofExtensions(extensions);
  const taken = answer ?? action(route, rule, match, ruleRewrite(rule, extensions), called, catalog);
  const isRefusal = answer === null && taken.direct_response !== undefined;
  const made: Route = {
    name: rule.name ?? route.metadata.name,
    match: { ...routeMatch(match), ...(route.kind === 'GRPCRoute' && { grpc: {} }) },
    ...withHeaders(taken, rule),
    ...(called.abilities.routing && corsConfig(rule.filters)),
    ...routeMetadata(origin, called.policy, isRefusal),
  };
  const rewritten = withBackendPaths(made, rule, match, called.abilities);
  const sessionName = `${route.metadata.name}-${precedence.rule}`;
  const isStrict = hasStrictSessions(route.metadata);
  return withSession(rewritten, rule.sessionPersistence, sessionName, isStrict, called.abilities);
}

/** The answer that a filter of ours gives in place of the rule's backends; null where none does. */
function ofExtensions({ missing, response }: RuleExtensions): Route | null {
  const [first] = missing;
  if (first !== undefined) return { direct_response: { status: 500, body: { inline_string: first.message } } };
  return response === null ? null : directResponse(response);
}

/** The header changes of the rule come after those of its action. */
function withHeaders(action: Route, { filters }: RequestRule): Route {
  const changes = headerMutations(filters);
  const added = [...(action.response_headers_to_add ?? []), ...(changes.response_headers_to_add ?? [])];
  return { ...action, ...changes, ...(added.length > 0 && { response_headers_to_add: added }) };
}

function routeMetadata(
  origin: RouteOrigin | null,
  { retry: { retryNonIdempotent } }: EffectiveTrafficPolicy,
  isRefusal = false,
): Route {
  return origin === null && !retryNonIdempotent
    ? {}
    : { metadata: formatRouteMetadata({ origin, retryNonIdempotent, isRefusal }) };
}

function action(
  route: RequestRoute,
  rule: RequestRule,
  match: HttpRouteMatch,
  rewrite: RuleRewrite,
  { destination, port, policy, carried, abilities }: RoutedPort,
  catalog: ServiceCatalog,
): Route {
  const redirect = rule.filters.find((filter) => filter.requestRedirect !== undefined)?.requestRedirect;
  if (redirect !== undefined) {
    return { redirect: redirectAction(redirect, match, port.port, abilities) };
  }
  if (!canRewrite(rewrite, abilities)) {
    return {
      direct_response: {
        status: 500,
        body: { inline_string: 'this sidecar is of an earlier version, and cannot rewrite as the rule asks' },
      },
    };
  }
  const { service } = destination;
  const resolve = (reference: BackendName) => resolveBackend(reference, route, service, catalog, carried);
  const hostOf = (backend: Backend, name: BackendName) => backendHost(rewrite, backend, name, route.metadata.namespace);
  const chosen = destinations(rule, resolve, hostOf, abilities);
  if ('refused' in chosen) {
    // Of calls Gateway API wants UNAVAILABLE, which is what 503 stands for.
    const status = route.kind === 'GRPCRoute' ? 503 : 500;
    return { direct_response: { status, body: { inline_string: chosen.refused } } };
  }
  const mirrors = abilities.routing ? mirrorPolicies(rule.filters, resolve) : [];
  return {
    route: {
      ...chosen,
      ...rewriteAction(rewrite, match, abilities),
      ...(abilities.priorities && isHighPriority(route.metadata) && { priority: 'HIGH' as const }),
      ...(mirrors.length > 0 && { request_mirror_policies: [...mirrors] }),
      ...forwarding(rule, policy, abilities),
    },
    ...bodyBuffer(policy.retry, abilities),
  };
}

/**
 * Where the requests of a rule go. The share of a backend that does not exist stays its share, and is answered with an
 * error: nobody asked for the others to take it over.
 *
 * Source: Gateway API v1 `HTTPRouteRule.backendRefs`: 500 for what no valid backend takes.
 */
function destinations(
  { backendRefs }: RequestRule,
  resolve: (reference: BackendName) => Backend,
  hostOf: (backend: Backend, reference: BackendName) => { readonly host_rewrite_literal?: string },
  { routing: canChange }: Pick<Abilities, 'routing'>,
): Pick<RouteAction, 'cluster' | 'weighted_clusters'> | { readonly refused: string } {
  if (backendRefs.length === 0) {
    return { refused: 'the rule has no backend' };
  }
  const weighted = backendRefs
    .filter(({ weight }) => weight > 0)
    .map((reference) => {
      const backend = resolve(reference);
      const changes = canChange ? { ...hostOf(backend, reference), ...backendChanges(reference.filters ?? []) } : {};
      return { weight: reference.weight, backend, changes };
    });
  if (weighted.length === 0) {
    return { refused: 'every backend of the rule has weight 0' };
  }
  const [reason, ...more] = weighted.flatMap(({ backend }) => ('missing' in backend ? [backend.missing] : []));
  if (reason !== undefined && more.length + 1 === weighted.length) {
    // One reason will do: Envoy bounds the body of an answer to 4096 bytes, and the document's status has them all.
    return { refused: more.length === 0 ? reason : `${reason}; none of the ${weighted.length} backends exists` };
  }
  const clusters = weighted.map(({ backend, weight, changes }) => ({
    name: 'missing' in backend ? BLACK_HOLE_CLUSTER : backend.cluster,
    weight: { value: weight },
    ...changes,
  }));
  const [only, ...others] = clusters;
  const isPlain = weighted.every(({ changes }) => Object.keys(changes).length === 0);
  return only !== undefined && others.length === 0 && isPlain
    ? { cluster: only.name }
    : { weighted_clusters: { clusters } };
}

function maxStreamDuration({
  maxStreamDurationMs: stream,
  maxGrpcTimeoutMs: call,
}: EffectiveTrafficPolicy): Pick<RouteAction, 'max_stream_duration'> {
  if (stream === 0 && call === 0) return {};
  return {
    max_stream_duration: {
      ...(stream > 0 && { max_stream_duration: msToDuration(stream) }),
      ...(call > 0 && { grpc_timeout_header_max: msToDuration(call) }),
    },
  };
}

function forwarding(
  rule: Pick<RequestRule, 'retry' | 'timeouts'>,
  policy: EffectiveTrafficPolicy,
  abilities: RoutedPort['abilities'],
): RouteAction {
  const retry = retryPolicy(rule, policy.retry, abilities);
  const hashes = hashPolicies(policy.loadBalancer, abilities);
  const timeoutMs = rule.timeouts?.request === undefined ? policy.requestTimeoutMs : durationMs(rule.timeouts.request);
  return {
    timeout: msToDuration(timeoutMs),
    ...(policy.streamIdleTimeoutMs !== builtInTrafficPolicy.streamIdleTimeoutMs && {
      idle_timeout: msToDuration(policy.streamIdleTimeoutMs),
    }),
    ...(abilities.durations && maxStreamDuration(policy)),
    ...(retry !== null && { retry_policy: retry }),
    ...(mayHedge(policy.retry, abilities) && { hedge_policy: { hedge_on_per_try_timeout: true } }),
    ...(hashes.length > 0 && { hash_policy: hashes }),
  };
}

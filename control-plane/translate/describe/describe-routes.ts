import type { HttpRouteFilter } from '../../model/http-route-filter.ts';
import type { HttpRouteMatch } from '../../model/http-route-match.ts';
import { documentName } from '../../model/kinds.ts';
import { hasStrictSessions, isHighPriority } from '../../model/route-annotations.ts';
import type { BackendDescription, RouteDescription } from '../../model/service-description.ts';
import type { SessionPersistence } from '../../model/session-persistence.ts';
import { ruleSource } from '../../model/source-position.ts';
import type { TcpRoute } from '../../model/tcp-route.ts';
import type { RequestRoute, RequestRule } from '../attachments/request-route.ts';
import type { RouteExtensions, RuleExtensions } from '../attachments/route-extensions.ts';
import { comparePrecedence } from '../routes/gateway-precedence.ts';
import type { Candidate } from '../routes/route-candidates.ts';
import { allCandidatesOf } from '../routes/route-candidates.ts';
import type { RuleRewrite } from '../routes/rule-rewrite.ts';
import { ruleRewrite } from '../routes/rule-rewrite.ts';
import type { BackendName, Carried, ReferringRoute } from '../services/backends.ts';
import { resolveBackend } from '../services/backends.ts';
import type { Service, ServiceCatalog } from '../services/service-catalog.ts';

/** What resolving a backend needs to know of the service that is called. */
export interface RoutedService {
  readonly service: Service;
  readonly catalog: ServiceCatalog;
}

/** One row for each match of each rule, in the order in which sidecars try them. */
export function describeRoutes(
  routes: readonly RequestRoute[],
  extensions: RouteExtensions,
  routed: RoutedService,
): readonly RouteDescription[] {
  return routes
    .flatMap((route) => allCandidatesOf(route, extensions, routed.service))
    .sort((a, b) => comparePrecedence(a.precedence, b.precedence))
    .map((candidate) => describeCandidate(candidate, routed));
}

export function describeTcpRoute(route: TcpRoute, routed: RoutedService): readonly RouteDescription[] {
  return route.spec.rules.map(({ name, backendRefs }, rule) => ({
    ...placeOf(route, rule),
    rule,
    ruleName: name ?? '',
    match: [],
    backends: backendsOf(backendRefs, route, routed, 'bytes'),
    steps: [],
  }));
}

function describeCandidate(
  { route, rule, match, precedence, extensions }: Candidate,
  routed: RoutedService,
): RouteDescription {
  return {
    ...placeOf(route, precedence.rule),
    rule: precedence.rule,
    ruleName: rule.name ?? '',
    match: [...hostsInWords(route, routed), ...matchInWords(match), ...callersInWords(extensions)],
    backends: backendsOf(rule.backendRefs, route, routed, 'requests'),
    steps: stepsOf(route, rule, extensions),
  };
}

function placeOf(route: RequestRoute | TcpRoute, rule: number) {
  const source = ruleSource(route, rule);
  return { document: documentName(route), file: source?.file ?? '', line: source?.line ?? 0 };
}

type WeightedBackend = BackendName & { readonly weight: number };

function backendsOf(
  references: readonly WeightedBackend[],
  route: ReferringRoute,
  { service, catalog }: RoutedService,
  carried: Carried,
): readonly BackendDescription[] {
  const sum = references.reduce((total, { weight }) => total + weight, 0);
  return references.map((reference) => {
    const backend = resolveBackend(reference, route, service, catalog, carried);
    const { namespace = service.namespace } = reference;
    const other = namespace === service.namespace ? '' : namespace;
    return {
      name: other === '' ? reference.name : `${reference.name}.${other}`,
      port: reference.port ?? 0,
      weight: reference.weight,
      percent: sum === 0 ? 0 : Math.round((1000 * reference.weight) / sum) / 10,
      missing: 'missing' in backend ? backend.missing : null,
    };
  });
}

const pathWords = { Exact: '', PathPrefix: '…', RegularExpression: ' (pattern)' } as const;
const textWords = { Exact: '', RegularExpression: '~' } as const;

function matchInWords({ path, method, headers, queryParams }: HttpRouteMatch): readonly string[] {
  const takesAll = path.type === 'PathPrefix' && path.value === '/';
  const shown = takesAll ? '' : `${path.value}${pathWords[path.type]}`;
  const line = [method, shown].filter(Boolean).join(' ');
  return [
    ...(line === '' ? [] : [line]),
    ...headers.map(({ type, name, value }) => `header ${name}: ${textWords[type]}${value}`),
    ...queryParams.map(({ type, name, value }) => `query ${name}=${textWords[type]}${value}`),
  ];
}

/** Of an ExternalService with several hosts, those that the route is for. */
function hostsInWords({ spec }: RequestRoute, { service }: RoutedService): readonly string[] {
  const hostnames = spec.hostnames ?? [];
  return service.kind === 'Service' || hostnames.length === 0 ? [] : [`host ${hostnames.join(' or ')}`];
}

function callersInWords({ callers }: RuleExtensions): readonly string[] {
  return (callers ?? []).map((allowed) => {
    const names = allowed.map(({ namespace, serviceAccount }) => `${namespace}/${serviceAccount ?? '*'}`);
    return `caller ${names.join(' or ')}`;
  });
}

/** What a rule does beside choosing a backend, in the order of the document. */
function stepsOf(route: RequestRoute, rule: RequestRule, extensions: RuleExtensions): readonly string[] {
  const { response, missing } = extensions;
  const { timeouts, retry, sessionPersistence } = rule;
  return [
    ...missing.map(({ message }) => `answers 500: ${message}`),
    ...(response === null ? [] : [`answers ${response.statusCode}`]),
    ...rule.filters.flatMap(filterInWords),
    ...(response === null ? rewriteInWords(ruleRewrite(rule, extensions)) : []),
    ...rule.backendRefs.flatMap(ofOneBackend),
    ...(timeouts?.request === undefined ? [] : [`timeout ${timeouts.request}`]),
    ...(timeouts?.backendRequest === undefined ? [] : [`timeout of a try ${timeouts.backendRequest}`]),
    ...(retry === undefined ? [] : [`retries ${retry.attempts ?? 2}`]),
    ...(sessionPersistence === undefined ? [] : [sessionInWords(sessionPersistence)]),
    ...(sessionPersistence !== undefined && hasStrictSessions(route.metadata) ? ['strict sessions'] : []),
    ...(isHighPriority(route.metadata) ? ['high priority'] : []),
  ];
}

function ofOneBackend({ name, filters = [] }: RequestRule['backendRefs'][number]): readonly string[] {
  return filters
    .flatMap(({ requestHeaderModifier, responseHeaderModifier, urlRewrite }) =>
      changesInWords({ requestHeaderModifier, responseHeaderModifier, urlRewrite }),
    )
    .map((step) => `${step}, for ${name}`);
}

function sessionInWords({ type = 'Cookie', absoluteTimeout, idleTimeout }: SessionPersistence): string {
  const end = absoluteTimeout === undefined ? '' : `, at most ${absoluteTimeout}`;
  return `session by ${type.toLowerCase()}${end}${idleTimeout === undefined ? '' : `, idle for ${idleTimeout}`}`;
}

function filterInWords(filter: RequestRule['filters'][number] & Partial<HttpRouteFilter>): readonly string[] {
  const { requestRedirect, requestMirror, cors } = filter;
  return [
    ...(requestRedirect === undefined
      ? []
      : [
          `redirect ${requestRedirect.statusCode} to ${requestRedirect.scheme ?? ''}${requestRedirect.scheme === undefined ? '' : '://'}${requestRedirect.hostname ?? 'the same host'}${pathOf(requestRedirect.path)}`,
        ]),
    ...changesInWords(filter),
    ...(requestMirror === undefined ? [] : [`mirror ${shareOf(requestMirror)} to ${requestMirror.backendRef.name}`]),
    ...(cors === undefined ? [] : ['CORS']),
  ];
}

/** What may be done for all requests of a rule, or for those that go to one backend. */
function changesInWords({
  requestHeaderModifier,
  responseHeaderModifier,
  urlRewrite,
}: Pick<
  Partial<HttpRouteFilter>,
  'requestHeaderModifier' | 'responseHeaderModifier' | 'urlRewrite'
>): readonly string[] {
  return [
    ...headersInWords('header', requestHeaderModifier),
    ...headersInWords('answer’s header', responseHeaderModifier),
    ...(urlRewrite === undefined
      ? []
      : [`rewrite to ${urlRewrite.hostname ?? ''}${pathOf(urlRewrite.path)}`.trimEnd()]),
  ];
}

/** What HTTPRouteFilters say; the rule's own URLRewrite is among its filters. */
function rewriteInWords({ hostname, path }: RuleRewrite): readonly string[] {
  const { pattern, substitution } = path?.replaceRegexMatch ?? {};
  return [
    ...(hostname === undefined
      ? []
      : [`rewrite host to ${hostname.type === 'Header' ? `header ${hostname.header}` : 'that of the backend'}`]),
    ...(path === undefined
      ? []
      : [`rewrite ${pattern} (pattern) to ${substitution === '' ? 'nothing' : substitution}`]),
  ];
}

function pathOf(path: NonNullable<HttpRouteFilter['urlRewrite']>['path']): string {
  if (path === undefined) return '';
  return path.type === 'ReplaceFullPath' ? (path.replaceFullPath ?? '') : ` prefix ${path.replacePrefixMatch || '/'}`;
}

function headersInWords(what: string, change: HttpRouteFilter['requestHeaderModifier']): readonly string[] {
  if (change === undefined) return [];
  return [
    ...change.set.map(({ name }) => `${what} ${name} set`),
    ...change.add.map(({ name }) => `${what} ${name} added`),
    ...change.remove.map((name) => `${what} ${name} removed`),
  ];
}

function shareOf({ percent, fraction }: NonNullable<HttpRouteFilter['requestMirror']>): string {
  if (fraction !== undefined) return `${(100 * fraction.numerator) / fraction.denominator} %`;
  return `${percent ?? 100} %`;
}

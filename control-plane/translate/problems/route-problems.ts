import type { PortProtocol } from '../../model/app-protocol.ts';
import type { HttpRouteFilter } from '../../model/http-route-filter.ts';
import type { TcpRoute } from '../../model/tcp-route.ts';
import type { RequestRoute, RequestRule } from '../attachments/request-route.ts';
import type { RequestRoutes } from '../attachments/request-routes.ts';
import type { AttachedRoute, ParentName, RouteAttachments, RouteParent } from '../attachments/route-attachments.ts';
import { covers, isFor, parentsOf } from '../attachments/route-attachments.ts';
import type { RouteExtensions } from '../attachments/route-extensions.ts';
import { decidingTcpRoute } from '../listeners/tcp-routes.ts';
import type { BackendName, Carried, ReferringRoute } from '../services/backends.ts';
import { resolveBackend, withArticle } from '../services/backends.ts';
import type { Service, ServiceCatalog, ServicePort } from '../services/service-catalog.ts';
import { externalParentFindings } from './external-parents.ts';
import type { Finding } from './problem.ts';
import { rewriteFindings } from './rewrite-problems.ts';

export function requestRouteFindings(
  route: RequestRoute,
  catalog: ServiceCatalog,
  attachments: RequestRoutes,
  extensions: RouteExtensions,
): readonly Finding[] {
  const hasParents = parentsOf(route).length > 0;
  return [
    ...parentFindings(route, 'requests', catalog),
    ...rivalFindings(route, catalog, attachments),
    ...rulesOf(route).flatMap(({ backendRefs, filters }, ruleIndex) => {
      const path = `spec.rules[${ruleIndex}]`;
      const ofRule = extensions.of(route, { filters });
      const { missing, response } = ofRule;
      const ofFilters = [
        ...missing.map(({ index, message }) => ({
          path: `${path}.filters[${index}].extensionRef`,
          message,
          reason: 'FilterNotFound',
        })),
        ...rewriteFindings({ filters, backendRefs }, ofRule, path),
      ];
      if (missing.length > 0 || response !== null) return ofFilters;
      const isRedirect = filters.some((filter) => filter.requestRedirect !== undefined);
      const answer =
        route.kind === 'GRPCRoute'
          ? 'no backend and answers UNAVAILABLE'
          : 'neither a backend nor a redirect and answers 500';
      return hasParents && backendRefs.length === 0 && !isRedirect
        ? [...ofFilters, { path, message: `the rule has ${answer}` }]
        : [
            ...ofFilters,
            ...weightFindings(route, backendRefs, path),
            ...backendFindings(
              route,
              backendRefs.map((reference, index) => ({ reference, path: `${path}.backendRefs[${index}]` })),
              'requests',
              catalog,
            ),
            ...backendFindings(route, mirrorsOf(filters, path), 'requests', catalog),
          ];
    }),
  ];
}

/** Weights of 0 are a way to say that nobody takes part, and mostly a slip. */
function weightFindings(
  { kind }: RequestRoute,
  backendRefs: RequestRule['backendRefs'],
  path: string,
): readonly Finding[] {
  if (backendRefs.length === 0 || backendRefs.some(({ weight }) => weight > 0)) return [];
  const answer = kind === 'GRPCRoute' ? 'UNAVAILABLE' : '500';
  const message = `every weight is 0, so the rule answers ${answer}: give one a weight above 0`;
  return [{ path: `${path}.backendRefs`, message, reason: 'UnsupportedValue' }];
}

function rulesOf(route: RequestRoute): readonly RequestRule[] {
  return route.spec.rules;
}

/** An HTTPRoute beside a GRPCRoute decides nothing. */
function rivalFindings(route: RequestRoute, catalog: ServiceCatalog, attachments: RequestRoutes): readonly Finding[] {
  return contested(route, catalog, ({ called, port, index }) => {
    const [winner] = attachments.routesFor(called, port, route.metadata.namespace);
    if (winner === undefined || winner.kind === route.kind) return [];
    const { namespace, name } = winner.metadata;
    const what = `port ${port.port} of ${nameOf(called)}`;
    return [
      {
        path: `spec.parentRefs[${index}]`,
        message: `${winner.kind} ${namespace}/${name} decides for ${what}, where ${withArticle(route.kind)} has no effect beside it`,
        reason: 'Conflicted',
      },
    ];
  });
}

interface ContestedPort {
  readonly called: RouteParent;
  readonly port: ServicePort;
  readonly index: number;
}

/** What is to be said of each port that a route is for, of a service or of the hosts of what is outside; of all hosts once. */
export function contested(
  route: AttachedRoute,
  catalog: ServiceCatalog,
  findingsOf: (port: ContestedPort) => readonly Finding[],
): readonly Finding[] {
  const findings = parentsOf(route).flatMap(({ reference, parent, index }) =>
    calledBy(parent, catalog)
      .map(({ host, ports }) => ({ called: { ...parent, host }, ports }))
      .filter(({ called }) => isFor(route, called))
      .flatMap(({ called, ports }) =>
        ports.filter((port) => covers(reference, port)).flatMap((port) => findingsOf({ called, port, index })),
      ),
  );
  return [...new Map(findings.map((finding) => [`${finding.path} ${finding.message}`, finding])).values()];
}

export function tcpRouteFindings(
  route: TcpRoute,
  catalog: ServiceCatalog,
  attachments: RouteAttachments<TcpRoute>,
): readonly Finding[] {
  return [
    ...parentFindings(route, 'bytes', catalog),
    ...conflictFindings(route, catalog, attachments),
    ...route.spec.rules.flatMap(({ backendRefs }, ruleIndex) =>
      backendFindings(
        route,
        backendRefs.map((reference, index) => ({
          reference,
          path: `spec.rules[${ruleIndex}].backendRefs[${index}]`,
        })),
        'bytes',
        catalog,
      ),
    ),
  ];
}

/** What a route of the other kind is for. */
const foreign: Readonly<Record<'requests' | 'bytes', readonly PortProtocol[]>> = {
  requests: ['tcp'],
  bytes: ['http', 'http2'],
};

function parentFindings(
  route: AttachedRoute & ReferringRoute,
  carried: 'requests' | 'bytes',
  catalog: ServiceCatalog,
): readonly Finding[] {
  return parentsOf(route).flatMap((written) => {
    const { reference, parent, index } = written;
    const path = `spec.parentRefs[${index}]`;
    const [service] = calledBy(parent, catalog);
    const what = nameOf(parent);
    if (service === undefined) {
      return [{ path, message: `${what} does not exist` }];
    }
    const ports = service.ports.filter((port) => covers(reference, port));
    if (ports.length === 0) {
      return [{ path, message: `${what} has no such port` }];
    }
    const outside = externalParentFindings(route, written, ports, catalog.external);
    if (outside.length > 0 || !ports.every((port) => foreign[carried].includes(service.declarationOf(port).protocol))) {
      return outside;
    }
    const one = ports.length === 1 ? `port ${ports[0]?.port} of ${what} carries` : `the ports of ${what} carry`;
    const protocol = carried === 'requests' ? 'TCP' : 'HTTP';
    return [{ path, message: `${one} ${protocol}, so ${withArticle(route.kind)} has no effect there` }];
  });
}

function conflictFindings(
  route: TcpRoute,
  catalog: ServiceCatalog,
  attachments: RouteAttachments<TcpRoute>,
): readonly Finding[] {
  return contested(route, catalog, ({ called, port, index }) => {
    const rivals = attachments.routesFor(called, port, route.metadata.namespace);
    const winner = decidingTcpRoute(rivals);
    if (winner === null || winner === route || !rivals.includes(route)) return [];
    const { namespace, name } = winner.metadata;
    const message = `TCPRoute ${namespace}/${name}, which comes first, decides for port ${port.port} of ${nameOf(called)}`;
    return [{ path: `spec.parentRefs[${index}]`, message }];
  });
}

/** The service, or every host of what is outside the mesh; none where there is no such thing. */
function calledBy({ kind, namespace, name }: ParentName, catalog: ServiceCatalog): readonly Service[] {
  if (kind === 'ExternalService') return catalog.external.named(namespace, name);
  const found = catalog.find(namespace, name);
  return found === null ? [] : [found.service];
}

export function nameOf({ kind, namespace, name }: ParentName): string {
  return `${kind} ${namespace}/${name}`;
}

function mirrorsOf(filters: readonly Pick<HttpRouteFilter, 'requestMirror'>[], path: string) {
  return filters.flatMap(({ requestMirror }, index) =>
    requestMirror === undefined
      ? []
      : [{ reference: requestMirror.backendRef, path: `${path}.filters[${index}].requestMirror.backendRef` }],
  );
}

function backendFindings(
  route: AttachedRoute & ReferringRoute,
  references: readonly { readonly reference: BackendName; readonly path: string }[],
  carried: Carried,
  catalog: ServiceCatalog,
): readonly Finding[] {
  // what is allowed through one parent may be refused through another; where nothing is called, nothing is asked for
  const parents = parentsOf(route).map(({ parent }) => calledBy(parent, catalog)[0] ?? { ...parent, host: '' });
  return references.flatMap(({ reference, path }) => {
    const reasons = parents
      .map((parent) => resolveBackend(reference, route, parent, catalog, carried))
      .flatMap((backend) => ('missing' in backend ? [[backend.missing, backend.reason] as const] : []));
    return [...new Map(reasons)].map(([message, reason]) => ({ path, message, reason }));
  });
}

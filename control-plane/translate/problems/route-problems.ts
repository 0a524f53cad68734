import type { PortProtocol } from '../../model/app-protocol.ts';
import type { HttpRouteFilter } from '../../model/http-route-filter.ts';
import type { TcpRoute } from '../../model/tcp-route.ts';
import type { RequestRoute, RequestRule } from '../attachments/request-route.ts';
import type { RequestRoutes } from '../attachments/request-routes.ts';
import type { AttachedRoute, RouteAttachments } from '../attachments/route-attachments.ts';
import { covers, serviceParents } from '../attachments/route-attachments.ts';
import type { RouteExtensions } from '../attachments/route-extensions.ts';
import { decidingTcpRoute } from '../listeners/tcp-routes.ts';
import type { BackendName, Carried, ReferringRoute } from '../services/backends.ts';
import { resolveBackend, withArticle } from '../services/backends.ts';
import type { ServiceCatalog } from '../services/service-catalog.ts';
import type { Finding } from './problem.ts';

export function requestRouteFindings(
  route: RequestRoute,
  catalog: ServiceCatalog,
  attachments: RequestRoutes,
  extensions: RouteExtensions,
): readonly Finding[] {
  const hasParents = serviceParents(route).length > 0;
  return [
    ...parentFindings(route, 'requests', catalog),
    ...rivalFindings(route, catalog, attachments),
    ...rulesOf(route).flatMap(({ backendRefs, filters }, ruleIndex) => {
      const path = `spec.rules[${ruleIndex}]`;
      const { missing, response } = extensions.of(route, { filters });
      const ofFilters = missing.map(({ index, message }) => ({
        path: `${path}.filters[${index}].extensionRef`,
        message,
        reason: 'FilterNotFound',
      }));
      if (ofFilters.length > 0 || response !== null) return ofFilters;
      const isRedirect = filters.some((filter) => filter.requestRedirect !== undefined);
      const answer =
        route.kind === 'GRPCRoute'
          ? 'no backend and answers UNAVAILABLE'
          : 'neither a backend nor a redirect and answers 500';
      return hasParents && backendRefs.length === 0 && !isRedirect
        ? [{ path, message: `the rule has ${answer}` }]
        : [
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
  return serviceParents(route).flatMap(({ reference, parent, index }) => {
    const ports = catalog.find(parent.namespace, parent.name)?.service.ports ?? [];
    return ports
      .filter((port) => covers(reference, port))
      .flatMap((port) => {
        const [winner] = attachments.routesFor(parent, port, route.metadata.namespace);
        if (winner === undefined || winner.kind === route.kind) return [];
        const { namespace, name } = winner.metadata;
        const what = `port ${port.port} of Service ${parent.namespace}/${parent.name}`;
        return [
          {
            path: `spec.parentRefs[${index}]`,
            message: `${winner.kind} ${namespace}/${name} decides for ${what}, where ${withArticle(route.kind)} has no effect beside it`,
            reason: 'Conflicted',
          },
        ];
      });
  });
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
  return serviceParents(route).flatMap(({ reference, parent, index }) => {
    const path = `spec.parentRefs[${index}]`;
    const service = catalog.find(parent.namespace, parent.name)?.service;
    const what = `Service ${parent.namespace}/${parent.name}`;
    if (service === undefined) {
      return [{ path, message: `${what} does not exist` }];
    }
    const ports = service.ports.filter((port) => covers(reference, port));
    if (ports.length === 0) {
      return [{ path, message: `${what} has no such port` }];
    }
    if (!ports.every((port) => foreign[carried].includes(service.declarationOf(port).protocol))) {
      return [];
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
  return serviceParents(route).flatMap(({ reference, parent, index }) => {
    const ports = catalog.find(parent.namespace, parent.name)?.service.ports ?? [];
    const lost = ports
      .filter((port) => covers(reference, port))
      .flatMap((port) => {
        const rivals = attachments.routesFor(parent, port, route.metadata.namespace);
        const winner = decidingTcpRoute(rivals);
        return winner === null || winner === route || !rivals.includes(route) ? [] : [{ port: port.port, winner }];
      });
    return lost.map(({ port, winner: { metadata } }) => ({
      path: `spec.parentRefs[${index}]`,
      message: `TCPRoute ${metadata.namespace}/${metadata.name}, which comes first, decides for port ${port} of Service ${parent.namespace}/${parent.name}`,
    }));
  });
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
  const parents = new Set(serviceParents(route).map(({ parent }) => parent.namespace));
  return references.flatMap(({ reference, path }) => {
    // What is allowed through one parent may be refused through another; each reason is told once.
    const reasons = [...parents]
      .map((parent) => resolveBackend(reference, route, parent, catalog, carried))
      .flatMap((backend) => ('missing' in backend ? [[backend.missing, backend.reason] as const] : []));
    return [...new Map(reasons)].map(([message, reason]) => ({ path, message, reason }));
  });
}

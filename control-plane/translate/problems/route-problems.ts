import type { PortProtocol } from '../../model/app-protocol.ts';
import type { HttpRouteFilter } from '../../model/http-route-filter.ts';
import type { TcpRoute } from '../../model/tcp-route.ts';
import type { RequestRoute, RequestRule } from '../attachments/request-route.ts';
import type { RequestRoutes } from '../attachments/request-routes.ts';
import type { AttachedRoute, ParentName, RouteAttachments } from '../attachments/route-attachments.ts';
import { covers, parentsOf } from '../attachments/route-attachments.ts';
import type { RouteExtensions } from '../attachments/route-extensions.ts';
import type { BackendName, Called, Carried, ReferringRoute } from '../services/backends.ts';
import { resolveBackend, withArticle } from '../services/backends.ts';
import type { ServiceCatalog } from '../services/service-catalog.ts';
import { externalParentFindings } from './external-parents.ts';
import type { Finding } from './problem.ts';
import { rewriteFindings } from './rewrite-problems.ts';
import { conflictFindings, rivalFindings } from './rival-problems.ts';
import { calledBy, parentText } from './route-parents.ts';

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
    const what = parentText(parent);
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

/** What does not exist is no backend either, so nobody asks for its host. */
function ofNobody(parent: ParentName): Called {
  return { ...parent, host: '' };
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
  // What is allowed through one parent may be refused through another, of another namespace; each reason is told once.
  const parents = new Map(parentsOf(route).map(({ parent }) => [parent.namespace, parent]));
  return references.flatMap(({ reference, path }) => {
    const reasons = [...parents.values()]
      .map((parent) =>
        resolveBackend(reference, route, calledBy(parent, catalog)[0] ?? ofNobody(parent), catalog, carried),
      )
      .flatMap((backend) => ('missing' in backend ? [[backend.missing, backend.reason] as const] : []));
    return [...new Map(reasons)].map(([message, reason]) => ({ path, message, reason }));
  });
}

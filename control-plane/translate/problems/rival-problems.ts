import type { TcpRoute } from '../../model/tcp-route.ts';
import type { RequestRoute } from '../attachments/request-route.ts';
import type { RequestRoutes } from '../attachments/request-routes.ts';
import type { AttachedRoute, ParentName, RouteAttachments, RouteParent } from '../attachments/route-attachments.ts';
import { decidingTcpRoute } from '../listeners/tcp-routes.ts';
import { withArticle } from '../services/backends.ts';
import type { ServiceCatalog, ServicePort } from '../services/service-catalog.ts';
import type { Finding } from './problem.ts';
import { parentText, routedPorts } from './route-parents.ts';

/** Of one parent. A Service has up to 250 ports, and what is outside 32 hosts with 16 each: so many say enough. */
const maxFindings = 10;

/** An HTTPRoute beside a GRPCRoute of its namespace decides nothing, and never the other way round. */
export function rivalFindings(
  route: RequestRoute,
  catalog: ServiceCatalog,
  attachments: RequestRoutes,
): readonly Finding[] {
  const { namespace } = route.metadata;
  if (route.kind === 'GRPCRoute') return [];
  const hasRivals = (parent: ParentName) => attachments.hasCallRoutes(parent, namespace);
  return lost(route, catalog, hasRivals, (called, port) => {
    const [winner] = attachments.routesFor(called, port, namespace);
    if (winner === undefined || winner.kind === route.kind) return null;
    const { name } = winner.metadata;
    const what = `port ${port.port} of ${parentText(called)}`;
    return {
      message: `${winner.kind} ${namespace}/${name} decides for ${what}, where ${withArticle(route.kind)} has no effect beside it`,
      reason: 'Conflicted',
    };
  });
}

/** Of several TCPRoutes for a port one decides. */
export function conflictFindings(
  route: TcpRoute,
  catalog: ServiceCatalog,
  attachments: RouteAttachments<TcpRoute>,
): readonly Finding[] {
  const hasRivals = (parent: ParentName) => attachments.attachedIn(parent, route.metadata.namespace) > 1;
  return lost(route, catalog, hasRivals, (called, port) => {
    const rivals = attachments.routesFor(called, port, route.metadata.namespace);
    const winner = decidingTcpRoute(rivals);
    if (winner === null || winner === route || !rivals.includes(route)) return null;
    const { namespace, name } = winner.metadata;
    return {
      message: `TCPRoute ${namespace}/${name}, which comes first, decides for port ${port.port} of ${parentText(called)}`,
    };
  });
}

/** Where a route is for a port and does not decide; said of a port once, whichever of the hosts it is of. */
function lost(
  route: AttachedRoute,
  catalog: ServiceCatalog,
  hasRivals: (parent: ParentName) => boolean,
  lossAt: (called: RouteParent, port: ServicePort) => Omit<Finding, 'path'> | null,
): readonly Finding[] {
  const byParent = new Map<number, Map<string, Finding>>();
  for (const { called, port, index } of routedPorts(route, catalog, hasRivals)) {
    const findings = byParent.get(index) ?? new Map<string, Finding>();
    byParent.set(index, findings);
    if (findings.size === maxFindings) continue;
    const loss = lossAt(called, port);
    if (loss !== null) findings.set(loss.message, { path: `spec.parentRefs[${index}]`, ...loss });
  }
  return [...byParent.values()].flatMap((findings) => [...findings.values()]);
}

import { BLACK_HOLE_CLUSTER, outboundClusterName } from '../../../proto/names.ts';
import { olderFirst } from '../../model/older-first.ts';
import type { TcpRoute } from '../../model/tcp-route.ts';
import { resolveBackend } from '../services/backends.ts';
import type { Destination, ServiceCatalog, ServicePort } from '../services/service-catalog.ts';
import type { WeightedTarget } from './tcp-proxy.ts';

/** Of routes for the same port the oldest decides, and of two of one age the first by `namespace/name` (Gateway API). */
export function decidingTcpRoute(routes: readonly TcpRoute[]): TcpRoute | null {
  const [first = null] = routes.toSorted((a, b) => olderFirst(a.metadata, b.metadata));
  return first;
}

/**
 * Where the bytes of connections to a service port go. The share of a backend that does not exist stays its share: those
 * connections are closed.
 */
export function tcpTargets(
  destination: Destination,
  port: ServicePort,
  route: TcpRoute | null,
  catalog: ServiceCatalog,
): readonly [WeightedTarget, ...WeightedTarget[]] {
  const { service, subset } = destination;
  const own = { cluster: outboundClusterName({ host: service.host, port: port.port, subset }), weight: 1 };
  const rules = route === null ? [] : route.spec.rules.map(({ backendRefs }) => ({ backendRefs, route }));
  const chosen = rules.flatMap(({ backendRefs, route: from }) =>
    backendRefs
      .filter(({ weight }) => weight > 0)
      .map((reference) => {
        const backend = resolveBackend(reference, from, service, catalog, 'bytes');
        return { cluster: 'missing' in backend ? BLACK_HOLE_CLUSTER : backend.cluster, weight: reference.weight };
      }),
  );
  const [first = own, ...others] = chosen;
  return [first, ...others];
}

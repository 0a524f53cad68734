import type { AttachedRoute, ParentName, RouteParent } from '../attachments/route-attachments.ts';
import { covers, isFor, parentsOf } from '../attachments/route-attachments.ts';
import type { Service, ServiceCatalog, ServicePort } from '../services/service-catalog.ts';

/** The service, or every host of what is outside the mesh; none where there is no such thing. */
export function calledBy({ kind, namespace, name }: ParentName, catalog: ServiceCatalog): readonly Service[] {
  if (kind === 'ExternalService') return catalog.external.named(namespace, name);
  const found = catalog.find(namespace, name);
  return found === null ? [] : [found.service];
}

/** A port that a route is for, of a service or of a host outside the mesh. */
export interface RoutedPort {
  readonly called: RouteParent;
  readonly port: ServicePort;
  /** Of the parent, in the document. */
  readonly index: number;
}

/** Those of all parents of which `isWanted` is true. */
export function* routedPorts(
  route: AttachedRoute,
  catalog: ServiceCatalog,
  isWanted: (parent: ParentName) => boolean = () => true,
): Iterable<RoutedPort> {
  for (const { reference, parent, index } of parentsOf(route)) {
    if (!isWanted(parent)) continue;
    for (const { host, ports } of calledBy(parent, catalog)) {
      const called = { ...parent, host };
      if (!isFor(route, called)) continue;
      for (const port of ports) if (covers(reference, port)) yield { called, port, index };
    }
  }
}

/** `Service default/cart` */
export function parentText({ kind, namespace, name }: ParentName): string {
  return `${kind} ${namespace}/${name}`;
}

import type { ParentReference } from '../../model/object-reference.ts';
import { isServiceReference } from '../../model/object-reference.ts';
import type { ServicePort } from '../services/service-catalog.ts';

/** The name of a service, or of a version of one, as documents write it. */
export interface ServiceName {
  readonly namespace: string;
  readonly name: string;
}

/** The part of a route that attaches it, whatever it routes. */
export interface AttachedRoute {
  readonly metadata: { readonly namespace: string };
  readonly spec: { readonly parentRefs: readonly ParentReference[] };
}

/** Which routes of one kind hold for which services and callers. */
export class RouteAttachments<Route extends AttachedRoute> {
  readonly #byParent = new Map<string, Attached<Route>>();

  constructor(routes: readonly Route[]) {
    for (const route of routes) {
      for (const { reference, parent } of serviceParents(route)) {
        const key = parentKey(parent);
        const attached: Attached<Route> = this.#byParent.get(key) ?? nothingAttached();
        attached.attachments.push({ route, reference });
        attached.namespaces.add(route.metadata.namespace);
        this.#byParent.set(key, attached);
      }
    }
  }

  /**
   * The routes that decide a call from `callerNamespace`, each once and in no particular order. Empty when no route is
   * attached, in which case the service takes everything itself.
   *
   * Routes of the service's own namespace are its producer's and hold for every caller. Routes of the caller's
   * namespace are its consumer's and hold for callers there, instead of the producer's (GEP-1426).
   *
   * Who asks again gets the very same list: every client of a service asks, at every change.
   */
  routesFor(parent: ServiceName, port: ServicePort, callerNamespace: string): readonly Route[] {
    const attached = this.#byParent.get(parentKey(parent));
    if (attached === undefined) return [];
    const { attachments, namespaces, deciding } = attached;
    const namespace = namespaces.has(callerNamespace) ? callerNamespace : parent.namespace;
    const key = `${port.port} ${namespace}`;
    let routes = deciding.get(key);
    if (routes === undefined) {
      routes = decidingRoutes(attachments, port, namespace, parent.namespace);
      deciding.set(key, routes);
    }
    return routes;
  }

  /** Whether callers in that namespace may see other routes than everybody else. */
  hasConsumerRoutes(parent: ServiceName, callerNamespace: string): boolean {
    return (
      callerNamespace !== parent.namespace &&
      (this.#byParent.get(parentKey(parent))?.namespaces.has(callerNamespace) ?? false)
    );
  }
}

function decidingRoutes<Route extends AttachedRoute>(
  attachments: readonly Attachment<Route>[],
  port: ServicePort,
  callerNamespace: string,
  parentNamespace: string,
): readonly Route[] {
  const covering = attachments.filter(({ reference }) => covers(reference, port));
  const of = (namespace: string) => covering.filter(({ route }) => route.metadata.namespace === namespace);
  const consumer = of(callerNamespace);
  return [...new Set((consumer.length > 0 ? consumer : of(parentNamespace)).map(({ route }) => route))];
}

/**
 * The parents of a route that are Services, with their place in the document; other parents belong to somebody else.
 */
export function serviceParents(
  route: AttachedRoute,
): readonly { readonly reference: ParentReference; readonly parent: ServiceName; readonly index: number }[] {
  return route.spec.parentRefs.flatMap((reference, index) => {
    const parent = { namespace: reference.namespace ?? route.metadata.namespace, name: reference.name };
    return isServiceReference(reference) ? [{ reference, parent, index }] : [];
  });
}

/** Whether a reference that may name a port means this one. */
export function covers(reference: Pick<ParentReference, 'port' | 'sectionName'>, port: ServicePort): boolean {
  return (
    (reference.port === undefined || reference.port === port.port) &&
    (reference.sectionName === undefined || reference.sectionName === port.name)
  );
}

/** All that is attached to one parent. */
interface Attached<Route> {
  readonly attachments: Attachment<Route>[];
  /** Of the routes. */
  readonly namespaces: Set<string>;
  /** By port and namespace of the caller. */
  readonly deciding: Map<string, readonly Route[]>;
}

function nothingAttached<Route>(): Attached<Route> {
  return { attachments: [], namespaces: new Set(), deciding: new Map() };
}

interface Attachment<Route> {
  readonly route: Route;
  readonly reference: ParentReference;
}

function parentKey({ namespace, name }: ServiceName): string {
  return `${namespace}/${name}`;
}

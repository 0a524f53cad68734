import type { ParentReference } from '../../model/object-reference.ts';
import { isMeshReference } from '../../model/object-reference.ts';
import type { Service, ServicePort } from '../services/service-catalog.ts';
import { takesHost } from './hostnames.ts';

/** The name of a service, or of a version of one, as documents write it. */
export interface ServiceName {
  readonly namespace: string;
  readonly name: string;
}

/** What documents attach routes to: a service, a version of one, or hosts outside the mesh. */
export interface ParentName extends ServiceName {
  readonly kind: Service['kind'];
}

/** The same as it is called. */
export interface RouteParent extends ParentName {
  /** Which of the hosts outside the mesh, for the `hostnames` of routes; those of a service say nothing. */
  readonly host: string;
}

/** The part of a route that attaches it, whatever it routes. */
export interface AttachedRoute {
  readonly metadata: { readonly namespace: string };
  readonly spec: {
    readonly parentRefs: readonly ParentReference[];
    readonly hostnames?: readonly string[] | undefined;
  };
}

/** Which routes of one kind hold for which services, hosts outside the mesh, and callers. */
export class RouteAttachments<Route extends AttachedRoute> {
  readonly #byParent = new Map<string, Attached<Route>>();

  constructor(routes: readonly Route[]) {
    for (const route of routes) {
      for (const { reference, parent } of parentsOf(route)) {
        const key = parentKey(parent);
        const attached: Attached<Route> = this.#byParent.get(key) ?? nothingAttached();
        const { namespace } = route.metadata;
        const ofNamespace = attached.attachments.get(namespace) ?? [];
        ofNamespace.push({ route, reference });
        attached.attachments.set(namespace, ofNamespace);
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
  routesFor(parent: RouteParent, port: ServicePort, callerNamespace: string): readonly Route[] {
    const attached = this.#byParent.get(parentKey(parent));
    if (attached === undefined) return [];
    const { attachments, deciding } = attached;
    const namespace = attachments.has(callerNamespace) ? callerNamespace : parent.namespace;
    const key = `${port.port} ${namespace} ${parent.host}`;
    let routes = deciding.get(key);
    if (routes === undefined) {
      routes = decidingRoutes(attachments, port, namespace, parent);
      deciding.set(key, routes);
    }
    return routes;
  }

  /** Whether callers in that namespace may see other routes than everybody else. */
  hasConsumerRoutes(parent: ParentName, callerNamespace: string): boolean {
    return callerNamespace !== parent.namespace && this.attachedIn(parent, callerNamespace) > 0;
  }

  /** How many references of routes of that namespace there are to the parent. */
  attachedIn(parent: ParentName, namespace: string): number {
    return this.#byParent.get(parentKey(parent))?.attachments.get(namespace)?.length ?? 0;
  }
}

function decidingRoutes<Route extends AttachedRoute>(
  attachments: Attached<Route>['attachments'],
  port: ServicePort,
  callerNamespace: string,
  parent: RouteParent,
): readonly Route[] {
  const of = (namespace: string) =>
    (attachments.get(namespace) ?? []).filter(
      ({ route, reference }) => covers(reference, port) && isFor(route, parent),
    );
  const consumer = of(callerNamespace);
  return [...new Set((consumer.length > 0 ? consumer : of(parent.namespace)).map(({ route }) => route))];
}

/** A parent of a route, with its place in the document. */
export interface WrittenParent {
  readonly reference: ParentReference;
  readonly parent: ParentName;
  readonly index: number;
}

/** The parents of a route that are the mesh's; others belong to somebody else. */
export function parentsOf(route: AttachedRoute): readonly WrittenParent[] {
  return route.spec.parentRefs.flatMap((reference, index) => {
    if (!isMeshReference(reference)) return [];
    const kind = reference.kind as ParentName['kind']; // which is what makes it one of the mesh
    const parent = { kind, namespace: reference.namespace ?? route.metadata.namespace, name: reference.name };
    return [{ reference, parent, index }];
  });
}

/** Whether the route's hostnames have the host among them. */
export function isFor({ spec }: AttachedRoute, { kind, host }: Pick<RouteParent, 'kind' | 'host'>): boolean {
  return kind === 'Service' || takesHost(spec.hostnames ?? [], host);
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
  /** By the namespace of the route. */
  readonly attachments: Map<string, Attachment<Route>[]>;
  /** By port, namespace of the caller, and host. */
  readonly deciding: Map<string, readonly Route[]>;
}

function nothingAttached<Route>(): Attached<Route> {
  return { attachments: new Map(), deciding: new Map() };
}

interface Attachment<Route> {
  readonly route: Route;
  readonly reference: ParentReference;
}

function parentKey({ kind, namespace, name }: ParentName): string {
  return `${kind}/${namespace}/${name}`;
}

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
  readonly #byParent = new Map<string, Attachment<Route>[]>();

  constructor(routes: readonly Route[]) {
    for (const route of routes) {
      for (const { reference, parent } of serviceParents(route)) {
        const key = parentKey(parent);
        const attachments = this.#byParent.get(key) ?? [];
        attachments.push({ route, reference });
        this.#byParent.set(key, attachments);
      }
    }
  }

  /**
   * The routes that decide a call from `callerNamespace`, each once and in no particular order. Empty when no route is
   * attached, in which case the service takes everything itself.
   *
   * Routes of the service's own namespace are its producer's and hold for every caller. Routes of the caller's
   * namespace are its consumer's and hold for callers there, instead of the producer's (GEP-1426).
   */
  routesFor(parent: ServiceName, port: ServicePort, callerNamespace: string): readonly Route[] {
    const attached = (this.#byParent.get(parentKey(parent)) ?? []).filter(({ reference }) => covers(reference, port));
    const consumer = attached.filter(({ route }) => route.metadata.namespace === callerNamespace);
    const producer = attached.filter(({ route }) => route.metadata.namespace === parent.namespace);
    const deciding = consumer.length > 0 ? consumer : producer;
    return [...new Set(deciding.map(({ route }) => route))];
  }

  /** Whether callers in that namespace may see other routes than everybody else. */
  hasConsumerRoutes(parent: ServiceName, callerNamespace: string): boolean {
    return (
      callerNamespace !== parent.namespace &&
      (this.#byParent.get(parentKey(parent)) ?? []).some(({ route }) => route.metadata.namespace === callerNamespace)
    );
  }
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

interface Attachment<Route> {
  readonly route: Route;
  readonly reference: ParentReference;
}

function parentKey({ namespace, name }: ServiceName): string {
  return `${namespace}/${name}`;
}

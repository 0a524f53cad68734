import { outboundClusterName } from '../../proto/names.ts';
import { isServiceReference } from '../model/object-reference.ts';
import type { ServiceCatalog } from './service-catalog.ts';

/** How many ports a message lists; a Service may have 250. */
const namedPorts = 10;

/** What a route sends: an HTTPRoute requests, a TCPRoute bytes; `anything` where the client cannot tell them apart. */
export type Carried = 'requests' | 'bytes' | 'anything';

/** The part of a `backendRef` that names something. */
export interface BackendName {
  readonly group: string;
  readonly kind: string;
  readonly namespace?: string | undefined;
  readonly name: string;
  readonly port?: number | undefined;
}

/** Where a `backendRef` leads, or why nowhere. */
export type Backend = { readonly cluster: string } | { readonly missing: string };

/**
 * A backend may be in the route's namespace or in that of the Service that the route is attached to. The latter is what
 * a consumer route needs to send its own calls on to the service they were made to, and gives it nothing that its
 * workloads could not call directly. Every other namespace would take a ReferenceGrant (GEP-709).
 */
export function resolveBackend(
  reference: BackendName,
  routeNamespace: string,
  parentNamespace: string,
  catalog: ServiceCatalog,
  carried: Carried,
): Backend {
  const namespace = reference.namespace ?? routeNamespace;
  const what = `Service ${namespace}/${reference.name}`;
  if (!isServiceReference(reference)) {
    return { missing: `a backend of kind ${reference.kind} is not supported: name a Service` };
  }
  if (namespace !== routeNamespace && namespace !== parentNamespace) {
    return { missing: `${what} is in another namespace, which this route may not refer to` };
  }
  const destination = catalog.find(namespace, reference.name);
  if (destination === null) {
    return { missing: `${what} does not exist` };
  }
  const { service, subset } = destination;
  const port = service.ports.find((candidate) => candidate.port === reference.port);
  if (port === undefined) {
    const ports = service.ports.slice(0, namedPorts).map((candidate) => candidate.port);
    const more = service.ports.length > namedPorts ? ' and more' : '';
    return { missing: `${what} has no port ${reference.port}; it has ${ports.join(', ') || 'none'}${more}` };
  }
  const { protocol } = service.declarationOf(port);
  if (carried === 'requests' && protocol === 'tcp') {
    return { missing: `port ${port.port} of ${what} carries TCP, which an HTTPRoute cannot send to` };
  }
  if (carried === 'bytes' && (protocol === 'http' || protocol === 'http2')) {
    return { missing: `port ${port.port} of ${what} carries HTTP, which a TCPRoute cannot send to` };
  }
  return { cluster: outboundClusterName({ host: service.host, port: port.port, subset }) };
}

import { outboundClusterName } from '../../../proto/names.ts';
import { isExternalReference, isMeshReference } from '../../model/object-reference.ts';
import { isExported } from './external-services.ts';
import type { Service, ServiceCatalog } from './service-catalog.ts';

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

/**
 * Where a `backendRef` leads, or why nowhere: in words, and as Gateway API's conditions call it. `outside` is the host that
 * requests are then for, where it is outside the mesh and another one than was called.
 */
export type Backend =
  | { readonly cluster: string; readonly outside?: string }
  | { readonly missing: string; readonly reason: BackendFault };

export type BackendFault = 'InvalidKind' | 'RefNotPermitted' | 'BackendNotFound' | 'UnsupportedProtocol';

/** The part of a route that says who refers to its backends. */
export interface ReferringRoute {
  readonly kind: string;
  readonly metadata: { readonly namespace: string };
}

/** What a route is attached to: a service, or a host outside the mesh. */
export type Called = Pick<Service, 'kind' | 'namespace' | 'name' | 'host'>;

/**
 * A backend may be in the route's namespace or in that of what the route is attached to. The latter is what a consumer route
 * needs to send its own calls on to where they were made to, and gives it nothing that its workloads could not call directly.
 * Every other namespace has to allow it by a ReferenceGrant (GEP-709), and so has one whose ExternalService is not exported.
 *
 * The ExternalService that the route is attached to is, as a backend, the host that was called; of another one it is the first.
 */
export function resolveBackend(
  reference: BackendName,
  route: ReferringRoute,
  called: Called,
  catalog: ServiceCatalog,
  carried: Carried,
): Backend {
  const { namespace: routeNamespace } = route.metadata;
  const namespace = reference.namespace ?? routeNamespace;
  const isOutside = isExternalReference(reference);
  const what = `${reference.kind} ${namespace}/${reference.name}`;
  if (!isMeshReference(reference)) {
    const missing = `a backend of kind ${reference.kind} is not supported: name a Service or an ExternalService`;
    return { missing, reason: 'InvalidKind' };
  }
  const [outside = null] = isOutside ? catalog.external.named(namespace, reference.name) : [];
  const isCallable = namespace === called.namespace && (outside === null || isExported(outside.external));
  if (namespace !== routeNamespace && !isCallable) {
    // a policy refers to the backend of its fallback
    const group = route.kind === 'BackendTrafficPolicy' ? 'heddle.dev' : 'gateway.networking.k8s.io';
    const from = { group, kind: route.kind, namespace: routeNamespace };
    const to = { group: reference.group, kind: reference.kind, namespace, name: reference.name };
    if (!catalog.grants.allows(from, to)) {
      const missing = `${what} is in another namespace, where no ReferenceGrant lets ${withArticle(route.kind)} of ${routeNamespace} refer to it`;
      return { missing, reason: 'RefNotPermitted' };
    }
  }
  const destination = isOutside ? catalog.target(reference, namespace) : catalog.find(namespace, reference.name);
  if (destination === null) {
    return { missing: `${what} does not exist`, reason: 'BackendNotFound' };
  }
  const { service, subset } = destination;
  const port = service.ports.find((candidate) => candidate.port === reference.port);
  if (port === undefined) {
    const ports = service.ports.slice(0, namedPorts).map((candidate) => candidate.port);
    const more = service.ports.length > namedPorts ? ' and more' : '';
    const missing = `${what} has no port ${reference.port}; it has ${ports.join(', ') || 'none'}${more}`;
    return { missing, reason: 'BackendNotFound' };
  }
  const { protocol } = service.declarationOf(port);
  if (carried === 'requests' && protocol === 'tcp') {
    const missing = `port ${port.port} of ${what} carries TCP, which ${withArticle(route.kind)} cannot send to`;
    return { missing, reason: 'UnsupportedProtocol' };
  }
  if (carried === 'bytes' && (protocol === 'http' || protocol === 'http2')) {
    const missing = `port ${port.port} of ${what} carries HTTP, which a TCPRoute cannot send to`;
    return { missing, reason: 'UnsupportedProtocol' };
  }
  if (isOutside) {
    const isCalled = called.kind === service.kind && called.namespace === namespace && called.name === service.name;
    const { host } = isCalled ? called : service;
    // the document that is named, also where an older one decides about the host
    const document = catalog.external.subsetOf({ host, namespace }, port.port);
    const cluster = outboundClusterName({ host, port: port.port, subset: document });
    return isCalled ? { cluster } : { cluster, outside: host };
  }
  return { cluster: outboundClusterName({ host: service.host, port: port.port, subset }) };
}

/** `an HTTPRoute`, `a GRPCRoute` */
export function withArticle(kind: string): string {
  return kind === 'HTTPRoute' ? `an ${kind}` : `a ${kind}`;
}

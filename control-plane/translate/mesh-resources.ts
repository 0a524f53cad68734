import type { Input } from '../../proto/load.ts';
import {
  BLACK_HOLE_CLUSTER,
  inboundClusterName,
  inboundListenerName,
  outboundClusterName,
  PASSTHROUGH_CLUSTER,
  parseClusterName,
  parseRouteConfigurationName,
  parseServiceHost,
  ROOT_SECRET,
  routeConfigurationName,
  serviceHost,
  VIRTUAL_OUTBOUND,
} from '../../proto/names.ts';
import type { MessageNameOf, ResourceTypeUrl } from '../../proto/type-urls.ts';
import {
  CLUSTER_LOAD_ASSIGNMENT_TYPE_URL,
  CLUSTER_TYPE_URL,
  LISTENER_TYPE_URL,
  ROUTE_CONFIGURATION_TYPE_URL,
  SECRET_TYPE_URL,
} from '../../proto/type-urls.ts';
import { blackHoleCluster, inboundCluster, outboundCluster, passthroughCluster } from './clusters.ts';
import type { EncodedResource } from './encoded-resource.ts';
import { encodeResource } from './encoded-resource.ts';
import { clusterLoadAssignment } from './endpoints.ts';
import type { MeshedPort } from './instance.ts';
import { collectInstances, meshedPorts, rememberedMembers } from './instance.ts';
import { inboundListener, outboundListener } from './listeners.ts';
import type { MeshView } from './mesh-view.ts';
import { PolicyAttachments } from './policies.ts';
import type { Problem } from './problem.ts';
import { findProblems } from './problems.ts';
import { RouteAttachments } from './route-attachments.ts';
import { routeConfiguration } from './routes.ts';
import { rootSecret } from './secrets.ts';
import type { Destination, Service, ServicePort } from './service-catalog.ts';
import { destinationName, ServiceCatalog } from './service-catalog.ts';
import { soundRoutes } from './sound-routes.ts';

/** Who asks. */
export interface ClientView {
  /** `namespace/name` of its workload; decides which inbound resources are its own. */
  readonly workload: string;
  /** Where its calls come from; decides which consumer routes concern it. */
  readonly namespace: string;
  /** What its build can do, by its own account. Every build so far can do all that is sent. */
  readonly features: ReadonlySet<string>;
}

/** A resource that exists for a client, not yet made. */
export interface PlannedResource {
  /** Clients of one scope share the resource. '' is everybody. */
  readonly scope: string;
  encode(previous: EncodedResource | undefined): EncodedResource;
}

/** What each name that a client may ask for stands for, in one view of the mesh. */
export class MeshResources {
  readonly #view: MeshView;
  readonly #catalog: ServiceCatalog;
  readonly #routes: RouteAttachments;
  readonly #policies: PolicyAttachments;
  readonly #meshedPorts: ReadonlyMap<string, readonly MeshedPort[]>;

  constructor(view: MeshView) {
    const { documents, trustDomain } = view;
    const instances = collectInstances(view.workloads, documents.Workload, trustDomain);
    this.#view = view;
    const members = [...instances, ...rememberedMembers(view.remembered)];
    this.#catalog = new ServiceCatalog(documents.Service, members, trustDomain);
    this.#routes = new RouteAttachments(documents.HTTPRoute);
    this.#policies = new PolicyAttachments(documents.BackendTrafficPolicy, documents.Mesh[0] ?? null);
    this.#meshedPorts = new Map(
      instances.map((instance) => [`${instance.namespace}/${instance.name}`, meshedPorts(instance)]),
    );
  }

  /** null when there is no such resource for this client. */
  find(client: ClientView, typeUrl: ResourceTypeUrl, name: string): PlannedResource | null {
    switch (typeUrl) {
      case LISTENER_TYPE_URL:
        return this.#listener(client, name);
      case ROUTE_CONFIGURATION_TYPE_URL:
        return this.#routeConfiguration(client, name);
      case CLUSTER_TYPE_URL:
        return this.#cluster(client, name);
      case CLUSTER_LOAD_ASSIGNMENT_TYPE_URL:
        return this.#endpoints(name);
      case SECRET_TYPE_URL:
        return name === ROOT_SECRET ? planned(typeUrl, name, '', () => rootSecret(this.#view.trustBundlePem)) : null;
    }
  }

  /** Every name that {@link find} knows for this client, for those who ask for all. */
  names(client: ClientView, typeUrl: ResourceTypeUrl): readonly string[] {
    const inbound = this.#meshedPorts.get(client.workload) ?? [];
    switch (typeUrl) {
      case LISTENER_TYPE_URL:
        return [VIRTUAL_OUTBOUND, ...inbound.map(({ port }) => inboundListenerName(port))];
      case ROUTE_CONFIGURATION_TYPE_URL:
        return this.#catalog.all().flatMap((service) => this.#routeConfigurationNames(service));
      case CLUSTER_TYPE_URL:
        return [
          PASSTHROUGH_CLUSTER,
          BLACK_HOLE_CLUSTER,
          ...inbound.map(({ port }) => inboundClusterName(port)),
          ...this.#catalog.all().flatMap(outboundClusterNames),
        ];
      case CLUSTER_LOAD_ASSIGNMENT_TYPE_URL:
        return this.#catalog.all().flatMap(outboundClusterNames);
      case SECRET_TYPE_URL:
        return [ROOT_SECRET];
    }
  }

  problems(): readonly Problem[] {
    return findProblems(this.#view.documents, this.#catalog, this.#policies);
  }

  #listener(client: ClientView, name: string): PlannedResource | null {
    if (name === VIRTUAL_OUTBOUND) {
      const mode = this.#view.documents.Mesh[0]?.spec.outboundTrafficPolicy.mode ?? 'ALLOW_ANY';
      return planned(LISTENER_TYPE_URL, name, '', () => outboundListener(mode));
    }
    const port = this.#inboundPort(client, name);
    return port === null
      ? null
      : planned(LISTENER_TYPE_URL, name, client.workload, () => inboundListener(port, this.#view.trustDomain));
  }

  #routeConfiguration(client: ClientView, name: string): PlannedResource | null {
    const address = parseRouteConfigurationName(name);
    const parent = address === null ? null : parseServiceHost(address.host);
    const destination = parent === null ? null : this.#catalog.find(parent.namespace, parent.name);
    const port = destination?.service.ports.find((candidate) => candidate.port === address?.port);
    if (address === null || parent === null || destination === null || port === undefined) {
      return null;
    }
    const scope = this.#routes.hasConsumerRoutes(parent, client.namespace) ? client.namespace : '';
    const message = () =>
      routeConfiguration(
        {
          host: address.host,
          destination,
          port,
          routes: this.#routes.routesFor(parent, port, client.namespace),
          policy: this.#policies.policyFor(destination.service, port),
        },
        this.#catalog,
      );
    return { scope, encode: (previous) => encodeRoutes(name, message(), previous) };
  }

  #cluster(client: ClientView, name: string): PlannedResource | null {
    if (name === PASSTHROUGH_CLUSTER) {
      return planned(CLUSTER_TYPE_URL, name, '', () => passthroughCluster);
    }
    if (name === BLACK_HOLE_CLUSTER) {
      return planned(CLUSTER_TYPE_URL, name, '', () => blackHoleCluster);
    }
    const inbound = this.#inboundPort(client, name);
    if (inbound !== null) {
      return planned(CLUSTER_TYPE_URL, name, '', () => inboundCluster(inbound.port));
    }
    const outbound = this.#outboundPort(name);
    return outbound === null
      ? null
      : planned(CLUSTER_TYPE_URL, name, '', () =>
          outboundCluster(
            outbound.destination,
            outbound.port,
            this.#policies.policyFor(outbound.destination.service, outbound.port),
          ),
        );
  }

  #endpoints(name: string): PlannedResource | null {
    const outbound = this.#outboundPort(name);
    return outbound === null
      ? null
      : planned(CLUSTER_LOAD_ASSIGNMENT_TYPE_URL, name, '', () =>
          clusterLoadAssignment(name, outbound.destination, outbound.port),
        );
  }

  #inboundPort(client: ClientView, name: string): MeshedPort | null {
    const target = parseClusterName(name);
    const ports = this.#meshedPorts.get(client.workload) ?? [];
    return (target?.direction === 'inbound' && ports.find(({ port }) => port === target.port)) || null;
  }

  #outboundPort(name: string): { readonly destination: Destination; readonly port: ServicePort } | null {
    const target = parseClusterName(name);
    const host = target?.direction === 'outbound' ? parseServiceHost(target.host) : null;
    if (target?.direction !== 'outbound' || host === null) {
      return null;
    }
    const service = this.#catalog.service(host.namespace, host.name);
    const port = service?.ports.find((candidate) => candidate.port === target.port);
    const exists = target.subset === '' || service?.versions.includes(target.subset);
    return service && port && exists ? { destination: { service, subset: target.subset }, port } : null;
  }

  #routeConfigurationNames(service: Service): readonly string[] {
    const names = ['', ...service.versions]
      .map((subset) => destinationName({ service, subset }))
      // A version whose name a service has taken is not called by it, and one with dots by no host name at all.
      .filter((name) => !name.includes('.') && this.#catalog.find(service.namespace, name)?.service === service);
    return names.flatMap((name) =>
      service.ports.map(({ port }) => routeConfigurationName(serviceHost(name, service.namespace), port)),
    );
  }
}

function outboundClusterNames(service: Service): readonly string[] {
  return service.ports.flatMap(({ port }) =>
    ['', ...service.versions].map((subset) => outboundClusterName({ host: service.host, port, subset })),
  );
}

/** What did not change was looked at before. */
function encodeRoutes(
  name: string,
  message: Input<'envoy.config.route.v3.RouteConfiguration'>,
  previous: EncodedResource | undefined,
): EncodedResource {
  const encoded = encodeResource(ROUTE_CONFIGURATION_TYPE_URL, name, message, previous);
  const sound = encoded === previous ? null : soundRoutes(message, encoded.bytes);
  return sound === null ? encoded : encodeResource(ROUTE_CONFIGURATION_TYPE_URL, name, sound, previous);
}

function planned<Url extends ResourceTypeUrl>(
  typeUrl: Url,
  name: string,
  scope: string,
  message: () => Input<MessageNameOf<Url>>,
): PlannedResource {
  return { scope, encode: (previous) => encodeResource(typeUrl, name, message(), previous) };
}

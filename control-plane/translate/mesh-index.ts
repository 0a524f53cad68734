import { parseClusterName, parseServiceHost } from '../../proto/names.ts';
import type { Mesh } from '../model/mesh.ts';
import type { TcpRoute } from '../model/tcp-route.ts';
import { PolicyAttachments } from './attachments/policies.ts';
import { RequestRoutes } from './attachments/request-routes.ts';
import type { RouteParent } from './attachments/route-attachments.ts';
import { RouteAttachments } from './attachments/route-attachments.ts';
import { RouteExtensions } from './attachments/route-extensions.ts';
import { FaultAttachments } from './filters/faults.ts';
import type { GovernedPort } from './filters/inbound-limits.ts';
import type { OutboundPolicy } from './listeners/listeners.ts';
import type { ExternalPort } from './services/external-services.ts';
import { ExternalServices } from './services/external-services.ts';
import { ReferenceGrants } from './services/reference-grants.ts';
import type { Destination, Service, ServicePort } from './services/service-catalog.ts';
import { ServiceCatalog } from './services/service-catalog.ts';
import { declaredPort } from './services/target-port.ts';
import { abilitiesOf } from './view/abilities.ts';
import { CallerLocalities } from './view/caller-localities.ts';
import type { ClientView } from './view/client-view.ts';
import type { Instance, MeshedPort } from './view/instance.ts';
import { collectInstances, meshedPorts, rememberedMembers } from './view/instance.ts';
import type { MeshView } from './view/mesh-view.ts';

/** A port of a service as it is called. */
export interface CalledPort {
  /** Of the service, or of one of its versions, or outside the mesh. */
  readonly host: string;
  /** What routes are attached to. */
  readonly parent: RouteParent;
  readonly destination: Destination;
  readonly port: ServicePort;
  /** Clients of one scope call the same; '' for everybody. */
  readonly scope: string;
}

interface Address {
  readonly host: string;
  readonly port: number;
  readonly subset?: string;
}

/** One view of the mesh, made ready to be looked up: what there is, what is attached to it, and what a name stands for. */
export class MeshIndex {
  readonly view: MeshView;
  /** null where nobody has written one: everything has its default. */
  readonly mesh: Mesh | null;
  readonly catalog: ServiceCatalog;
  readonly routes: RequestRoutes;
  readonly tcpRoutes: RouteAttachments<TcpRoute>;
  readonly extensions: RouteExtensions;
  readonly policies: PolicyAttachments;
  readonly faults: FaultAttachments;
  readonly callers: CallerLocalities;
  readonly #meshedPorts: ReadonlyMap<string, readonly MeshedPort[]>;
  #servicesOf: ReturnType<typeof servicesByWorkload> | null = null;

  constructor(view: MeshView) {
    const { documents, trustDomain } = view;
    const instances = collectInstances(view.workloads, documents.Workload, trustDomain);
    this.view = view;
    this.mesh = documents.Mesh[0] ?? null;
    this.catalog = new ServiceCatalog(
      documents.Service,
      [...instances, ...rememberedMembers(view.remembered)],
      trustDomain,
      new ReferenceGrants(documents.ReferenceGrant),
      new ExternalServices(documents.ExternalService),
    );
    this.routes = new RequestRoutes(documents.HTTPRoute, documents.GRPCRoute);
    this.tcpRoutes = new RouteAttachments(documents.TCPRoute);
    this.extensions = new RouteExtensions(documents.HTTPRouteFilter);
    this.policies = new PolicyAttachments(documents.BackendTrafficPolicy, this.mesh);
    this.faults = new FaultAttachments(documents.FaultInjection);
    this.callers = new CallerLocalities(instances);
    this.#meshedPorts = new Map(
      instances.map((instance) => [`${instance.namespace}/${instance.name}`, meshedPorts(instance)]),
    );
  }

  get outboundPolicy(): OutboundPolicy {
    return this.mesh?.spec.outboundTrafficPolicy.mode ?? 'ALLOW_ANY';
  }

  /** Those of the client that other sidecars call. */
  inboundPorts({ workload }: ClientView): readonly MeshedPort[] {
    return this.#meshedPorts.get(workload) ?? [];
  }

  /** `name`: of an inbound listener or cluster. null when the client has no such port. */
  inboundPort(client: ClientView, name: string): MeshedPort | null {
    const target = parseClusterName(name);
    const ports = this.inboundPorts(client);
    return (target?.direction === 'inbound' && ports.find(({ port }) => port === target.port)) || null;
  }

  /** The ports of every service that an inbound port belongs to. */
  governedPorts({ workload }: ClientView, inbound: MeshedPort): readonly GovernedPort[] {
    this.#servicesOf ??= servicesByWorkload(this.catalog.all());
    return (this.#servicesOf.get(workload) ?? []).flatMap(({ service, instance }) =>
      service.ports
        .filter(({ target }) => declaredPort(instance.ports, target) === inbound)
        .map((port) => ({
          host: service.host,
          port: port.port,
          protocol: service.declarationOf(port).protocol,
          policy: this.policies.policyFor(service, port),
        })),
    );
  }

  /** What is outside is there only for those who can be told all that is said of it. */
  externalPort({ features, namespace }: ClientView, address: Address | null): ExternalPort | null {
    if (address === null || !abilitiesOf(features).external) return null;
    const { host, port, subset = '' } = address;
    const { external } = this.catalog;
    return subset === '' ? external.at(host, port, namespace) : external.of(subset, host, port);
  }

  /** The host may be that of a service or of one of its versions, or one outside the mesh. */
  calledPort(client: ClientView, address: Address | null): CalledPort | null {
    if (address === null) return null;
    const { host } = address;
    const external = this.externalPort(client, address);
    if (external !== null) {
      const { service, port } = external;
      const scope = this.catalog.external.scopeOf(client.namespace);
      return { host, parent: service, destination: { service, subset: '' }, port, scope };
    }
    const called = parseServiceHost(host);
    const destination = called === null ? null : this.catalog.find(called.namespace, called.name);
    const port = destination?.service.ports.find((candidate) => candidate.port === address.port);
    if (called === null || destination === null || port === undefined) return null;
    return { host, parent: { kind: 'Service', ...called, host }, destination, port, scope: '' };
  }

  /** `name`: of a cluster, of a service in the mesh. */
  clusterTarget(name: string): { readonly destination: Destination; readonly port: ServicePort } | null {
    const target = parseClusterName(name);
    const host = target?.direction === 'outbound' ? parseServiceHost(target.host) : null;
    if (target?.direction !== 'outbound' || host === null) {
      return null;
    }
    const service = this.catalog.service(host.namespace, host.name);
    const port = service?.ports.find((candidate) => candidate.port === target.port);
    const exists = target.subset === '' || service?.versions.includes(target.subset);
    return service && port && exists ? { destination: { service, subset: target.subset }, port } : null;
  }
}

/** The services that each workload is an instance of, by `namespace/name` of the workload. */
function servicesByWorkload(services: readonly Service[]) {
  const byWorkload = new Map<string, { readonly service: Service; readonly instance: Instance }[]>();
  for (const service of services) {
    for (const instance of service.instances) {
      const workload = `${instance.namespace}/${instance.name}`;
      byWorkload.set(workload, [...(byWorkload.get(workload) ?? []), { service, instance }]);
    }
  }
  return byWorkload;
}

import {
  BLACK_HOLE_CLUSTER,
  inboundClusterName,
  inboundListenerName,
  PASSTHROUGH_CLUSTER,
  parseClusterName,
  parseRouteConfigurationName,
  parseServiceHost,
  ROOT_SECRET,
  VIRTUAL_OUTBOUND,
} from '../../proto/names.ts';
import type { ResourceTypeUrl } from '../../proto/type-urls.ts';
import {
  CLUSTER_LOAD_ASSIGNMENT_TYPE_URL,
  CLUSTER_TYPE_URL,
  LISTENER_TYPE_URL,
  ROUTE_CONFIGURATION_TYPE_URL,
  SECRET_TYPE_URL,
} from '../../proto/type-urls.ts';
import type { FaultInjection } from '../model/fault-injection.ts';
import { durationMs } from '../model/gateway-duration.ts';
import type { Mesh } from '../model/mesh.ts';
import { defaultDetectionTimeout } from '../model/mesh.ts';
import type { ServiceDescription } from '../model/service-description.ts';
import type { TcpRoute } from '../model/tcp-route.ts';
import type { Abilities } from './abilities.ts';
import { abilitiesOf, protocolFor } from './abilities.ts';
import { CallerLocalities } from './caller-localities.ts';
import { blackHoleCluster, inboundCluster, outboundCluster, passthroughCluster } from './clusters.ts';
import { describeService } from './describe/describe-service.ts';
import { clusterLoadAssignment } from './endpoints.ts';
import { externalCluster } from './external-clusters.ts';
import { externalListing } from './external-listing.ts';
import type { ExternalPort } from './external-services.ts';
import { ExternalServices } from './external-services.ts';
import { FaultAttachments, hasEnded } from './faults.ts';
import { rateLimitService } from './global-rate-limits.ts';
import { httpSettings } from './http-settings.ts';
import type { GovernedPort } from './inbound-limits.ts';
import { inboundLimits } from './inbound-limits.ts';
import type { Instance, MeshedPort } from './instance.ts';
import { collectInstances, meshedPorts, rememberedMembers } from './instance.ts';
import type { OutboundPolicy } from './listeners.ts';
import { inboundListener, outboundListener, stockOutboundListener } from './listeners.ts';
import type { MeshView } from './mesh-view.ts';
import type { PlannedResource } from './planned-resource.ts';
import { encodeRoutes, planned } from './planned-resource.ts';
import { PolicyAttachments } from './policies.ts';
import type { PortSummary } from './port-protocol.ts';
import type { Problem } from './problem.ts';
import { findProblems } from './problems.ts';
import { ReferenceGrants } from './reference-grants.ts';
import { RequestRoutes } from './request-routes.ts';
import {
  addressedListenerNames,
  externalAddresses,
  externalClusterName,
  outboundClusterNames,
  routeConfigurationNames,
} from './resource-names.ts';
import type { ServiceName } from './route-attachments.ts';
import { RouteAttachments } from './route-attachments.ts';
import { RouteExtensions } from './route-extensions.ts';
import { routeConfiguration } from './routes.ts';
import { rootSecret } from './secrets.ts';
import type { Destination, Service, ServicePort } from './service-catalog.ts';
import { ServiceCatalog } from './service-catalog.ts';
import { serviceListener } from './service-listener.ts';
import { stockGaps } from './stock-gaps.ts';
import { stockOutboundRoutes } from './stock-routes.ts';
import { declaredPort } from './target-port.ts';
import { decidingTcpRoute, tcpTargets } from './tcp-routes.ts';

/** Who asks. */
export interface ClientView {
  /** `namespace/name` of its workload; decides which inbound resources are its own. */
  readonly workload: string;
  /** Where its calls come from; decides which consumer routes concern it. */
  readonly namespace: string;
  /** Of its certificate. */
  readonly serviceAccount?: string;
  /** What its build can do beyond the first version, by its own account. */
  readonly features: ReadonlySet<string>;
  /** Where it takes its application's calls, when it is not our sidecar. */
  readonly outboundPort?: number;
}

/** A port of a service as it is called. */
interface CalledPort {
  /** Of the service, or of one of its versions. */
  readonly host: string;
  readonly parent: ServiceName;
  readonly destination: Destination;
  readonly port: ServicePort;
}

/** What each name that a client may ask for stands for, in one view of the mesh. */
export class MeshResources {
  readonly #view: MeshView;
  readonly #mesh: Mesh | null;
  readonly #catalog: ServiceCatalog;
  readonly #routes: RequestRoutes;
  readonly #extensions: RouteExtensions;
  readonly #tcpRoutes: RouteAttachments<TcpRoute>;
  readonly #policies: PolicyAttachments;
  readonly #faults: FaultAttachments;
  readonly #callers: CallerLocalities;
  readonly #meshedPorts: ReadonlyMap<string, readonly MeshedPort[]>;
  #servicesOf: ReturnType<typeof servicesByWorkload> | null = null;

  constructor(view: MeshView) {
    const { documents, trustDomain } = view;
    this.#mesh = documents.Mesh[0] ?? null;
    const instances = collectInstances(view.workloads, documents.Workload, trustDomain);
    this.#view = view;
    const members = [...instances, ...rememberedMembers(view.remembered)];
    this.#catalog = new ServiceCatalog(
      documents.Service,
      members,
      trustDomain,
      new ReferenceGrants(documents.ReferenceGrant),
      new ExternalServices(documents.ExternalService),
    );
    this.#extensions = new RouteExtensions(documents.HTTPRouteFilter);
    this.#routes = new RequestRoutes(documents.HTTPRoute, documents.GRPCRoute);
    this.#tcpRoutes = new RouteAttachments(documents.TCPRoute);
    this.#policies = new PolicyAttachments(documents.BackendTrafficPolicy, this.#mesh);
    this.#faults = new FaultAttachments(documents.FaultInjection);
    this.#callers = new CallerLocalities(instances);
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
        return this.#endpoints(client, name);
      case SECRET_TYPE_URL:
        return name === ROOT_SECRET ? planned(typeUrl, name, '', () => rootSecret(this.#view.trustBundlePem)) : null;
    }
  }

  /** Every name that {@link find} knows for this client, for those who ask for all. */
  names(client: ClientView, typeUrl: ResourceTypeUrl): readonly string[] {
    const inbound = this.#meshedPorts.get(client.workload) ?? [];
    switch (typeUrl) {
      case LISTENER_TYPE_URL:
        return [
          VIRTUAL_OUTBOUND,
          ...inbound.map(({ port }) => inboundListenerName(port)),
          ...(takesServiceListeners(client) ? this.#catalog.all().flatMap(addressedListenerNames) : []),
        ];
      case ROUTE_CONFIGURATION_TYPE_URL:
        return routeConfigurationNames(this.#catalog);
      case CLUSTER_TYPE_URL:
        return [
          PASSTHROUGH_CLUSTER,
          BLACK_HOLE_CLUSTER,
          ...inbound.map(({ port }) => inboundClusterName(port)),
          ...this.#catalog.all().flatMap(outboundClusterNames),
          ...(abilitiesOf(client.features).stock ? externalAddresses(this.#catalog).map(externalClusterName) : []),
        ];
      case CLUSTER_LOAD_ASSIGNMENT_TYPE_URL:
        return this.#catalog.all().flatMap(outboundClusterNames);
      case SECRET_TYPE_URL:
        return [ROOT_SECRET];
    }
  }

  servicePorts(namespace: string, name: string): readonly PortSummary[] {
    const service = this.#catalog.service(namespace, name);
    if (service === null) return [];
    return service.ports.map((port) => {
      const { protocol, saidBy } = service.declarationOf(port);
      return { port: port.port, protocol, saidBy };
    });
  }

  /** What decides about calls to the service from a namespace; null when there is no such service. */
  describe(
    { namespace, name }: ServiceName,
    callerNamespace: string,
    problems: readonly Problem[],
  ): ServiceDescription | null {
    const [external] = this.#catalog.external.named(namespace, name);
    const service = this.#catalog.service(namespace, name) ?? external;
    if (service === undefined) return null;
    return describeService(service, callerNamespace, {
      catalog: this.#catalog,
      routes: this.#routes,
      tcpRoutes: this.#tcpRoutes,
      extensions: this.#extensions,
      policies: this.#policies,
      faults: this.#faults,
      problems,
    });
  }

  stockGaps(): readonly Problem[] {
    return stockGaps(this.#view.documents);
  }

  problems(): readonly Problem[] {
    return findProblems(
      this.#view.documents,
      this.#catalog,
      this.#policies,
      this.#faults,
      this.#routes,
      this.#extensions,
      this.#tcpRoutes,
    );
  }

  #listener(client: ClientView, name: string): PlannedResource | null {
    const abilities = abilitiesOf(client.features);
    const { scope } = abilities;
    if (name === VIRTUAL_OUTBOUND) {
      const { outboundPort: port = 15_001 } = client;
      if (abilities.stock) {
        return planned(LISTENER_TYPE_URL, name, `:${port}${scope}`, () =>
          stockOutboundListener(port, httpSettings(this.#mesh, abilities)),
        );
      }
      const settings = () => httpSettings(this.#mesh, abilities, { takesConnect: true });
      const external = () => externalListing(this.#catalog, abilities);
      return planned(LISTENER_TYPE_URL, name, scope, () =>
        outboundListener(this.#outboundPolicy, settings(), external()),
      );
    }
    const port = this.#inboundPort(client, name);
    if (port !== null) {
      return planned(LISTENER_TYPE_URL, name, `${client.workload}${scope}`, () =>
        inboundListener(
          port,
          this.#view.trustDomain,
          abilities,
          httpSettings(this.#mesh, abilities),
          inboundLimits(
            this.#policiesAt(client.workload, port),
            abilities,
            rateLimitService(this.#mesh, this.#catalog),
          ),
        ),
      );
    }
    return takesServiceListeners(client) ? this.#serviceListener(client, name, abilities) : null;
  }

  /** Of every service that the port belongs to. */
  #policiesAt(workload: string, inbound: MeshedPort): readonly GovernedPort[] {
    this.#servicesOf ??= servicesByWorkload(this.#catalog.all());
    return (this.#servicesOf.get(workload) ?? []).flatMap(({ service, instance }) =>
      service.ports
        .filter(({ target }) => declaredPort(instance.ports, target) === inbound)
        .map((port) => ({
          host: service.host,
          port: port.port,
          protocol: service.declarationOf(port).protocol,
          policy: this.#policies.policyFor(service, port),
        })),
    );
  }

  #serviceListener(client: ClientView, name: string, abilities: Abilities): PlannedResource | null {
    const target = parseClusterName(name);
    const called =
      target?.direction === 'outbound' && target.subset === ''
        ? this.#calledPort(target.host, target.port, this.#externalPort(abilities, target))
        : null;
    if (called === null) return null;
    const { parent, destination, port, host } = called;
    const consumer = this.#tcpRoutes.hasConsumerRoutes(parent, client.namespace) ? client.namespace : '';
    return planned(LISTENER_TYPE_URL, name, `${consumer}${abilities.scope}`, () => {
      const { service } = destination;
      const route = decidingTcpRoute(this.#tcpRoutes.routesFor(parent, port, client.namespace));
      return serviceListener({
        host,
        service,
        port,
        protocol: protocolFor(service.declarationOf(port).protocol, abilities),
        abilities,
        targets: tcpTargets(destination, port, route, this.#catalog),
        policy: this.#policies.policyFor(service, port),
        settings: httpSettings(this.#mesh, abilities),
        detectionTimeoutMs: durationMs(this.#mesh?.spec.protocolDetectionTimeout ?? defaultDetectionTimeout),
      });
    });
  }

  /** What is outside is there only for those who can be told all that is said of it. */
  #externalPort({ external }: Abilities, address: { readonly host: string; readonly port: number } | null) {
    return external && address !== null ? this.#catalog.external.at(address.host, address.port) : null;
  }

  /** The host may be that of a service or of one of its versions, or one outside the mesh. */
  #calledPort(host: string, number: number, external: ExternalPort | null): CalledPort | null {
    if (external !== null) {
      const { service, port } = external;
      return { host, parent: outside, destination: { service, subset: '' }, port };
    }
    const parent = parseServiceHost(host);
    const destination = parent === null ? null : this.#catalog.find(parent.namespace, parent.name);
    const port = destination?.service.ports.find((candidate) => candidate.port === number);
    return parent === null || destination === null || port === undefined ? null : { host, parent, destination, port };
  }

  get #outboundPolicy(): OutboundPolicy {
    return this.#mesh?.spec.outboundTrafficPolicy.mode ?? 'ALLOW_ANY';
  }

  #routeConfiguration(client: ClientView, name: string): PlannedResource | null {
    const { stock, scope } = abilitiesOf(client.features);
    if (name === VIRTUAL_OUTBOUND && stock) {
      return planned(
        ROUTE_CONFIGURATION_TYPE_URL,
        name,
        `@${client.namespace}/${client.serviceAccount ?? ''}${scope}`,
        () =>
          stockOutboundRoutes(
            [...routeConfigurationNames(this.#catalog), ...externalAddresses(this.#catalog)].flatMap(
              (each) => this.#portRoutes(client, each)?.message() ?? [],
            ),
            client.namespace,
            this.#outboundPolicy,
          ),
      );
    }
    const routes = this.#portRoutes(client, name);
    return routes === null
      ? null
      : { scope: routes.scope, encode: (previous) => encodeRoutes(name, routes.message(), previous) };
  }

  #portRoutes(client: ClientView, name: string) {
    const address = parseRouteConfigurationName(name);
    const abilities = abilitiesOf(client.features);
    const external = this.#externalPort(abilities, address);
    const called = address === null ? null : this.#calledPort(address.host, address.port, external);
    if (called === null) {
      return null;
    }
    const { parent, destination, port, host } = called;
    const consumer = this.#routes.hasConsumerRoutes(parent, client.namespace) ? client.namespace : '';
    const routes = this.#routes.routesFor(parent, port, client.namespace);
    const { namespace, serviceAccount } = client;
    // No namespace and no service account has such a name.
    const ofCaller = this.#extensions.distinguishCallers(routes) ? `@${namespace}/${serviceAccount ?? ''}` : '';
    const scope = `${consumer}${ofCaller}${abilities.scope}`;
    const carried = () => (destination.service.declarationOf(port).protocol === 'tcp' ? 'bytes' : 'requests');
    const message = () =>
      routeConfiguration(
        {
          host,
          destination,
          port,
          routes,
          extensions: this.#extensions,
          caller: { namespace, serviceAccount },
          policy: this.#policies.policyFor(destination.service, port),
          carried: abilities.tcp ? carried() : 'anything',
          fault: abilities.faults ? this.#fault(destination.service, port, abilities) : null,
          abilities,
        },
        this.#catalog,
      );
    return { scope, message };
  }

  /** An Envoy does not know when it ends, so it is not told of one that has. */
  #fault(service: Service, port: ServicePort, { stock }: Abilities): FaultInjection | null {
    const fault = this.#faults.faultFor(service, port);
    return fault !== null && stock && hasEnded(fault, this.#view.nowMs) ? null : fault;
  }

  #cluster(client: ClientView, name: string): PlannedResource | null {
    const abilities = abilitiesOf(client.features);
    const { scope } = abilities;
    if (name === PASSTHROUGH_CLUSTER) {
      return planned(CLUSTER_TYPE_URL, name, scope, () => passthroughCluster(abilities));
    }
    if (name === BLACK_HOLE_CLUSTER) {
      return planned(CLUSTER_TYPE_URL, name, '', () => blackHoleCluster);
    }
    const inbound = this.#inboundPort(client, name);
    if (inbound !== null) {
      return planned(CLUSTER_TYPE_URL, name, scope, () => inboundCluster(inbound.port, abilities));
    }
    const target = parseClusterName(name);
    const external = this.#externalPort(abilities, target?.direction === 'outbound' ? target : null);
    if (external !== null) {
      const { service, port } = external;
      return planned(CLUSTER_TYPE_URL, name, scope, () =>
        externalCluster(service, port, this.#policies.policyFor(service, port), abilities),
      );
    }
    const outbound = this.#outboundPort(name);
    if (outbound === null) return null;
    const { destination, port } = outbound;
    const policy = this.#policies.policyFor(destination.service, port);
    // who calls from where decides how much may stay in a zone
    const isByCaller = policy.loadBalancer.preferLocal !== null && abilities.balancing;
    const service = isByCaller ? this.#callers.serviceOf(client.workload) : '';
    return planned(CLUSTER_TYPE_URL, name, `${service}${scope}`, () =>
      outboundCluster(destination, port, policy, abilities, service === '' ? [] : this.#callers.callersOf(service)),
    );
  }

  #endpoints(client: ClientView, name: string): PlannedResource | null {
    const outbound = this.#outboundPort(name);
    if (outbound === null) return null;
    const { destination, port } = outbound;
    const { failover, weightedZones } = this.#policies.policyFor(destination.service, port).loadBalancer;
    const isLeveled = failover && abilitiesOf(client.features).balancing;
    const caller = isLeveled ? this.#callers.localityOf(client.workload) : null;
    const scope = caller === null ? '' : `@${JSON.stringify([caller.region, caller.zone])}`;
    return planned(CLUSTER_LOAD_ASSIGNMENT_TYPE_URL, name, scope, () =>
      clusterLoadAssignment(name, destination, port, weightedZones, caller),
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
}

/** No Service has such a name, so no route is attached to it. */
const outside: ServiceName = { namespace: '', name: '' };

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

/** An Envoy has no way to hand a connection to them. */
function takesServiceListeners({ features }: ClientView): boolean {
  const { tcp, stock } = abilitiesOf(features);
  return tcp && !stock;
}

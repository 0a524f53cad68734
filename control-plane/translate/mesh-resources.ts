import {
  BLACK_HOLE_CLUSTER,
  inboundClusterName,
  inboundListenerName,
  PASSTHROUGH_CLUSTER,
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
import type { ServiceDescription } from '../model/service-description.ts';
import type { ServiceName } from './attachments/route-attachments.ts';
import { describeService } from './describe/describe-service.ts';
import { MeshIndex } from './mesh-index.ts';
import { rootSecret } from './parts/secrets.ts';
import { planCluster, planEndpoints } from './plan-cluster.ts';
import { planListener } from './plan-listener.ts';
import { planRoutes } from './plan-routes.ts';
import type { PlannedResource } from './planned-resource.ts';
import { planned } from './planned-resource.ts';
import type { Problem } from './problems/problem.ts';
import { findProblems } from './problems/problems.ts';
import { stockGaps } from './problems/stock-gaps.ts';
import {
  addressedListenerNames,
  externalClusterNames,
  outboundClusterNames,
  routeConfigurationNames,
} from './resource-names.ts';
import { CrowdedRoutes } from './routes/crowded-routes.ts';
import type { PortSummary } from './services/port-protocol.ts';
import { abilitiesOf } from './view/abilities.ts';
import type { ClientView } from './view/client-view.ts';
import { takesServiceListeners } from './view/client-view.ts';
import type { MeshView } from './view/mesh-view.ts';

/** What each name that a client may ask for stands for, in one view of the mesh. */
export class MeshResources {
  readonly #index: MeshIndex;

  constructor(view: MeshView) {
    this.#index = new MeshIndex(view);
  }

  /** null when there is no such resource for this client. */
  find(client: ClientView, typeUrl: ResourceTypeUrl, name: string): PlannedResource | null {
    const index = this.#index;
    switch (typeUrl) {
      case LISTENER_TYPE_URL:
        return planListener(index, client, name);
      case ROUTE_CONFIGURATION_TYPE_URL:
        return planRoutes(index, client, name);
      case CLUSTER_TYPE_URL:
        return planCluster(index, client, name);
      case CLUSTER_LOAD_ASSIGNMENT_TYPE_URL:
        return planEndpoints(index, client, name);
      case SECRET_TYPE_URL:
        return name === ROOT_SECRET ? planned(typeUrl, name, '', () => rootSecret(index.view.trustBundlePem)) : null;
    }
  }

  /** Every name that {@link find} knows for this client, for those who ask for all. */
  names(client: ClientView, typeUrl: ResourceTypeUrl): readonly string[] {
    const { catalog } = this.#index;
    const inbound = this.#index.inboundPorts(client);
    switch (typeUrl) {
      case LISTENER_TYPE_URL:
        return [
          VIRTUAL_OUTBOUND,
          ...inbound.map(({ port }) => inboundListenerName(port)),
          ...(takesServiceListeners(client) ? catalog.all().flatMap(addressedListenerNames) : []),
        ];
      case ROUTE_CONFIGURATION_TYPE_URL:
        return routeConfigurationNames(catalog);
      case CLUSTER_TYPE_URL:
        return [
          PASSTHROUGH_CLUSTER,
          BLACK_HOLE_CLUSTER,
          ...inbound.map(({ port }) => inboundClusterName(port)),
          ...catalog.all().flatMap(outboundClusterNames),
          ...(abilitiesOf(client.features).stock ? externalClusterNames(catalog, client.namespace) : []),
        ];
      case CLUSTER_LOAD_ASSIGNMENT_TYPE_URL:
        return catalog.all().flatMap(outboundClusterNames);
      case SECRET_TYPE_URL:
        return [ROOT_SECRET];
    }
  }

  servicePorts(namespace: string, name: string): readonly PortSummary[] {
    const service = this.#index.catalog.service(namespace, name);
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
    const { catalog, routes, tcpRoutes, extensions, policies, faults } = this.#index;
    const [external] = catalog.external.named(namespace, name);
    const service = catalog.service(namespace, name) ?? external;
    if (service === undefined) return null;
    const decisions = { catalog, routes, tcpRoutes, extensions, policies, faults, problems };
    return describeService(service, callerNamespace, decisions);
  }

  stockGaps(): readonly Problem[] {
    return stockGaps(this.#index.view.documents);
  }

  problems(): readonly Problem[] {
    const { view, catalog, policies, faults, routes, extensions, tcpRoutes } = this.#index;
    const crowded = new CrowdedRoutes(extensions);
    return findProblems(view.documents, catalog, policies, faults, routes, extensions, tcpRoutes, crowded);
  }
}

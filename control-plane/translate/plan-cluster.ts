import { BLACK_HOLE_CLUSTER, PASSTHROUGH_CLUSTER, parseClusterName } from '../../proto/names.ts';
import { CLUSTER_LOAD_ASSIGNMENT_TYPE_URL, CLUSTER_TYPE_URL } from '../../proto/type-urls.ts';
import { blackHoleCluster, inboundCluster, outboundCluster, passthroughCluster } from './clusters/clusters.ts';
import { clusterLoadAssignment } from './clusters/endpoints.ts';
import { externalCluster } from './clusters/external-clusters.ts';
import type { MeshIndex } from './mesh-index.ts';
import type { PlannedResource } from './planned-resource.ts';
import { planned } from './planned-resource.ts';
import { abilitiesOf } from './view/abilities.ts';
import type { ClientView } from './view/client-view.ts';

/** null when there is no cluster of this name for the client. */
export function planCluster(index: MeshIndex, client: ClientView, name: string): PlannedResource | null {
  const abilities = abilitiesOf(client.features);
  const { scope } = abilities;
  if (name === PASSTHROUGH_CLUSTER) {
    return planned(CLUSTER_TYPE_URL, name, scope, () => passthroughCluster(abilities));
  }
  if (name === BLACK_HOLE_CLUSTER) {
    return planned(CLUSTER_TYPE_URL, name, '', () => blackHoleCluster);
  }
  const inbound = index.inboundPort(client, name);
  if (inbound !== null) {
    return planned(CLUSTER_TYPE_URL, name, scope, () => inboundCluster(inbound.port, abilities));
  }
  const address = parseClusterName(name);
  const external = index.externalPort(client, address?.direction === 'outbound' ? address : null);
  if (external !== null) {
    const { service, port } = external;
    return planned(CLUSTER_TYPE_URL, name, `${index.catalog.external.scopeOf(client.namespace)}${scope}`, () =>
      externalCluster(name, service, port, index.policies.policyFor(service, port), abilities),
    );
  }
  const target = index.clusterTarget(name);
  if (target === null) return null;
  const { destination, port } = target;
  const policy = index.policies.policyFor(destination.service, port);
  // who calls from where decides how much may stay in a zone
  const isByCaller = policy.loadBalancer.preferLocal !== null && abilities.balancing;
  const service = isByCaller ? index.callers.serviceOf(client.workload) : '';
  return planned(CLUSTER_TYPE_URL, name, `${service}${scope}`, () =>
    outboundCluster(destination, port, policy, abilities, service === '' ? [] : index.callers.callersOf(service)),
  );
}

/** null when no cluster of this name gets its endpoints from us. */
export function planEndpoints(index: MeshIndex, client: ClientView, name: string): PlannedResource | null {
  const target = index.clusterTarget(name);
  if (target === null) return null;
  const { destination, port } = target;
  const { loadBalancer } = index.policies.policyFor(destination.service, port);
  const isLeveled = loadBalancer.failover && abilitiesOf(client.features).balancing;
  const caller = isLeveled ? index.callers.localityOf(client.workload) : null;
  const scope = caller === null ? '' : `@${JSON.stringify([caller.region, caller.zone])}`;
  return planned(CLUSTER_LOAD_ASSIGNMENT_TYPE_URL, name, scope, () =>
    clusterLoadAssignment(name, destination, port, loadBalancer, caller),
  );
}

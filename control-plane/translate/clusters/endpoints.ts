import type { Input } from '../../../proto/load.ts';
import { formatEndpointMetadata } from '../../../proto/metadata.ts';
import type { EffectiveLoadBalancer } from '../../model/traffic-policy/effective-load-balancer.ts';
import { builtInLoadBalancer } from '../../model/traffic-policy/effective-load-balancer.ts';
import { socketAddress } from '../parts/message-parts.ts';
import type { Destination, ServicePort } from '../services/service-catalog.ts';
import type { TargetPort } from '../services/target-port.ts';
import { declaredPort } from '../services/target-port.ts';
import type { Locality } from '../view/caller-localities.ts';
import { distance } from '../view/caller-localities.ts';
import type { Instance } from '../view/instance.ts';
import { compareText } from '../view/order.ts';

/** The name of the one cluster of machines there is, where Istio has several. */
const machineCluster = 'heddle';

/** Where to send traffic for one port of one instance. */
export interface Dial {
  readonly address: string;
  readonly port: number;
  /** Mutual TLS to the sidecar there, or plaintext to the application. */
  readonly isMeshed: boolean;
}

/**
 * The EDS resource of one cluster: one group per locality in order of region and zone, the instances in it by name.
 *
 * Every group has a locality, also an empty one, and a weight, that of its endpoints together where zones are not weighted: gRPC
 * clients refuse a group without the first and route nothing to one without the second.
 *
 * With `caller` the groups have priorities by how far they are from it, without gaps.
 */
export function clusterLoadAssignment(
  cluster: string,
  destination: Destination,
  port: ServicePort,
  { weightedZones, overprovisioningPercent }: Pick<EffectiveLoadBalancer, 'weightedZones' | 'overprovisioningPercent'>,
  caller: Locality | null,
): Input<'envoy.config.endpoint.v3.ClusterLoadAssignment'> {
  const localities = new Map<string, { region: string; zone: string; weight: number; endpoints: LbEndpoint[] }>();
  for (const instance of destination.service.instances) {
    const dial =
      destination.subset === '' || destination.subset === instance.version ? dialFor(instance, port.target) : null;
    if (dial === null) {
      continue;
    }
    const { region, zone } = instance;
    const key = JSON.stringify([region, zone]);
    const locality = localities.get(key) ?? { region, zone, weight: 0, endpoints: [] };
    locality.weight += instance.weight;
    locality.endpoints.push(lbEndpoint(instance, destination.service.name, dial));
    localities.set(key, locality);
  }
  const groups = [...localities.values()];
  const distances = groups.map((group) => (caller === null ? 0 : distance(caller, group)));
  const levels = [...new Set<number>(distances)].sort();
  return {
    cluster_name: cluster,
    endpoints: groups
      .map((group, index) => ({ ...group, priority: levels.indexOf(distances[index] as number) })) // one for each
      .sort((a, b) => a.priority - b.priority || compareText(a.region, b.region) || compareText(a.zone, b.zone))
      .map(({ region, zone, weight, endpoints, priority }) => ({
        locality: { region, zone },
        lb_endpoints: endpoints,
        // where zones are weighted, one that nobody names has weight 1 (Envoy Gateway)
        load_balancing_weight: { value: weightedZones === null ? weight : (weightedZones.get(zone) ?? 1) },
        ...(priority > 0 && { priority }),
      })),
    ...(overprovisioningPercent !== builtInLoadBalancer.overprovisioningPercent && {
      policy: { overprovisioning_factor: { value: overprovisioningPercent } },
    }),
  };
}

/**
 * null when the instance does not serve the port. A port that an instance with a sidecar does not declare is never
 * guessed at: dialling it would go past the sidecar in plaintext. Without a sidecar a number needs no declaration, as
 * in Kubernetes.
 */
export function dialFor(instance: Instance, target: TargetPort): Dial | null {
  const port = declaredPort(instance.ports, target);
  if (port?.inbound) {
    return { ...port.inbound, isMeshed: true };
  }
  if (port !== undefined) {
    return { address: instance.address, port: port.port, isMeshed: false };
  }
  return target.by === 'number' && !hasSidecar(instance)
    ? { address: instance.address, port: target.port, isMeshed: false }
    : null;
}

/** A sidecar shows in either: one may have no port of its own, and a document may not say under which identity it runs. */
function hasSidecar({ identity, ports }: Instance): boolean {
  return identity !== '' || ports.some(({ inbound }) => inbound !== null);
}

type LbEndpoint = Input<'envoy.config.endpoint.v3.LbEndpoint'>;

function lbEndpoint(instance: Instance, service: string, dial: Dial): LbEndpoint {
  const { name, namespace, version } = instance;
  return {
    endpoint: { address: socketAddress(dial.address, dial.port), hostname: name },
    health_status: 'HEALTHY',
    ...(instance.weight !== 1 && { load_balancing_weight: { value: instance.weight } }),
    metadata: formatEndpointMetadata({
      isMeshed: dial.isMeshed,
      workload: { name, namespace, service: instance.service || service, version, cluster: machineCluster },
    }),
  };
}

import type { ClusterLoadAssignment__Output } from '../../proto/generated/envoy/config/endpoint/v3/ClusterLoadAssignment.ts';
import type { LbEndpoint__Output } from '../../proto/generated/envoy/config/endpoint/v3/LbEndpoint.ts';
import type { LocalityLbEndpoints__Output } from '../../proto/generated/envoy/config/endpoint/v3/LocalityLbEndpoints.ts';
import { hostAndPort } from '../../proto/host-and-port.ts';
import { parseEndpointMetadata } from '../../proto/metadata.ts';
import type { EndpointConfig } from '../cluster/cluster-config.ts';
import type { Place } from '../cluster/place.ts';
import { defaultOverprovisioningPercent } from '../resilience/priority-load.ts';

const unknown = 'unknown';

/**
 * The endpoints of a validated ClusterLoadAssignment, of all localities and priorities. An address that comes twice counts
 * once, the first time.
 */
export function compileEndpoints(assignment: ClusterLoadAssignment__Output): EndpointConfig[] {
  const endpoints = new Map<string, EndpointConfig>();
  const overprovisioningPercent = assignment.policy?.overprovisioning_factor?.value ?? defaultOverprovisioningPercent;
  for (const locality of assignment.endpoints) {
    const place = compilePlace(locality, overprovisioningPercent);
    for (const endpoint of locality.lb_endpoints) {
      const config = compileEndpoint(endpoint, place);
      if (!endpoints.has(config.key)) endpoints.set(config.key, config);
    }
  }
  return [...endpoints.values()];
}

function compilePlace(
  { locality, priority, load_balancing_weight: weight }: LocalityLbEndpoints__Output,
  overprovisioningPercent: number,
): Place {
  const { region = '', zone = '', sub_zone: subZone = '' } = locality ?? {};
  return { region, zone, subZone, priority, weight: weight?.value ?? 0, overprovisioningPercent };
}

function compileEndpoint(listed: LbEndpoint__Output, place: Place): EndpointConfig {
  const socket = listed.endpoint?.address?.socket_address;
  const { isMeshed, workload } = parseEndpointMetadata(listed.metadata);
  const address = socket?.address ?? '';
  const port = socket?.port_value ?? 0;
  return {
    key: hostAndPort(address, port),
    address,
    port,
    isMeshed,
    workload: workload?.name || listed.endpoint?.hostname || unknown,
    namespace: workload?.namespace || unknown,
    service: workload?.service || unknown,
    version: workload?.version || unknown,
    weight: listed.load_balancing_weight?.value ?? 1,
    health: healthOf[listed.health_status],
    place,
  };
}

const healthOf: Readonly<Record<LbEndpoint__Output['health_status'], EndpointConfig['health']>> = {
  UNKNOWN: 'healthy',
  HEALTHY: 'healthy',
  DEGRADED: 'degraded',
  DRAINING: 'draining',
  UNHEALTHY: 'unhealthy',
  TIMEOUT: 'unhealthy',
};

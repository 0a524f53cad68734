import type { ClusterLoadAssignment__Output } from '../../proto/generated/envoy/config/endpoint/v3/ClusterLoadAssignment.ts';
import type { LbEndpoint__Output } from '../../proto/generated/envoy/config/endpoint/v3/LbEndpoint.ts';
import { hostAndPort } from '../../proto/host-and-port.ts';
import { parseEndpointMetadata } from '../../proto/metadata.ts';
import type { EndpointConfig } from '../cluster/cluster-config.ts';

const unknown = 'unknown';

/**
 * The endpoints of a validated ClusterLoadAssignment, of all localities: nothing here balances by locality. An address
 * that comes twice counts once, the first time.
 */
export function compileEndpoints(assignment: ClusterLoadAssignment__Output): EndpointConfig[] {
  const endpoints = new Map<string, EndpointConfig>();
  for (const { lb_endpoints: listed } of assignment.endpoints) {
    for (const endpoint of listed) {
      const config = compileEndpoint(endpoint);
      if (!endpoints.has(config.key)) endpoints.set(config.key, config);
    }
  }
  return [...endpoints.values()];
}

function compileEndpoint(listed: LbEndpoint__Output): EndpointConfig {
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
  };
}

/** Degraded endpoints answer, and there is no second choice here that they would be the second to. */
const healthOf: Readonly<Record<LbEndpoint__Output['health_status'], EndpointConfig['health']>> = {
  UNKNOWN: 'healthy',
  HEALTHY: 'healthy',
  DEGRADED: 'healthy',
  DRAINING: 'draining',
  UNHEALTHY: 'unhealthy',
  TIMEOUT: 'unhealthy',
};

import type { BackendTrafficPolicy } from '../../model/backend-traffic-policy.ts';
import type { Mesh } from '../../model/mesh.ts';
import { meshName } from '../../model/mesh.ts';
import { rateLimitService } from '../filters/global-rate-limits.ts';
import type { ServiceCatalog } from '../services/service-catalog.ts';
import type { Finding } from './problem.ts';

/** Limits of all instances together that nobody counts. */
export function globalLimitFindings(
  { spec: { rateLimit } }: BackendTrafficPolicy,
  mesh: Mesh | null,
  catalog: ServiceCatalog,
): readonly Finding[] {
  return uncounted(rateLimit, 'spec.rateLimit.global', mesh, catalog);
}

/** The same of those that hold for every service. */
export function defaultLimitFindings(mesh: Mesh, catalog: ServiceCatalog): readonly Finding[] {
  return uncounted(mesh.spec.defaults?.rateLimit, 'spec.defaults.rateLimit.global', mesh, catalog);
}

function uncounted(
  rateLimit: BackendTrafficPolicy['spec']['rateLimit'],
  path: string,
  mesh: Mesh | null,
  catalog: ServiceCatalog,
): readonly Finding[] {
  if (rateLimit?.type !== 'Global' || rateLimitService(mesh, catalog) !== null) return [];
  const why =
    mesh?.spec.rateLimit === undefined ? 'names no spec.rateLimit.backendRef' : 'names one that does not exist';
  return [{ path, message: `nobody counts: Mesh ${meshName} ${why}` }];
}

/** A rate limit service that is not there, or cannot be asked. */
export function rateLimitServiceFindings({ spec }: Mesh, catalog: ServiceCatalog): readonly Finding[] {
  if (spec.rateLimit === undefined) return [];
  const { name, namespace, port } = spec.rateLimit.backendRef;
  const path = 'spec.rateLimit.backendRef';
  const service = catalog.service(namespace, name);
  if (service === null) return [{ path: `${path}.name`, message: `Service ${namespace}/${name} does not exist` }];
  const declared = service.ports.find((candidate) => candidate.port === port);
  if (declared === undefined) {
    return [{ path: `${path}.port`, message: `Service ${namespace}/${name} has no port ${port}` }];
  }
  const { protocol } = service.declarationOf(declared);
  if (protocol === 'http2' || protocol === 'auto') return [];
  const carries = protocol === 'tcp' ? 'TCP' : 'HTTP/1.1';
  return [{ path: `${path}.port`, message: `is declared to carry ${carries}, over which gRPC cannot be asked` }];
}

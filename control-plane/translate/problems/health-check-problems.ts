import type { BackendTrafficPolicy } from '../../model/backend-traffic-policy.ts';
import { effectiveActiveHealthCheck } from '../../model/traffic-policy/effective-active-health-check.ts';
import { canBeChecked } from '../clusters/health-check.ts';
import type { ServiceCatalog } from '../services/service-catalog.ts';
import type { Finding } from './problem.ts';

/** Ports whose endpoints cannot be asked in the way that a policy says; they are not asked at all. */
export function healthCheckFindings(
  { metadata: { namespace }, spec: { targetRefs, healthCheck } }: BackendTrafficPolicy,
  catalog: ServiceCatalog,
): readonly Finding[] {
  const active = effectiveActiveHealthCheck([healthCheck?.active]);
  if (active === null) return [];
  const unfit = targetRefs.flatMap(({ kind, name, sectionName }) => {
    const service = catalog.target({ kind, name }, namespace)?.service ?? null;
    const ports = service?.ports.filter((port) => sectionName === undefined || port.name === sectionName) ?? [];
    return ports
      .filter((port) => service !== null && !canBeChecked(active.check, service.declarationOf(port).protocol))
      .map(({ port }) => `${name}:${port}`);
  });
  if (unfit.length === 0) return [];
  const message = `${unfit.join(', ')} is declared to carry HTTP/1.1, over which gRPC cannot be asked: it is not checked`;
  return [{ path: 'spec.healthCheck.active.type', message }];
}

import type { BackendTrafficPolicy } from '../../model/backend-traffic-policy.ts';
import { resolveBackend } from '../services/backends.ts';
import type { ServiceCatalog } from '../services/service-catalog.ts';
import type { Finding } from './problem.ts';

/** A fallback that leads nowhere is none. */
export function fallbackFindings(policy: BackendTrafficPolicy, catalog: ServiceCatalog): readonly Finding[] {
  const reference = policy.spec.fallback?.backendRef;
  if (reference === undefined) return [];
  const { namespace } = policy.metadata;
  const backend = resolveBackend(reference, policy, namespace, catalog, 'requests');
  return 'missing' in backend ? [{ path: 'spec.fallback.backendRef', message: backend.missing }] : [];
}

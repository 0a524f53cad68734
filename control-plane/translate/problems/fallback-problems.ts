import type { BackendTrafficPolicy } from '../../model/backend-traffic-policy.ts';
import { resolveBackend } from '../services/backends.ts';
import type { ServiceCatalog } from '../services/service-catalog.ts';
import type { Finding } from './problem.ts';

/** A fallback that leads nowhere is none. */
export function fallbackFindings(policy: BackendTrafficPolicy, catalog: ServiceCatalog): readonly Finding[] {
  const reference = policy.spec.fallback?.backendRef;
  if (reference === undefined) return [];
  const { namespace, name } = policy.metadata;
  const called = { kind: 'Service', namespace, name, host: '' } as const; // all of its targets are in its namespace
  const backend = resolveBackend(reference, policy, called, catalog, 'requests');
  return 'missing' in backend ? [{ path: 'spec.fallback.backendRef', message: backend.missing }] : [];
}

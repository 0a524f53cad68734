import type { BackendTrafficPolicy } from '../../model/backend-traffic-policy.ts';
import type { ExternalService } from '../../model/external-service.ts';
import { documentName } from '../../model/kinds.ts';
import type { PolicySection } from '../../model/traffic-policy.ts';
import { policySections } from '../../model/traffic-policy.ts';
import type { ServiceCatalog } from '../services/service-catalog.ts';
import type { Finding } from './problem.ts';

/** Whom a document that is older leaves to this one. */
const holds = {
  all: '',
  others: 'holds for callers of its own namespace only: for others ',
  own: 'holds for callers of other namespaces only: for its own ',
} as const;

/** What an ExternalService names and does not decide. */
export function externalServiceFindings(document: ExternalService, catalog: ServiceCatalog): readonly Finding[] {
  return document.spec.hosts.flatMap((host, index) => {
    const path = `spec.hosts[${index}]`;
    const service = catalog.homonym(host);
    if (service !== null) {
      const message = `${host} is how Service ${service.namespace}/${service.name} is called, which is inside the mesh and comes first`;
      return [{ path, message }];
    }
    return [
      ...catalog.external
        .conflictsOf(document)
        .filter((conflict) => conflict.host === host)
        .map(({ port, winner, holdsFor }) => ({
          path,
          message: `${holds[holdsFor]}${documentName(winner)}, which is older, decides about ${host}:${port}`,
          reason: 'Conflicted',
        })),
      ...(isUntold(document, host, catalog) ? [{ path, message: untold }] : []),
    ];
  });
}

const untold =
  'holds for callers of its own namespace only: those of others are told of so many hosts and no more, the oldest first';

function isUntold(document: ExternalService, host: string, { external }: ServiceCatalog): boolean {
  return document.spec.ports.some(({ port }) => external.isUntold(host, port));
}

/** Whose sidecar does what a section says; outside the mesh instances have none. */
const doneBy: Readonly<Record<PolicySection, 'callers' | 'instances'>> = {
  loadBalancer: 'callers',
  circuitBreaker: 'callers',
  healthCheck: 'callers',
  retry: 'callers',
  retryBudget: 'callers',
  timeout: 'callers',
  rateLimit: 'instances',
  requestBuffer: 'instances',
  bandwidthLimit: 'instances',
  adaptiveConcurrency: 'instances',
  admissionControl: 'callers',
  fallback: 'callers',
  retryAfter: 'callers',
  tcpKeepalive: 'callers',
  http2: 'callers',
};

export function withoutEffectOutside(policy: BackendTrafficPolicy): readonly Finding[] {
  const outside = policy.spec.targetRefs.filter(({ kind }) => kind === 'ExternalService').map(({ name }) => name);
  if (outside.length === 0) return [];
  return policySections
    .filter((section) => doneBy[section] === 'instances' && policy.spec[section] !== undefined)
    .map((section) => ({
      path: `spec.${section}`,
      message: `has no effect on ExternalService ${outside.join(', ')}: the sidecars of instances do this, and it has none`,
    }));
}

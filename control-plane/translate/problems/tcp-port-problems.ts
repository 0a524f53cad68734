import type { BackendTrafficPolicy } from '../../model/backend-traffic-policy.ts';
import type { FaultInjection } from '../../model/fault-injection.ts';
import type { PolicySection } from '../../model/traffic-policy.ts';
import { policySections } from '../../model/traffic-policy.ts';
import type { ServiceCatalog } from '../services/service-catalog.ts';
import type { Finding } from './problem.ts';

/** Sections that are about requests alone: where a port is declared to carry bytes, nobody does what they say. */
const aboutRequests: ReadonlySet<PolicySection> = new Set([
  'rateLimit',
  'requestBuffer',
  'bandwidthLimit',
  'adaptiveConcurrency',
  'admissionControl',
  'fallback',
  'retryAfter',
] as const);

export function withoutEffectOnBytes(policy: BackendTrafficPolicy, catalog: ServiceCatalog): readonly Finding[] {
  const names = tcpTargets(policy, catalog).map(({ name }) => name);
  if (names.length === 0) return [];
  return policySections
    .filter((section) => aboutRequests.has(section) && policy.spec[section] !== undefined)
    .map((section) => ({ path: `spec.${section}`, message: hasNone(names.join(', ')) }));
}

export function faultsOfBytes(fault: FaultInjection, catalog: ServiceCatalog): readonly Finding[] {
  return tcpTargets(fault, catalog).map(({ name, index }) => ({
    path: `spec.targetRefs[${index}]`,
    message: hasNone(name),
  }));
}

function hasNone(names: string): string {
  return `has no effect on ${names}: it is about requests, and what is declared there is TCP`;
}

/** Targets of which every port is declared TCP. Of hosts outside the mesh others tell what has no effect there. */
function tcpTargets(
  { metadata: { namespace }, spec: { targetRefs } }: BackendTrafficPolicy | FaultInjection,
  catalog: ServiceCatalog,
): readonly { readonly name: string; readonly index: number }[] {
  return targetRefs.flatMap(({ kind, name, sectionName }, index) => {
    const service = kind === 'Service' ? (catalog.target({ kind, name }, namespace)?.service ?? null) : null;
    const ports = service?.ports.filter((port) => sectionName === undefined || port.name === sectionName) ?? [];
    const areTcp = ports.length > 0 && ports.every((port) => service?.declarationOf(port).protocol === 'tcp');
    return areTcp ? [{ name: sectionName === undefined ? name : `${name}:${sectionName}`, index }] : [];
  });
}

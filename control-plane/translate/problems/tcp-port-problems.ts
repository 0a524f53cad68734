import type { PortProtocol } from '../../model/app-protocol.ts';
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
  'http2',
] as const);

export function withoutEffectOnBytes(policy: BackendTrafficPolicy, catalog: ServiceCatalog): readonly Finding[] {
  const names = tcpTargets(policy, catalog).map(({ name }) => name);
  if (names.length === 0) return [];
  const { local } = policy.spec.rateLimit ?? {};
  const message = hasNone(names.join(', '));
  return policySections
    .filter((section) => aboutRequests.has(section) && policy.spec[section] !== undefined)
    .flatMap((section) => {
      if (section !== 'rateLimit' || local?.tcp === undefined) return [{ path: `spec.${section}`, message }];
      return local.rules === undefined ? [] : [{ path: 'spec.rateLimit.local.rules', message }];
    });
}

/** A limit of connections where every connection is declared to carry requests. */
export function withoutEffectOnRequests(policy: BackendTrafficPolicy, catalog: ServiceCatalog): readonly Finding[] {
  if (policy.spec.rateLimit?.local?.tcp === undefined) return [];
  const names = targetsOf(policy, catalog, (protocol) => protocol === 'http' || protocol === 'http2');
  if (names.length === 0) return [];
  const message = `has no effect on ${names.map(({ name }) => name).join(', ')}: it is about TCP, and what is declared there is HTTP`;
  return [{ path: 'spec.rateLimit.local.tcp', message }];
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
function tcpTargets(policy: BackendTrafficPolicy | FaultInjection, catalog: ServiceCatalog) {
  return targetsOf(policy, catalog, (protocol) => protocol === 'tcp');
}

/** Targets of which every port is declared to carry such a protocol. */
function targetsOf(
  { metadata: { namespace }, spec: { targetRefs } }: BackendTrafficPolicy | FaultInjection,
  catalog: ServiceCatalog,
  carries: (protocol: PortProtocol) => boolean,
): readonly { readonly name: string; readonly index: number }[] {
  return targetRefs.flatMap(({ kind, name, sectionName }, index) => {
    const service = kind === 'Service' ? (catalog.target({ kind, name }, namespace)?.service ?? null) : null;
    const ports = service?.ports.filter((port) => sectionName === undefined || port.name === sectionName) ?? [];
    const doAll = ports.length > 0 && ports.every((port) => carries(service?.declarationOf(port).protocol ?? 'auto'));
    return doAll ? [{ name: sectionName === undefined ? name : `${name}:${sectionName}`, index }] : [];
  });
}

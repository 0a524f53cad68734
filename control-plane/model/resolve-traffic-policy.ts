import type { BackendTrafficPolicy } from './backend-traffic-policy.ts';
import type { EffectiveTrafficPolicy } from './effective-traffic-policy.ts';
import { effectiveTrafficPolicy } from './effective-traffic-policy.ts';
import type { Mesh } from './mesh.ts';
import { olderFirst } from './older-first.ts';
import { policyOwners } from './policy-owners.ts';
import type { PolicyLayer } from './traffic-policy/policy-fields.ts';
import type { PolicySection, TrafficPolicy } from './traffic-policy.ts';
import { policySections } from './traffic-policy.ts';

/** One port of a backend, as callers see it. */
export interface BackendPort {
  readonly namespace: string;
  readonly kind: 'Service' | 'ExternalService';
  readonly service: string;
  /** `null` for a port without a name. */
  readonly portName: string | null;
}

/** A policy that does not count for some of its sections, because an older one of the same rank has them too. */
export interface PolicyConflict {
  readonly policy: BackendTrafficPolicy;
  readonly winner: BackendTrafficPolicy;
  readonly sections: readonly PolicySection[];
}

/** What says something about a backend port, the most specific first, and where they contradict each other. */
export interface TrafficPolicyLayers {
  readonly layers: readonly PolicyLayer<BackendTrafficPolicy | Mesh>[];
  readonly conflicts: readonly PolicyConflict[];
}

/** The policy of one backend port, from {@link trafficPolicyLayers}. */
export function resolveTrafficPolicy(
  backend: BackendPort,
  policies: readonly BackendTrafficPolicy[],
  mesh: Mesh | null,
): { readonly policy: EffectiveTrafficPolicy; readonly conflicts: readonly PolicyConflict[] } {
  const { layers, conflicts } = trafficPolicyLayers(backend, policies, mesh);
  const policy = effectiveTrafficPolicy(layers.map((layer) => layer.policy));
  return { policy: { ...policy, sharedCount: sharedCount(layers), owners: policyOwners(layers) }, conflicts };
}

/**
 * The policy of one backend port: that of the port before that of the Service before the defaults of Mesh before the
 * built-in ones.
 *
 * Of two policies of the same rank that have the same section (`retry`, `circuitBreaker` …) the older one counts, and
 * of two of the same age the one whose name comes first; the other is reported. Policies that speak of different
 * sections stand side by side.
 *
 * Source: GEP-713, "conflict resolution" and "hierarchy".
 */
export function trafficPolicyLayers(
  backend: BackendPort,
  policies: readonly BackendTrafficPolicy[],
  mesh: Mesh | null,
): TrafficPolicyLayers {
  const conflicts: PolicyConflict[] = [];
  const ofPort = policies.filter((policy) => backend.portName !== null && targets(policy, backend, backend.portName));
  const ofService = policies.filter((policy) => targets(policy, backend, undefined));
  const layers: PolicyLayer<BackendTrafficPolicy | Mesh>[] = [
    ...mergeRank(ofPort, conflicts),
    ...mergeRank(ofService, conflicts),
  ];
  if (mesh?.spec.defaults !== undefined) layers.push({ owner: mesh, policy: mesh.spec.defaults });
  return { layers, conflicts };
}

/**
 * Of the policy that limits rates. It reads as if it were of a service: a rate limit server counts for the namespace that
 * stands there, which is that of all targets.
 */
function sharedCount(layers: TrafficPolicyLayers['layers']): string {
  const owner = layers.find(({ policy }) => policy.rateLimit !== undefined)?.owner;
  if (owner?.kind !== 'BackendTrafficPolicy') return '';
  return `shared.${owner.metadata.namespace}.svc.${owner.metadata.name}`;
}

function targets(policy: BackendTrafficPolicy, backend: BackendPort, sectionName: string | undefined): boolean {
  return (
    policy.metadata.namespace === backend.namespace &&
    policy.spec.targetRefs.some(
      (target) => target.kind === backend.kind && target.name === backend.service && target.sectionName === sectionName,
    )
  );
}

/** The policies of one rank, each without the sections that an older one has. */
function mergeRank(
  policies: readonly BackendTrafficPolicy[],
  conflicts: PolicyConflict[],
): PolicyLayer<BackendTrafficPolicy>[] {
  const owners = new Map<PolicySection, BackendTrafficPolicy>();
  return policies
    .toSorted((a, b) => olderFirst(a.metadata, b.metadata))
    .map((policy) => {
      const layer: { -readonly [Section in keyof TrafficPolicy]: TrafficPolicy[Section] } = {};
      const lost = new Map<BackendTrafficPolicy, PolicySection[]>();
      for (const section of policySections) {
        if (policy.spec[section] === undefined) continue;
        const owner = owners.get(section);
        if (owner !== undefined) lost.set(owner, [...(lost.get(owner) ?? []), section]);
        else {
          owners.set(section, policy);
          Object.assign(layer, { [section]: policy.spec[section] });
        }
      }
      for (const [winner, lostSections] of lost) conflicts.push({ policy, winner, sections: lostSections });
      return { owner: policy, policy: layer };
    });
}

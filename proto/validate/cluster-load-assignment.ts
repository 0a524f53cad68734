import type { ClusterLoadAssignment__Output } from '../generated/envoy/config/endpoint/v3/ClusterLoadAssignment.ts';
import type { LbEndpoint__Output } from '../generated/envoy/config/endpoint/v3/LbEndpoint.ts';
import type { LocalityLbEndpoints__Output } from '../generated/envoy/config/endpoint/v3/LocalityLbEndpoints.ts';
import type { Path, Violation } from '../violation.ts';
import { root, Violations } from '../violation.ts';
import { requireAddress } from './address.ts';
import { checkUInt32, requireName, requireUnique } from './field-checks.ts';
import { isHeaderValue } from './http-text.ts';

/** Envoy's bound. */
const MAX_PRIORITY = 128;

/**
 * Of all localities together. Each becomes an object with pools of connections and a place in the balancer: 20 000 take a tenth
 * of a second in which nothing else happens, and ten times as many several seconds.
 */
export const MAX_ENDPOINTS = 20_000;

export function validateClusterLoadAssignment(assignment: ClusterLoadAssignment__Output): Violation[] {
  const violations = new Violations();
  checkClusterLoadAssignment(assignment, root, violations);
  return violations.list();
}

/** No endpoints at all is an answer too: the cluster has none. With `names` endpoints may be looked up. */
export function checkClusterLoadAssignment(
  assignment: ClusterLoadAssignment__Output,
  at: Path,
  violations: Violations,
  names: 'no names' | 'names' = 'no names',
): void {
  requireName(assignment.cluster_name, at.field('cluster_name'), violations);
  const count = assignment.endpoints.reduce((sum, { lb_endpoints: listed }) => sum + listed.length, 0);
  if (count > MAX_ENDPOINTS) {
    violations.add(at.field('endpoints'), `are ${count}, more than ${MAX_ENDPOINTS}`);
    return;
  }
  const localityAt = (index: number) => at.field('endpoints').index(index);
  for (const [index, locality] of assignment.endpoints.entries()) {
    checkLocality(locality, localityAt(index), violations, names);
  }
  requireUnique(
    assignment.endpoints.map(({ locality, priority }) =>
      JSON.stringify([locality?.region ?? '', locality?.zone ?? '', locality?.sub_zone ?? '', priority]),
    ),
    (index) => localityAt(index).field('locality'),
    violations,
  );
  checkPriorities(assignment, localityAt, violations);
  const factorAt = at.field('policy').field('overprovisioning_factor');
  checkUInt32(assignment.policy?.overprovisioning_factor ?? null, factorAt, violations, { min: 100 });
}

/** Without a gap, as Envoy and gRPC clients want them. */
function checkPriorities(
  { endpoints }: ClusterLoadAssignment__Output,
  localityAt: (index: number) => Path,
  violations: Violations,
): void {
  const used = new Set(endpoints.map(({ priority }) => priority));
  for (const [index, { priority }] of endpoints.entries()) {
    const priorityAt = localityAt(index).field('priority');
    if (priority > MAX_PRIORITY) violations.add(priorityAt, `must be at most ${MAX_PRIORITY}, and is ${priority}`);
    else if (priority > 0 && !used.has(priority - 1)) {
      violations.add(priorityAt, `is ${priority}, and nothing has ${priority - 1}`);
    }
  }
}

function checkLocality(
  locality: LocalityLbEndpoints__Output,
  at: Path,
  violations: Violations,
  names: 'no names' | 'names',
): void {
  checkUInt32(locality.load_balancing_weight, at.field('load_balancing_weight'), violations, { min: 1 });
  let total = 0;
  for (const [index, endpoint] of locality.lb_endpoints.entries()) {
    checkEndpoint(endpoint, at.field('lb_endpoints').index(index), violations, names);
    total += endpoint.load_balancing_weight?.value ?? 1;
  }
  if (total > 2 ** 32 - 1) {
    violations.add(at.field('lb_endpoints'), `has weights of ${total} together, more than 2^32 - 1`);
  }
}

function checkEndpoint(
  endpoint: LbEndpoint__Output,
  at: Path,
  violations: Violations,
  names: 'no names' | 'names',
): void {
  if (!endpoint.endpoint) {
    violations.add(at.field('endpoint'), 'is required');
    return;
  }
  const endpointAt = at.field('endpoint');
  requireAddress(endpoint.endpoint.address, endpointAt.field('address'), violations, 1, names);
  if (!isHeaderValue(endpoint.endpoint.hostname)) {
    violations.add(endpointAt.field('hostname'), 'holds control characters or others outside Latin-1');
  }
  checkUInt32(endpoint.load_balancing_weight, at.field('load_balancing_weight'), violations, { min: 1 });
}

import { isPackable } from '../any.ts';
import type { Cluster__Output } from '../generated/envoy/config/cluster/v3/Cluster.ts';
import { messageNameOf } from '../type-urls.ts';
import type { Path, Violations } from '../violation.ts';
import { checkUInt32, requireOneOf } from './field-checks.ts';
import { unpackAt } from './unpack-at.ts';

const LEAST_REQUEST = 'envoy.extensions.load_balancing_policies.least_request.v3.LeastRequest';
const POLICIES = [
  LEAST_REQUEST,
  'envoy.extensions.load_balancing_policies.random.v3.Random',
  'envoy.extensions.load_balancing_policies.round_robin.v3.RoundRobin',
] as const;

/** Envoy's own bound is 2 at least; above that every further draw costs time and changes little. */
const MAX_CHOICES = 100;

export function checkLoadBalancing(cluster: Cluster__Output, at: Path, violations: Violations): void {
  const policies = cluster.load_balancing_policy?.policies ?? [];
  if (cluster.load_balancing_policy === null) {
    // An ORIGINAL_DST cluster chooses nothing, and Envoy wants that said.
    const own = cluster.type === 'ORIGINAL_DST' ? (['CLUSTER_PROVIDED'] as const) : [];
    const allowed = ['ROUND_ROBIN', 'LEAST_REQUEST', 'RANDOM', ...own] as const;
    requireOneOf(cluster.lb_policy, allowed, at.field('lb_policy'), violations);
    return;
  }
  const policiesAt = at.field('load_balancing_policy').field('policies');
  // The first one that is known is used, and what stands after it is never looked at.
  const index = policies.findIndex(({ typed_extension_config: extension }) =>
    isPackable(messageNameOf(extension?.typed_config?.type_url ?? '') ?? ''),
  );
  const configAt = policiesAt.index(index).field('typed_extension_config').field('typed_config');
  if (index === -1) {
    violations.add(policiesAt, `needs one of ${POLICIES.join(', ')}`);
    return;
  }
  const policy = unpackAt(POLICIES, policies[index]?.typed_extension_config?.typed_config, configAt, violations);
  if (policy?.name === LEAST_REQUEST) {
    const choicesAt = configAt.field('choice_count');
    checkUInt32(policy.message.choice_count, choicesAt, violations, { min: 2, max: MAX_CHOICES });
  }
}

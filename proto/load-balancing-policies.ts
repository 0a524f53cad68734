import type { PackableName, PackedMessage, UnpackedMessage } from './any.ts';
import type { Output } from './load.ts';
import { messageNameOf } from './type-urls.ts';

/** What a sidecar balances by, as the configuration of a policy is called. */
export const LOAD_BALANCING_POLICIES = [
  'envoy.extensions.load_balancing_policies.least_request.v3.LeastRequest',
  'envoy.extensions.load_balancing_policies.maglev.v3.Maglev',
  'envoy.extensions.load_balancing_policies.peak_ewma.v3alpha.PeakEwma',
  'envoy.extensions.load_balancing_policies.random.v3.Random',
  'envoy.extensions.load_balancing_policies.ring_hash.v3.RingHash',
  'envoy.extensions.load_balancing_policies.round_robin.v3.RoundRobin',
] as const satisfies readonly PackableName[];

export type LoadBalancingPolicy = Extract<UnpackedMessage, { name: (typeof LOAD_BALANCING_POLICIES)[number] }>;

const known: ReadonlySet<string | null> = new Set(LOAD_BALANCING_POLICIES);

/** The policy of a cluster that counts, which is the first one that is known; what stands after it is never looked at. */
export interface DecidingPolicy {
  /** Its place in `load_balancing_policy.policies`. */
  readonly index: number;
  readonly config: PackedMessage;
}

/** Null for none that is known. Source: Envoy `LoadBalancingPolicy.policies`. */
export function decidingPolicy({
  load_balancing_policy: policy,
}: Pick<Output<'envoy.config.cluster.v3.Cluster'>, 'load_balancing_policy'>): DecidingPolicy | null {
  for (const [index, { typed_extension_config: extension }] of (policy?.policies ?? []).entries()) {
    const config = extension?.typed_config;
    if (config && known.has(messageNameOf(config.type_url))) return { index, config };
  }
  return null;
}

import { z } from 'zod';
import { namespacedMetadata, subdomainSchema } from './metadata.ts';
import { notYetSupported } from './not-yet-supported.ts';
import { policyTargetSchema, policyTargetsCheck } from './object-reference.ts';
import { trafficPolicyCheck, trafficPolicyShape, withoutAliases } from './traffic-policy.ts';

/**
 * How callers talk to a backend: balancing, limits, outlier detection, retries, timeouts. One policy may have several
 * targets and several policies one target; `resolveTrafficPolicy` says which of them counts.
 *
 * Field names are Envoy Gateway's `gateway.envoyproxy.io/v1alpha1`; defaults are those of `builtInTrafficPolicy`.
 */
export const backendTrafficPolicySchema = z.object({
  apiVersion: z.literal('heddle.dev/v1alpha1'),
  kind: z.literal('BackendTrafficPolicy'),
  metadata: namespacedMetadata(subdomainSchema),
  spec: z
    .object({
      targetRefs: z
        .array(policyTargetSchema)
        .min(1, 'a policy has at least one target')
        .max(16, 'a policy has at most 16 targets'),
      targetSelectors: notYetSupported('targetSelectors'),
      mergeType: notYetSupported('mergeType'),
      ...trafficPolicyShape,
    })
    .check(trafficPolicyCheck)
    .check(policyTargetsCheck)
    .transform(withoutAliases),
  status: z.unknown().optional(),
});

export type BackendTrafficPolicy = z.output<typeof backendTrafficPolicySchema>;

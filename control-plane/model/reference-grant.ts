import { z } from 'zod';
import { labelNameSchema, namespacedMetadata, subdomainSchema } from './metadata.ts';
import { groupSchema, kindSchema } from './object-reference.ts';

/**
 * Lets routes of other namespaces send to Services of this one: who holds the target says who may refer to it. Each `from`
 * may refer to each `to`; several grants add up.
 *
 * Source: Gateway API `ReferenceGrant` (GEP-709), `v1beta1`; `v1`, which has the same fields, is read as that.
 */
export const referenceGrantSchema = z.object({
  apiVersion: z
    .enum(['gateway.networking.k8s.io/v1beta1', 'gateway.networking.k8s.io/v1'])
    .transform(() => 'gateway.networking.k8s.io/v1beta1' as const),
  kind: z.literal('ReferenceGrant'),
  metadata: namespacedMetadata(subdomainSchema),
  spec: z.object({
    from: z
      .array(z.object({ group: groupSchema, kind: kindSchema, namespace: labelNameSchema }))
      .min(1, 'a ReferenceGrant trusts at least one kind of a namespace')
      .max(16, 'at most 16 entries'),
    to: z
      .array(
        z.object({
          group: groupSchema,
          kind: kindSchema,
          /** Every object of the kind when left out. */
          name: subdomainSchema.optional(),
        }),
      )
      .min(1, 'a ReferenceGrant lends out at least one kind')
      .max(16, 'at most 16 entries'),
  }),
  status: z.unknown().optional(),
});

export type ReferenceGrant = z.output<typeof referenceGrantSchema>;

import { z } from 'zod';
import { boundedText } from './bounded-text.ts';
import { clusterMetadata } from './metadata.ts';
import { trafficPolicyCheck, trafficPolicyShape, withoutAliases } from './traffic-policy.ts';

/** The only name a Mesh has: there is one mesh per control plane. */
export const meshName = 'default';

/**
 * Settings of the whole mesh. The document is optional: without it everything has its default.
 *
 * Fields of Istio's MeshConfig keep their names and values (`outboundTrafficPolicy.mode`).
 */
export const meshSchema = z.object({
  apiVersion: z.literal('heddle.dev/v1alpha1'),
  kind: z.literal('Mesh'),
  metadata: clusterMetadata(z.literal(meshName, { error: `there is one Mesh and its name is ${meshName}` })),
  spec: z
    .object({
      /**
       * First part of every SPIFFE id. Fixed when the control plane starts for the first time (`--trust-domain`, default
       * `cluster.local`): a document may repeat it and cannot change it, because every certificate carries it.
       */
      trustDomain: boundedText('a trust domain', 255, {
        pattern: /^[a-z0-9._-]+$/,
        hint: 'write a trust domain such as cluster.local',
      }).optional(),
      outboundTrafficPolicy: z
        .object({
          /** What becomes of requests to hosts the mesh does not know: passed on as they are, or answered 404. */
          mode: z.enum(['ALLOW_ANY', 'REGISTRY_ONLY']).default('ALLOW_ANY'),
        })
        .default({ mode: 'ALLOW_ANY' }),
      /** For every backend that has no policy of its own saying otherwise. */
      defaults: z.object(trafficPolicyShape).check(trafficPolicyCheck).transform(withoutAliases).optional(),
    })
    .default({ outboundTrafficPolicy: { mode: 'ALLOW_ANY' } }),
  status: z.unknown().optional(),
});

export type Mesh = z.output<typeof meshSchema>;

import { z } from 'zod';
import { boundedText } from './bounded-text.ts';
import { durationSchema } from './gateway-duration.ts';
import { clusterMetadata, labelNameSchema, portNumberSchema, subdomainSchema } from './metadata.ts';
import { positiveDurationSchema } from './traffic-policy/fields.ts';
import { trafficPolicyCheck, trafficPolicyShape, withoutAliases } from './traffic-policy.ts';

/** The only name a Mesh has: there is one mesh per control plane. */
export const meshName = 'default';

export const defaultDetectionTimeout = '10s';

/**
 * Settings of the whole mesh. The document is optional: without it everything has its default.
 *
 * Fields of Istio's MeshConfig keep their names and values (`outboundTrafficPolicy.mode`, `pathNormalization`).
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
      pathNormalization: z
        .object({
          /**
           * What becomes of a request's path before rules see it and it is forwarded: nothing, dot segments removed and
           * needless escapes undone (`BASE`), repeated slashes merged as well, escaped slashes decoded as well.
           */
          normalization: z.enum(['NONE', 'BASE', 'MERGE_SLASHES', 'DECODE_AND_MERGE_SLASHES']).default('BASE'),
        })
        .default({ normalization: 'BASE' }),
      /** Requests with an underscore in the name of a header: taken, answered 400, or taken without that header (Envoy). */
      headersWithUnderscoresAction: z.enum(['ALLOW', 'REJECT_REQUEST', 'DROP_HEADER']).default('ALLOW'),
      /**
       * How long the first bytes of a client are waited for at a port that nobody declared; then it is TCP. `0s` waits for
       * ever. Linkerd's default; a server that speaks first is heard before that.
       */
      protocolDetectionTimeout: durationSchema.default(defaultDetectionTimeout),
      /** Who counts for `rateLimit.type: Global`; without it such limits are not counted, which their status says. */
      rateLimit: z
        .object({
          /** One port of a Service of the mesh that speaks Envoy's rate limit service protocol, as `heddle rate-limit-server`. */
          backendRef: z.object({
            name: subdomainSchema,
            namespace: labelNameSchema.default('default'),
            port: portNumberSchema,
          }),
          /** How long a request waits for the answer (Envoy, `timeout`). */
          timeout: positiveDurationSchema.default('20ms'),
          /** Without an answer a request is answered 500; by default it goes on (Envoy, `failure_mode_deny`). */
          failClosed: z.boolean().default(false),
        })
        .optional(),
      /** For every backend that has no policy of its own saying otherwise. */
      defaults: z.object(trafficPolicyShape).check(trafficPolicyCheck).transform(withoutAliases).optional(),
    })
    .default({
      outboundTrafficPolicy: { mode: 'ALLOW_ANY' },
      pathNormalization: { normalization: 'BASE' },
      headersWithUnderscoresAction: 'ALLOW',
      protocolDetectionTimeout: defaultDetectionTimeout,
    }),
  status: z.unknown().optional(),
});

export type Mesh = z.output<typeof meshSchema>;

import { z } from 'zod';
import { crossCheck } from './cross-check.ts';
import { namespacedMetadata, subdomainSchema } from './metadata.ts';
import {
  backendReferenceShape,
  parentReferencesCheck,
  parentReferencesSchema,
  requirePort,
  weightSchema,
} from './object-reference.ts';

const backendRefSchema = z
  .object({
    ...backendReferenceShape,
    /** Share of the connections: this weight over the sum of all. 0 takes none. */
    weight: weightSchema,
  })
  .check(requirePort);

const tcpRouteRuleSchema = z
  .object({
    name: subdomainSchema.optional(),
    backendRefs: z
      .array(backendRefSchema)
      .min(1, 'a rule has at least one backendRef')
      .max(16, 'a rule has at most 16 backendRefs'),
  })
  .check(
    crossCheck(['backendRefs'], ({ backendRefs }, report) => {
      if (backendRefs.every(({ weight }) => weight === 0)) {
        report(['backendRefs'], 'every weight is 0, so no connection could go anywhere: give one a weight above 0');
      }
    }),
  );

/**
 * Which backends the connections of a Service port go to: Gateway API's TCPRoute in its mesh form. Bytes have nothing that
 * a second rule could match, so there is one. The API's own version is `v1alpha2`; `v1` is read as the same.
 *
 * Source: gateway-api `apis/v1alpha2/tcproute_types.go`.
 */
export const tcpRouteSchema = z.object({
  apiVersion: z
    .enum(['gateway.networking.k8s.io/v1alpha2', 'gateway.networking.k8s.io/v1'])
    .transform(() => 'gateway.networking.k8s.io/v1alpha2' as const),
  kind: z.literal('TCPRoute'),
  metadata: namespacedMetadata(subdomainSchema),
  spec: z
    .object({
      parentRefs: parentReferencesSchema,
      useDefaultGateways: z.enum(['All', 'None']).optional(),
      rules: z
        .array(tcpRouteRuleSchema)
        .min(1, 'a TCPRoute has one rule')
        .max(1, 'a TCPRoute has one rule: connections have nothing that a second one could match'),
    })
    .check(parentReferencesCheck),
  status: z.unknown().optional(),
});

export type TcpRoute = z.output<typeof tcpRouteSchema>;

import { z } from 'zod';
import { boundedText } from './bounded-text.ts';
import { crossCheck } from './cross-check.ts';
import { headerValueSchema } from './http-route-match.ts';
import { labelNameSchema, namespacedMetadata, subdomainSchema } from './metadata.ts';
import { routeFilterRewriteSchema } from './route-filter-rewrite.ts';

const statusHint = 'write a status from 200 to 599';

/** An answer that the caller's sidecar gives itself. */
const directResponseSchema = z.object({
  /** Default 200, as Envoy Gateway's. */
  statusCode: z.number({ error: statusHint }).int(statusHint).min(200, statusHint).max(599, statusHint).default(200),
  contentType: headerValueSchema.optional(),
  body: z
    .object({
      type: z.enum(['Inline']).default('Inline'),
      /** Envoy's bound for such a body is 4096 bytes. */
      inline: boundedText('a body', 4096).refine(
        (text) => Buffer.byteLength(String(text)) <= 4096,
        'a body has at most 4096 bytes',
      ),
    })
    .optional(),
});

/** One of the callers that a rule is for. */
const callerSchema = z.object({
  namespace: labelNameSchema,
  /** Every workload of the namespace when left out. */
  serviceAccount: subdomainSchema.optional(),
});

/**
 * What Gateway API has no field for, to be named in a rule by an `ExtensionRef`: an answer in place of backends, rewrites by
 * pattern, and the callers that the rule is for. For any other caller the rule is not there, as if one of its matches failed; between rules
 * that are alike otherwise, one for certain callers comes first.
 *
 * Who calls is what its certificate says: its sidecar is not even told of rules for others. That is routing, which is done
 * where the call begins, and protects nothing, since a caller without its sidecar's rules may still reach every backend; who may
 * call is for an AuthorizationPolicy to say, which the called side enforces.
 *
 * `directResponse` and `urlRewrite` have the fields of Envoy Gateway's `HTTPRouteFilter`. Source of callers: Istio `sourceLabels` and
 * `sourceNamespace` of `HTTPMatchRequest`, here by identity instead of labels, which anybody may claim.
 */
export const routeFilterSchema = z.object({
  apiVersion: z.literal('heddle.dev/v1alpha1'),
  kind: z.literal('HTTPRouteFilter'),
  metadata: namespacedMetadata(subdomainSchema),
  spec: z
    .object({
      directResponse: directResponseSchema.optional(),
      urlRewrite: routeFilterRewriteSchema.optional(),
      callers: z
        .array(callerSchema)
        .min(1, 'name at least one caller, or leave callers out')
        .max(64, 'at most 64 callers')
        .optional(),
    })
    .refine(
      (spec) => Object.values(Object(spec)).some((part) => part !== undefined),
      'write directResponse, urlRewrite or callers',
    )
    .check(
      crossCheck(['directResponse', 'urlRewrite'], ({ directResponse, urlRewrite }, report) => {
        if (directResponse === undefined || urlRewrite === undefined) return;
        report(['urlRewrite'], 'does not go with directResponse, which answers the request where it is');
      }),
    ),
  status: z.unknown().optional(),
});

export type RouteFilter = z.output<typeof routeFilterSchema>;

import { z } from 'zod';
import type { Report } from './cross-check.ts';
import { crossCheck } from './cross-check.ts';
import { durationMs, durationSchema } from './gateway-duration.ts';
import type { HttpRouteFilter } from './http-route-filter.ts';
import { backendFilterSchema, httpRouteFilterSchema } from './http-route-filter.ts';
import { httpRouteMatchSchema } from './http-route-match.ts';
import { namespacedMetadata, subdomainSchema } from './metadata.ts';
import {
  backendReferenceShape,
  parentReferencesCheck,
  parentReferencesSchema,
  requirePort,
  weightSchema,
} from './object-reference.ts';
import { reportRepeatedNames } from './repeated-names.ts';
import { routeAnnotationsCheck } from './route-annotations.ts';
import { reportRepeatedFilters, routeRulesCheck, routeSpecShape, rulesSchema } from './route-rules.ts';
import { sessionPersistenceSchema } from './session-persistence.ts';

export const httpBackendRefSchema = z
  .object({
    ...backendReferenceShape,
    /** Share of the requests: this weight over the sum of all. 0 takes none; all 0 means that the rule answers 500. */
    weight: weightSchema,
    /** For the requests that go here, after the filters of the rule. */
    filters: z.array(backendFilterSchema).max(16, 'a backend has at most 16 filters').optional(),
  })
  .check(requirePort)
  .check(
    crossCheck(['filters'], ({ filters = [] }, report) => {
      reportRepeatedNames(
        filters.map(({ type }) => type),
        (index, type) => report(['filters', index, 'type'], `${type} cannot be repeated for one backend`),
      );
    }),
  );

const timeoutsSchema = z
  .object({
    /** Whole exchange with the caller, retries included. `0s` and absent mean none. */
    request: durationSchema.optional(),
    /** One try. `0s` and absent mean none. */
    backendRequest: durationSchema.optional(),
  })
  .check(
    crossCheck(['request', 'backendRequest'], ({ request, backendRequest }, report) => {
      if (request === undefined || backendRequest === undefined || durationMs(request) === 0) return;
      if (durationMs(backendRequest) > durationMs(request)) {
        report(
          ['backendRequest'],
          `one try (${backendRequest}) cannot last longer than the whole request (${request})`,
        );
      }
    }),
  );

/** Experimental in Gateway API (GEP-1731). Its presence also repeats connection failures. */
const retrySchema = z.object({
  codes: z
    .array(
      z
        .number({ error: 'write a status from 400 to 599' })
        .int()
        .min(400, 'write a status from 400 to 599')
        .max(599, 'write a status from 400 to 599'),
    )
    .default([]),
  /** Tries after the first, 0 for none; 2 when left out, as the mesh default. */
  attempts: z
    .number({ error: 'write a whole number from 0 to 100' })
    .int('write a whole number from 0 to 100')
    .min(0, 'write a whole number from 0 to 100')
    .max(100, 'at most 100')
    .optional(),
  /** Least wait before a retry; 25ms when left out. */
  backoff: durationSchema.optional(),
});

const httpRouteRuleSchema = z
  .object({
    name: subdomainSchema.optional(),
    /** Alternatives: one must hold. */
    matches: z
      .array(httpRouteMatchSchema)
      .max(64, 'a rule has at most 64 matches')
      .default([{ path: { type: 'PathPrefix', value: '/' }, headers: [], queryParams: [] }]),
    filters: z.array(httpRouteFilterSchema).max(16, 'a rule has at most 16 filters').default([]),
    /** Without a backend and without a redirect the rule answers 500, as Gateway API says. */
    backendRefs: z.array(httpBackendRefSchema).max(16, 'a rule has at most 16 backendRefs').default([]),
    timeouts: timeoutsSchema.optional(),
    retry: retrySchema.optional(),
    sessionPersistence: sessionPersistenceSchema.optional(),
  })
  .check(crossCheck(['filters', 'backendRefs'], checkFilterCombination))
  .check(crossCheck(['filters', 'backendRefs', 'matches'], checkPrefixReplacement));

/**
 * Routing of HTTP requests: Gateway API's HTTPRoute v1 in its mesh form (GAMMA), byte for byte. `v1beta1`, which has the
 * same fields, is read as `v1`.
 *
 * Bounds are the standard's: 16 rules, 64 matches in a rule and 128 in all, 16 filters, 16 backends.
 * Source: gateway-api `apis/v1/httproute_types.go`, GEP-1426 and GEP-1294 (mesh).
 */
export const httpRouteSchema = z.object({
  apiVersion: z
    .enum(['gateway.networking.k8s.io/v1', 'gateway.networking.k8s.io/v1beta1'])
    .transform(() => 'gateway.networking.k8s.io/v1' as const),
  kind: z.literal('HTTPRoute'),
  metadata: namespacedMetadata(subdomainSchema).check(routeAnnotationsCheck),
  spec: z
    .object({
      parentRefs: parentReferencesSchema,
      ...routeSpecShape,
      rules: rulesSchema(httpRouteRuleSchema).default([
        {
          matches: [{ path: { type: 'PathPrefix', value: '/' }, headers: [], queryParams: [] }],
          filters: [],
          backendRefs: [],
        },
      ]),
    })
    .check(routeRulesCheck)
    .check(parentReferencesCheck),
  status: z.unknown().optional(),
});

export type HttpRoute = z.output<typeof httpRouteSchema>;
export type HttpRouteRule = z.output<typeof httpRouteRuleSchema>;
export type HttpBackendRef = z.output<typeof httpBackendRefSchema>;

interface RuleParts {
  readonly filters: readonly HttpRouteFilter[];
  readonly matches: HttpRouteRule['matches'];
  readonly backendRefs: readonly HttpBackendRef[];
}

function checkFilterCombination({ filters, backendRefs }: Pick<RuleParts, 'filters' | 'backendRefs'>, report: Report) {
  reportRepeatedFilters(filters, report);
  const redirect = filters.findIndex(({ type }) => type === 'RequestRedirect');
  if (redirect === -1) return;
  if (backendRefs.length > 0) report(['backendRefs'], 'a rule that redirects has no backendRefs');
  if (filters.some(({ type }) => type === 'URLRewrite')) {
    report(['filters', redirect, 'type'], 'RequestRedirect and URLRewrite do not go together');
  }
}

/** What "the matched prefix" is must be certain. */
function checkPrefixReplacement({ filters, backendRefs, matches }: RuleParts, report: Report) {
  const [match] = matches;
  if (matches.length === 1 && match?.path.type === 'PathPrefix') return;
  const hint = 'ReplacePrefixMatch needs a rule with exactly one match, of type PathPrefix';
  for (const [index, filter] of filters.entries()) {
    for (const field of ['requestRedirect', 'urlRewrite'] as const) {
      if (filter[field]?.path?.type === 'ReplacePrefixMatch') report(['filters', index, field, 'path'], hint);
    }
  }
  for (const [backend, { filters: ofBackend = [] }] of backendRefs.entries()) {
    for (const [index, { urlRewrite }] of ofBackend.entries()) {
      if (urlRewrite?.path?.type !== 'ReplacePrefixMatch') continue;
      report(['backendRefs', backend, 'filters', index, 'urlRewrite', 'path'], hint);
    }
  }
}

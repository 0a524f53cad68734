import { z } from 'zod';
import { boundedText } from './bounded-text.ts';
import { crossCheck } from './cross-check.ts';
import { httpBackendRefSchema } from './http-route.ts';
import { grpcRouteFilterSchema } from './http-route-filter.ts';
import { headerMatchesSchema } from './http-route-match.ts';
import { namespacedMetadata, subdomainSchema } from './metadata.ts';
import { parentReferencesCheck, parentReferencesSchema } from './object-reference.ts';
import { routeAnnotationsCheck } from './route-annotations.ts';
import { reportRepeatedFilters, routeRulesCheck, routeSpecShape, rulesSchema } from './route-rules.ts';
import { sessionPersistenceSchema } from './session-persistence.ts';

/** As protobuf has them: `package.Service`, and the name of a method. */
const names = {
  service: { pattern: /^[A-Za-z_][A-Za-z0-9_]*(\.[A-Za-z_][A-Za-z0-9_]*)*$/, hint: 'write package.Service' },
  method: { pattern: /^[A-Za-z_][A-Za-z0-9_]*$/, hint: 'write the name of a method' },
} as const;

const methodMatchSchema = z
  .object({
    /** `RegularExpression` is RE2's, and takes a whole name or nothing; `patternFaults` checks it. */
    type: z.enum(['Exact', 'RegularExpression']).default('Exact'),
    /** With its package; every service when left out. */
    service: boundedText('a service', 1024).optional(),
    /** Every method when left out. */
    method: boundedText('a method', 1024).optional(),
  })
  .check(
    crossCheck(['type', 'service', 'method'], (match, report) => {
      if (!match.service && !match.method) report([], 'write service, method or both');
      for (const field of ['service', 'method'] as const) {
        const value = match[field];
        if (value === undefined || value === '') continue;
        if (match.type === 'Exact' && !names[field].pattern.test(value)) report([field], names[field].hint);
      }
    }),
  );

const grpcRouteMatchSchema = z.object({
  method: methodMatchSchema.optional(),
  headers: headerMatchesSchema,
});

const grpcRouteRuleSchema = z
  .object({
    name: subdomainSchema.optional(),
    /** Alternatives: one must hold. None: every call. */
    matches: z.array(grpcRouteMatchSchema).max(64, 'a rule has at most 64 matches').default([]),
    filters: z.array(grpcRouteFilterSchema).max(16, 'a rule has at most 16 filters').default([]),
    /** Without a backend the rule answers UNAVAILABLE. */
    backendRefs: z.array(httpBackendRefSchema).max(16, 'a rule has at most 16 backendRefs').default([]),
    sessionPersistence: sessionPersistenceSchema.optional(),
  })
  .check(
    crossCheck(['filters', 'backendRefs'], ({ filters, backendRefs }, report) => {
      for (const [backend, { filters: ofBackend = [] }] of backendRefs.entries()) {
        const index = ofBackend.findIndex(({ type }) => type === 'URLRewrite');
        if (index >= 0) {
          report(
            ['backendRefs', backend, 'filters', index, 'type'],
            'a GRPCRoute has no URLRewrite: calls go by the names of service and method',
          );
        }
      }
      reportRepeatedFilters(filters, report);
    }),
  );

/**
 * Routing of gRPC calls by service and method: Gateway API's GRPCRoute v1 in its mesh form (GAMMA), byte for byte. It has no
 * timeouts and retries of its own; those of the service hold. Calls alone match: what is no gRPC is answered 404, and a call
 * that no rule takes UNIMPLEMENTED.
 *
 * Bounds are the standard's, as those of HTTPRoute. Source: gateway-api `apis/v1/grpcroute_types.go`, GEP-1016.
 */
export const grpcRouteSchema = z.object({
  apiVersion: z
    .enum(['gateway.networking.k8s.io/v1', 'gateway.networking.k8s.io/v1alpha2'])
    .transform(() => 'gateway.networking.k8s.io/v1' as const),
  kind: z.literal('GRPCRoute'),
  metadata: namespacedMetadata(subdomainSchema).check(routeAnnotationsCheck),
  spec: z
    .object({
      parentRefs: parentReferencesSchema,
      ...routeSpecShape,
      rules: rulesSchema(grpcRouteRuleSchema).default([{ matches: [], filters: [], backendRefs: [] }]),
    })
    .check(routeRulesCheck)
    .check(parentReferencesCheck),
  status: z.unknown().optional(),
});

export type GrpcRoute = z.output<typeof grpcRouteSchema>;
export type GrpcRouteMatch = z.output<typeof grpcRouteMatchSchema>;

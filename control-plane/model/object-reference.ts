import { z } from 'zod';
import { boundedText } from './bounded-text.ts';
import { crossCheck } from './cross-check.ts';
import { labelNameSchema, portNumberSchema, subdomainSchema } from './metadata.ts';
import { reportRepeatedNames } from './repeated-names.ts';

/**
 * An API group. The core group, whose apiVersion is plain `v1`, is the empty string; Linkerd's documentation spells it
 * `core`, which is read as the same.
 */
export const groupSchema = boundedText('a group', 253, {
  pattern: /^$|^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$/,
  hint: 'write an API group such as gateway.networking.k8s.io; the core group is ""',
}).transform((group) => (group === 'core' ? '' : group));

export const kindSchema = boundedText('a kind', 63, {
  pattern: /^[a-zA-Z]([-a-zA-Z0-9]*[a-zA-Z0-9])?$/,
  hint: 'write a kind such as Service',
});

/**
 * What a route attaches to. In the mesh a Service, `{group: "", kind: Service, name: cart}`, or what is outside it,
 * `{group: heddle.dev, kind: ExternalService, name: api}`. Other parents (a Gateway) belong to somebody else and are left alone.
 *
 * The defaults of group and kind are Gateway API's, a Gateway; a Service without `group: ""` is refused, because a
 * Kubernetes API server would take it for something else.
 */
export const parentReferenceSchema = z
  .object({
    group: groupSchema.default('gateway.networking.k8s.io'),
    kind: kindSchema.default('Gateway'),
    /** The route's own namespace when left out. */
    namespace: labelNameSchema.optional(),
    name: subdomainSchema,
    /** Name of one port of the parent. */
    sectionName: subdomainSchema.optional(),
    /** Number of one port of the parent; with neither, the route holds for all its ports. */
    port: portNumberSchema.optional(),
  })
  .check(
    crossCheck(['group', 'kind'], ({ group, kind }, report) => {
      if (kind === 'Service' && group !== '') {
        report(['group'], 'a Service is in the core group: write group: ""');
      }
      if (kind === 'ExternalService' && group !== 'heddle.dev') {
        report(['group'], 'an ExternalService is in the group heddle.dev');
      }
    }),
  );

export type ParentReference = z.output<typeof parentReferenceSchema>;

export const parentReferencesSchema = z
  .array(parentReferenceSchema)
  .max(32, 'a route has at most 32 parentRefs')
  .default([]);

/** No parent is named twice. */
export const parentReferencesCheck = crossCheck<{ readonly parentRefs: readonly ParentReference[] }>(
  ['parentRefs'],
  ({ parentRefs }, report) => {
    const identities = parentRefs.map(({ group, kind, namespace, name, sectionName, port }) =>
      [group, kind, namespace ?? '', name, sectionName ?? '', port ?? ''].join('/'),
    );
    reportRepeatedNames(identities, (index) => report(['parentRefs', index], 'the same parent is named twice'));
  },
);

/** Whether a Service is referred to. */
export function isServiceReference(reference: { readonly group: string; readonly kind: string }): boolean {
  return reference.kind === 'Service' && reference.group === '';
}

/** Whether something outside the mesh is referred to. */
export function isExternalReference(reference: { readonly group: string; readonly kind: string }): boolean {
  return reference.kind === 'ExternalService' && reference.group === 'heddle.dev';
}

/** Whether it is one of the two that calls go to, so that what is said of it is ours to do. */
export function isMeshReference(reference: { readonly group: string; readonly kind: string }): boolean {
  return isServiceReference(reference) || isExternalReference(reference);
}

/** The fields of a backend reference; the default group and kind are a core Service, as in Gateway API. */
export const backendReferenceShape = {
  group: groupSchema.default(''),
  kind: kindSchema.default('Service'),
  /** The route's own namespace when left out. */
  namespace: labelNameSchema.optional(),
  name: subdomainSchema,
  /** Port of the Service; required for Services. */
  port: portNumberSchema.optional(),
};

const weightHint = 'write a whole number from 0 to 1000000';

/** Of a backend, beside the others of its rule. */
export const weightSchema = z
  .number({ error: weightHint })
  .int(weightHint)
  .min(0, weightHint)
  .max(1_000_000, weightHint)
  .default(1);

/** A Service is called at one of its ports, and what is outside the mesh too. */
export const requirePort = crossCheck<{
  readonly group: string;
  readonly kind: string;
  readonly port?: number | undefined;
}>(['group', 'kind', 'port'], (backend, report) => {
  if (isMeshReference(backend) && backend.port === undefined) report([], 'missing field port');
});

/**
 * What a policy attaches to: a Service or an ExternalService, or with `sectionName` one named port of it. Always in the policy's own namespace.
 *
 * Source: Gateway API `LocalPolicyTargetReferenceWithSectionName`.
 */
export const policyTargetSchema = z
  .object({
    group: groupSchema,
    kind: kindSchema,
    name: subdomainSchema,
    sectionName: subdomainSchema.optional(),
  })
  .check(
    crossCheck(['group', 'kind'], ({ group, kind }, report) => {
      if (kind === 'ExternalService') {
        if (group !== 'heddle.dev') report(['group'], 'an ExternalService is in the group heddle.dev');
      } else if (kind !== 'Service') report(['kind'], 'a policy of the mesh targets a Service or an ExternalService');
      else if (group !== '') report(['group'], 'a Service is in the core group: write group: ""');
    }),
  );

/** No target is named twice. */
export const policyTargetsCheck = crossCheck<{ readonly targetRefs: readonly z.output<typeof policyTargetSchema>[] }>(
  ['targetRefs'],
  ({ targetRefs }, report) => {
    reportRepeatedNames(
      targetRefs.map(({ kind, name, sectionName }) => `${kind}/${name}/${sectionName ?? ''}`),
      (index) => report(['targetRefs', index], 'the same target is named twice'),
    );
  },
);

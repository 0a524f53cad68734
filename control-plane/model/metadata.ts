import { z } from 'zod';
import { boundedText } from './bounded-text.ts';

/**
 * Names of documents: RFC 1123 subdomain, at most 253 characters. ASCII only, so that no two names look alike, and
 * free of everything that means something in a path, a header, a file name or HTML.
 */
export const subdomainSchema = boundedText('a name', 253, {
  pattern: /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/,
  hint: 'a name has lower-case letters, digits, "-" and ".", and begins and ends with a letter or digit',
});

/** Names of services, namespaces and ports: RFC 1123 label, at most 63 characters, because they become part of a host name. */
export const labelNameSchema = boundedText('a name', 63, {
  pattern: /^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/,
  hint: 'a name has lower-case letters, digits and "-", and begins and ends with a letter or digit',
});

export const portNumberSchema = z
  .number({ error: 'write a port number from 1 to 65535' })
  .int('write a port number from 1 to 65535')
  .min(1, 'write a port number from 1 to 65535')
  .max(65535, 'write a port number from 1 to 65535');

const labelKeySchema = boundedText('a label key', 317, {
  pattern: /^([a-z0-9]([-a-z0-9.]*[a-z0-9])?\/)?[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?$/,
  hint: 'a label key is at most 63 letters, digits, "-", "_" and ".", with an optional DNS prefix and "/"',
});

const labelValueSchema = boundedText('a label value', 63, {
  pattern: /^([A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?)?$/,
  hint: 'a label value is text of letters, digits, "-", "_" and "."; put numbers and booleans in quotes',
});

/** Kubernetes labels; values have at most 63 characters. */
export const labelsSchema = z.record(labelKeySchema, labelValueSchema);

/** Kubernetes bounds all annotations of an object together. */
export const maxAnnotationBytes = 256 * 1024;

const annotationsSchema = z
  .record(labelKeySchema, boundedText('an annotation', maxAnnotationBytes))
  .refine(
    (annotations) =>
      Object.entries(annotations).reduce(
        (sum, [key, value]) => sum + key.length + Buffer.byteLength(String(value)),
        0,
      ) <= maxAnnotationBytes,
    'annotations have at most 256 KiB together',
  );

/**
 * What every document carries. The fields after `annotations` are written by the server; they are accepted so that what
 * was read can be written back, and ignored except for `resourceVersion`, which makes a replacement conditional.
 *
 * Source: Kubernetes `metav1.ObjectMeta`.
 */
const commonMetadata = {
  labels: labelsSchema.optional(),
  annotations: annotationsSchema.optional(),
  resourceVersion: boundedText('a resourceVersion', 32).optional(),
  uid: boundedText('a uid', 64).optional(),
  generation: z.number().int().optional(),
  creationTimestamp: boundedText('a time', 64).nullable().optional(),
  generateName: z.string().optional(),
  selfLink: z.string().optional(),
  deletionTimestamp: z.string().nullable().optional(),
  deletionGracePeriodSeconds: z.number().nullable().optional(),
  ownerReferences: z.array(z.unknown()).optional(),
  finalizers: z.array(z.string()).optional(),
  managedFields: z.array(z.unknown()).optional(),
};

/** Metadata of a namespaced kind; the namespace is `default` when left out, as with kubectl. */
export function namespacedMetadata<Name extends z.ZodType<string>>(name: Name) {
  return z.object({ name, namespace: labelNameSchema.default('default'), ...commonMetadata });
}

/** Metadata of a cluster-scoped kind. */
export function clusterMetadata<Name extends z.ZodType<string>>(name: Name) {
  return z.object({ name, ...commonMetadata });
}

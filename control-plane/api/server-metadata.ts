import { randomUUID } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import type { ModelDocument } from '../model/kinds.ts';

/** Bookkeeping of Kubernetes that comes along with `kubectl get -o yaml` and means nothing here. */
const dropped = ['managedFields', 'selfLink', 'generateName'] as const;

/**
 * A document as it will be stored: what a writer may not choose is taken from the document that is there, or made.
 * `generation` grows with each change of the spec; a status that came along is not kept.
 */
export function withServerMetadata(
  written: ModelDocument,
  current: ModelDocument | null,
  nowMs: number,
): ModelDocument {
  const { status: _, ...next } = structuredClone(written);
  const { uid, creationTimestamp, resourceVersion, generation = 1 } = current?.metadata ?? {};
  const isChanged = current !== null && !isDeepStrictEqual(next.spec, current.spec);
  next.metadata.uid = uid ?? randomUUID();
  next.metadata.creationTimestamp = creationTimestamp ?? new Date(nowMs).toISOString();
  next.metadata.generation = isChanged ? generation + 1 : generation;
  if (resourceVersion === undefined) delete next.metadata.resourceVersion;
  else next.metadata.resourceVersion = resourceVersion;
  for (const field of dropped) delete next.metadata[field];
  return next;
}

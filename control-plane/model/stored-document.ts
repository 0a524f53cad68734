import { checkDocument } from './check-document.ts';
import { formatPath } from './document-violation.ts';
import type { ModelDocument } from './kinds.ts';

/** What lies in the store is no document of this version: it was written by a later one, or by something else. */
export class StoredDocumentError extends Error {
  override readonly name = 'StoredDocumentError';
}

/** A document as the store keeps it: JSON, without `status` and `resourceVersion`, which are worked out when it is read. */
export function toStored(document: ModelDocument): string {
  const { status: _, ...kept } = document;
  const { resourceVersion: __, ...metadata } = kept.metadata;
  return JSON.stringify({ ...kept, metadata });
}

/**
 * Reads what {@link toStored} wrote at that revision. It is checked again, so that a document of an earlier version gets
 * the defaults of this one.
 *
 * @throws StoredDocumentError
 */
export function fromStored(value: string, modRevision: number): ModelDocument {
  const { document, faults } = checkDocument(parse(value));
  if (document === null) {
    const [fault] = faults;
    throw new StoredDocumentError(fault === undefined ? 'no document' : `${formatPath(fault.path)}: ${fault.message}`);
  }
  document.metadata.resourceVersion = String(modRevision);
  return document;
}

function parse(value: string): unknown {
  try {
    return JSON.parse(value);
  } catch (cause) {
    throw new StoredDocumentError('not JSON', { cause });
  }
}

import { checkDocument } from './check-document.ts';
import { formatPath } from './document-violation.ts';
import type { ModelDocument } from './kinds.ts';

/** What lies in the store is no document of this version: it was written by a later one, or by something else. */
export class StoredDocumentError extends Error {
  override readonly name = 'StoredDocumentError';
}

/**
 * A document as the store keeps it: JSON, without `status` and `resourceVersion`, which are worked out when it is read, and
 * with the time of the write where Kubernetes has it, which no version of the program asks of a document.
 */
export function toStored(document: ModelDocument, writtenAt: string | null = null): string {
  const { status: _, ...kept } = document;
  const { resourceVersion: __, ...metadata } = kept.metadata;
  const managedFields = writtenAt === null ? [] : [{ manager: 'heddle', time: writtenAt }];
  return JSON.stringify({ ...kept, metadata: { ...metadata, ...(writtenAt !== null && { managedFields }) } });
}

/** What was stored, unchecked, and when; null for what is not JSON, and for a time that nobody noted. */
export function storedFields(value: string): { readonly document: unknown; readonly writtenAt: string | null } {
  try {
    const document: unknown = JSON.parse(value);
    const { metadata } = Object(document) as { metadata?: { managedFields?: readonly { time?: unknown }[] } };
    const time = metadata?.managedFields?.[0]?.time;
    return { document, writtenAt: typeof time === 'string' ? time : null };
  } catch {
    return { document: null, writtenAt: null }; // a later version may keep something else; a list of changes goes on
  }
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
  delete document.metadata.managedFields;
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

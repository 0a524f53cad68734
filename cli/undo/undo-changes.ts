import type { ApiClient, RecordedChange } from '../../control-plane/api/client.ts';
import { kindOf, namespaceOf } from '../../control-plane/model/kinds.ts';
import { CliError, exitCodes } from '../cli-error.ts';
import type { UndoStep } from './undo-plan.ts';

/** Each of them as history has it. @throws CliError for one that cannot be undone any more */
export async function readChanges(client: ApiClient, revisions: readonly number[]): Promise<readonly RecordedChange[]> {
  const changes: RecordedChange[] = [];
  for (const revision of revisions) {
    try {
      changes.push(await client.change(revision));
    } catch (error) {
      const { reason, message } = Object(error) as { reason?: string; message?: string };
      if (reason !== 'NotFound' || message === undefined) throw error;
      throw new CliError(`${message}. Nothing was undone.`, 'heddle undo --list', exitCodes.nothingFound);
    }
  }
  return changes;
}

/** The newest change of a document. @throws CliError where there is none */
export async function newestChange(client: ApiClient): Promise<number> {
  const [newest] = await client.changes(1);
  if (newest !== undefined) return newest.revision;
  throw new CliError('nothing has been changed yet', 'heddle apply --help', exitCodes.nothingFound);
}

/**
 * Writes what was there before, on condition that the document is still as the plan found it. Resolves with the revision of
 * the write; null where nothing had to be written.
 *
 * @throws ApiCallError Conflict, when somebody was faster
 */
export async function takeBack(client: ApiClient, { before, now, expected }: UndoStep): Promise<string | null> {
  const document = before ?? now;
  const kind = document === null ? null : kindOf(document.apiVersion, document.kind);
  if (document === null || kind === null) return null;
  if (before === null) {
    const options = expected === null ? {} : { resourceVersion: expected };
    return (await client.delete(kind, namespaceOf(document), document.metadata.name, options)).resourceVersion;
  }
  const { resourceVersion: _, ...metadata } = before.metadata;
  const written =
    expected === null
      ? await client.create(kind, { ...before, metadata } as typeof before)
      : await client.put(kind, { ...before, metadata: { ...metadata, resourceVersion: expected } } as typeof before);
  return written.change === 'unchanged' ? null : (written.document.metadata.resourceVersion ?? null);
}

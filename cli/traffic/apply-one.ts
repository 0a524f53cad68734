import type { ApiClient } from '../../control-plane/api/client.ts';
import type { DocumentOf, KindName, ModelDocument } from '../../control-plane/model/kinds.ts';
import { convergenceReceipt } from '../apply/convergence-receipt.ts';

/** How long commands that change one thing wait until it is so everywhere. */
const WAIT_MS = 30_000;

/** What has become of a change that a command has made. */
export interface Outcome {
  /** How far it has come, in words. */
  readonly receipt: string;
  /** What to type to have it back as it was; null where nothing was changed. */
  readonly undo: string | null;
}

/**
 * Writes one document that a command has made of `before`, and waits until every sidecar that it concerns has it in force.
 * `say` gets what the control plane remarks.
 *
 * @throws CliError where it is not in force in time, when `say` has got how to undo it; ApiCallError, Conflict or AlreadyExists
 *   when somebody has written since `before` was read: what they wrote would be lost
 */
export async function applyOne(
  client: ApiClient,
  document: object,
  before: ModelDocument | null,
  say: (line: string) => void,
): Promise<Outcome> {
  const [{ checkDocument }, { kindOf }] = await Promise.all([
    import('../../control-plane/model/check-document.ts'),
    import('../../control-plane/model/kinds.ts'),
  ]);
  const checked = checkDocument(document).document;
  const kind = checked && kindOf(checked.apiVersion, checked.kind);
  if (checked === null || kind === null) throw new Error('a command has made a document with a fault');
  if (before !== null) checked.metadata.resourceVersion = before.metadata.resourceVersion;
  const write = before === null ? client.create(kind, checked) : client.put(kind, checked);
  const { document: written, change, warnings } = await write;
  for (const { field, message } of warnings) say(`warning: ${field}: ${message}`);
  const revision = written.metadata.resourceVersion ?? '0';
  return outcomeOf(client, revision, change === 'unchanged' ? null : `heddle undo ${revision}`, say);
}

async function outcomeOf(
  client: ApiClient,
  revision: string,
  undo: string | null,
  say: (line: string) => void,
): Promise<Outcome> {
  try {
    return { receipt: await receiptFor(client, revision), undo };
  } catch (error) {
    if (undo !== null) say(`  undo: ${undo}`);
    throw error;
  }
}

/** Waits until the revision is in force. @throws CliError where it is not in time */
export async function receiptFor(client: ApiClient, revision: string): Promise<string> {
  return `${convergenceReceipt(await client.convergence(revision, WAIT_MS), WAIT_MS)} · revision ${revision}`;
}

/** The document of that name; null where there is none. */
export async function findOne<Name extends KindName>(
  client: ApiClient,
  kindName: Name,
  namespace: string | null,
  name: string,
): Promise<DocumentOf<Name> | null> {
  const { kinds } = await import('../../control-plane/model/kinds.ts');
  try {
    return (await client.get(kinds[kindName], namespace, name)) as DocumentOf<Name>;
  } catch (error) {
    if (Object(error).reason === 'NotFound') return null;
    throw error;
  }
}

/** The same as {@link applyOne} for taking away what was read before. */
export async function deleteOne(
  client: ApiClient,
  before: ModelDocument,
  say: (line: string) => void,
): Promise<Outcome> {
  const { kinds, namespaceOf } = await import('../../control-plane/model/kinds.ts');
  const { name, resourceVersion: read } = before.metadata;
  const precondition = read === undefined ? {} : { resourceVersion: read };
  const { resourceVersion } = await client.delete(kinds[before.kind], namespaceOf(before), name, precondition);
  return outcomeOf(client, resourceVersion, `heddle undo ${resourceVersion}`, say);
}

import type { ModelDocument } from '../model/kinds.ts';
import { allKinds, documentName } from '../model/kinds.ts';
import { fromStored, storedFields } from '../model/stored-document.ts';
import type { Change, Entry, Store } from '../store/store.ts';
import { CompactedError } from '../store/store.ts';
import type { FieldChange } from './field-changes.ts';
import { fieldChanges } from './field-changes.ts';

/** One write of a document, without what it said. */
export interface ChangeSummary {
  readonly revision: number;
  /** `HTTPRoute/default/cart` */
  readonly document: string;
  readonly what: 'created' | 'replaced' | 'deleted';
  /** RFC 3339; null where nobody noted it, as of a deletion. */
  readonly at: string | null;
  /** What a replacement has changed, as far as history knows. */
  readonly fields: readonly FieldChange[];
}

/** One write of a document, with all that is needed to take it back. */
export interface RecordedChange extends ChangeSummary {
  /** What was there before; null where nothing was. */
  readonly before: ModelDocument | null;
  /** What it said from then on; null for a deletion. */
  readonly after: ModelDocument | null;
  /** The revision that the document is at now; null when it is gone. */
  readonly current: number | null;
  /** The revision of its latest change, which may have taken it away. */
  readonly latest: number;
}

/** Revisions that are looked through for the newest changes of documents: others are few. */
const maxLookedThrough = 200;

/** The newest changes of documents, the newest first; fewer where history holds no more. */
export async function newestChanges(store: Store, limit: number): Promise<readonly ChangeSummary[]> {
  const changes = await changesAfter(store, Math.max(0, store.revision() - maxLookedThrough));
  const newest = changes
    .filter(({ key }) => isDocument(key))
    .slice(-limit)
    .reverse();
  const summaries: ChangeSummary[] = [];
  for (const change of newest) summaries.push(summaryOf(change, await entryBefore(store, change)));
  return summaries;
}

/**
 * The change that made this revision; null when history has it no more, never had it, or it changed no document.
 *
 * @throws StoredDocumentError for a document that a later version of the program has written
 */
export async function changeAt(store: Store, revision: number): Promise<RecordedChange | null> {
  if (revision < 1 || revision > store.revision()) return null;
  const change = await firstAfter(store, revision - 1);
  if (change === null || !isDocument(change.key)) return null;
  const before = await entryBefore(store, change);
  if (before === undefined) return null;
  const current = await store.get(change.key);
  return {
    ...summaryOf(change, before),
    before: before === null ? null : fromStored(before.value, before.modRevision),
    after: change.type === 'put' ? fromStored(change.entry.value, change.revision) : null,
    current: current?.modRevision ?? null,
    latest: (await store.history(change.key)).at(-1)?.revision ?? current?.modRevision ?? change.revision,
  };
}

/** What the key held before; null for nothing, undefined where history no longer knows. */
async function entryBefore(store: Store, change: Change): Promise<Entry | null | undefined> {
  if (change.type === 'delete') return change.previous;
  if (change.entry.createRevision === change.revision) return null;
  const earlier = (await store.history(change.key)).findLast(({ revision }) => revision < change.revision);
  return earlier?.type === 'put' ? earlier.entry : undefined;
}

async function firstAfter(store: Store, fromRevision: number): Promise<Change | null> {
  const { signal } = new AbortController();
  try {
    for await (const change of store.watch({ prefix: '', fromRevision, signal })) return change;
    return null;
  } catch (error) {
    if (error instanceof CompactedError) return null;
    throw error;
  }
}

/** Those up to now; those that history still has. */
async function changesAfter(store: Store, fromRevision: number): Promise<readonly Change[]> {
  const last = store.revision();
  const changes: Change[] = [];
  if (fromRevision >= last) return changes;
  const { signal } = new AbortController();
  try {
    for await (const change of store.watch({ prefix: '', fromRevision, signal })) {
      changes.push(change);
      if (change.revision >= last) break;
    }
    return changes;
  } catch (error) {
    if (error instanceof CompactedError && error.oldest > fromRevision) return changesAfter(store, error.oldest);
    throw error;
  }
}

/** The control plane keeps other things beside documents, whose keys begin with no slash. */
function isDocument(key: string): boolean {
  return key.startsWith('/');
}

function summaryOf(change: Change, before: Entry | null | undefined): ChangeSummary {
  const after = change.type === 'put' ? storedFields(change.entry.value) : null;
  const isNew = change.type === 'put' && change.entry.createRevision === change.revision;
  return {
    revision: change.revision,
    document: nameOfKey(change.key),
    what: change.type === 'delete' ? 'deleted' : isNew ? 'created' : 'replaced',
    at: after === null ? null : after.writtenAt,
    fields: after === null || !before ? [] : fieldChanges(storedFields(before.value).document, after.document),
  };
}

/** `HTTPRoute/default/cart` of `/gateway.networking.k8s.io/httproutes/default/cart`, as {@link documentName} has it. */
function nameOfKey(key: string): string {
  const [, group, plural, namespace, name] = key.split('/');
  const kind = allKinds.find((row) => row.plural === plural && (row.group || 'core') === group)?.kind ?? plural;
  return namespace === '_' ? `${kind}/${name}` : `${kind}/${namespace}/${name}`;
}

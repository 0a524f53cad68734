import type { Kind, ModelDocument } from '../model/kinds.ts';
import { documentName, storePrefix } from '../model/kinds.ts';
import type { Change, Store } from '../store/store.ts';
import type { DocumentRepository } from './document-repository.ts';
import type { RegistrySource } from './registered-workloads.ts';
import type { Status } from './status.ts';

/** One line of a watch. After `ERROR` nothing follows. */
export type WatchEvent =
  | { readonly type: 'ADDED' | 'MODIFIED' | 'DELETED'; readonly object: ModelDocument }
  | { readonly type: 'ERROR'; readonly object: Status };

export interface WatchOptions {
  readonly store: Store;
  readonly registry: RegistrySource;
  readonly repository: DocumentRepository;
  readonly kind: Kind;
  /** `null` is all of them. */
  readonly namespace: string | null;
  /** Changes after this revision; `null` begins with all there is, each as `ADDED`. */
  readonly fromRevision: number | null;
  readonly signal: AbortSignal;
}

/**
 * The changes of one kind as they happen, until the signal aborts.
 *
 * Nothing is buffered: the store is read as fast as the caller pulls. Registered workloads have no revisions, so a watch
 * of Workloads begins with those there are, whatever `fromRevision` says, and then tells how they differ from what it
 * told before.
 *
 * @throws CompactedError when the store no longer has the revision: list again
 */
export async function* watchDocuments(options: WatchOptions): AsyncGenerator<WatchEvent, void, undefined> {
  const { store, repository, kind, namespace, signal } = options;
  let { fromRevision } = options;
  if (fromRevision === null) {
    const { revision, entries } = await store.list(storePrefix(kind, namespace ?? undefined));
    for (const entry of entries) {
      const object = repository.read(entry);
      if (object !== null) yield { type: 'ADDED', object };
    }
    fromRevision = revision;
  }
  const changes = store.watch({ prefix: storePrefix(kind, namespace ?? undefined), fromRevision, signal });
  if (kind.kind === 'Workload') yield* withRegistered(changes, options);
  else for await (const change of changes) yield* eventsOf(change, repository);
}

function* eventsOf(change: Change, repository: DocumentRepository): Generator<WatchEvent> {
  const object = repository.read(change.type === 'put' ? change.entry : { ...change.previous });
  if (object === null) return;
  object.metadata.resourceVersion = String(change.revision);
  if (change.type === 'delete') yield { type: 'DELETED', object };
  else yield { type: change.entry.createRevision === change.revision ? 'ADDED' : 'MODIFIED', object };
}

/** Changes of the store and of the registry in one stream. */
async function* withRegistered(
  changes: AsyncIterable<Change>,
  { registry, repository, namespace, signal }: WatchOptions,
): AsyncGenerator<WatchEvent, void, undefined> {
  const told = new Map<string, ModelDocument>();
  let wake = () => {};
  let isStale = true;
  const stopListening = registry.onChange(() => {
    isStale = true;
    wake();
  });
  const iterator = changes[Symbol.asyncIterator]();
  let nextChange: Promise<IteratorResult<Change>> | null = null;
  try {
    while (!signal.aborted) {
      if (isStale) {
        isStale = false;
        yield* registeredEvents(told, repository.registered(namespace));
        continue;
      }
      nextChange ??= iterator.next();
      const registryChange = new Promise<null>((resolve) => {
        wake = () => resolve(null);
      });
      const result = await Promise.race([nextChange, registryChange]);
      if (result === null) continue;
      if (result.done === true) return;
      nextChange = null;
      yield* eventsOf(result.value, repository);
    }
  } finally {
    stopListening();
    await iterator.return?.();
  }
}

function* registeredEvents(told: Map<string, ModelDocument>, now: readonly ModelDocument[]): Generator<WatchEvent> {
  const byName = new Map(now.map((document) => [documentName(document), document]));
  for (const [key, object] of told) {
    if (byName.has(key)) continue;
    told.delete(key);
    yield { type: 'DELETED', object };
  }
  for (const [key, object] of byName) {
    const before = told.get(key);
    told.set(key, object);
    if (before === undefined) yield { type: 'ADDED', object };
    else if (JSON.stringify(before) !== JSON.stringify(object)) yield { type: 'MODIFIED', object };
  }
}

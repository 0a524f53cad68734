import { isDeepStrictEqual } from 'node:util';
import type { Log } from '../log.ts';
import type { Kind, ModelDocument } from '../model/kinds.ts';
import { documentName, namespaceOf, storeKey, storePrefix } from '../model/kinds.ts';
import { fromStored, toStored } from '../model/stored-document.ts';
import type { Entry, Store } from '../store/store.ts';
import { RevisionConflictError } from '../store/store.ts';
import type { RegistrySource } from './registered-workloads.ts';
import { registeredWorkloadDocument } from './registered-workloads.ts';
import { withServerMetadata } from './server-metadata.ts';
import { ApiError } from './status.ts';

export interface WriteResult {
  readonly document: ModelDocument;
  readonly change: DocumentChange;
}

/** What a write did, or would have done. */
export type DocumentChange = 'created' | 'replaced' | 'unchanged';

/** What a caller demands of the document that is there before it is deleted; `null` demands nothing. */
export interface Precondition {
  readonly resourceVersion: string | null;
  readonly uid: string | null;
}

/** What is there now. `document` is also `null` for one that cannot be read; it can still be replaced and deleted. */
interface Current {
  readonly document: ModelDocument | null;
  readonly revision: number | 'absent';
}

/** An unconditional write that meets other writers tries again this often. */
const maxAttempts = 5;

/** Documents in the store, and registered workloads beside them. */
export class DocumentRepository {
  readonly #store: Store;
  readonly #registry: RegistrySource;
  readonly #log: Log;
  readonly #now: () => number;

  constructor(options: { store: Store; registry: RegistrySource; log: Log; now?: () => number }) {
    this.#store = options.store;
    this.#registry = options.registry;
    this.#log = options.log;
    this.#now = options.now ?? Date.now;
  }

  /** All documents of a kind, in one namespace or in all, and the store's revision they are of. */
  async list(kind: Kind, namespace: string | null): Promise<{ revision: number; documents: ModelDocument[] }> {
    const { revision, entries } = await this.#store.list(storePrefix(kind, namespace ?? undefined));
    const documents = entries.flatMap((entry) => this.read(entry) ?? []);
    const registered = kind.kind === 'Workload' ? this.registered(namespace) : [];
    return { revision, documents: [...documents, ...registered] };
  }

  /** @throws ApiError 404 */
  async get(kind: Kind, namespace: string | null, name: string): Promise<ModelDocument> {
    const { document } = await this.#current(kind, namespace, name);
    const found = document ?? this.#registeredNamed(kind, namespace, name);
    if (found === undefined) throw notFound(kind, namespace, name);
    return found;
  }

  /**
   * Creates the document, or replaces the one of its name. A `resourceVersion` in it must be that of the present
   * document (409 otherwise); without one the write is unconditional. A replacement that changes nothing is no write.
   */
  async put(kind: Kind, document: ModelDocument, { dryRun }: { dryRun: boolean }): Promise<WriteResult> {
    const { name, resourceVersion: expected } = document.metadata;
    const namespace = namespaceOf(document);
    this.#refuseRegistered(kind, namespace, name);
    for (let attempt = 1; ; attempt++) {
      const current = await this.#current(kind, namespace, name);
      if (expected !== undefined && expected !== String(current.revision)) throw conflict(document, current);
      const next = withServerMetadata(document, current.document, this.#now());
      const change = changeOf(current, next);
      if (dryRun || change === 'unchanged') return { document: next, change };
      try {
        return { document: await this.#write(kind, next, current.revision), change };
      } catch (error) {
        if (!(error instanceof RevisionConflictError)) throw error;
        if (expected !== undefined || attempt === maxAttempts) throw conflict(document, null);
      }
    }
  }

  /** @throws ApiError 409 AlreadyExists; of several at one time exactly one succeeds */
  async create(kind: Kind, document: ModelDocument, { dryRun }: { dryRun: boolean }): Promise<WriteResult> {
    const { name } = document.metadata;
    const namespace = namespaceOf(document);
    this.#refuseRegistered(kind, namespace, name);
    const { revision } = await this.#current(kind, namespace, name);
    if (revision !== 'absent') throw alreadyExists(document);
    const next = withServerMetadata(document, null, this.#now());
    if (dryRun) return { document: next, change: 'created' };
    try {
      return { document: await this.#write(kind, next, 'absent'), change: 'created' };
    } catch (error) {
      throw error instanceof RevisionConflictError ? alreadyExists(document) : error;
    }
  }

  /** Uid of what was deleted, and the revision of the deletion; the document's own when it was only tried. */
  async delete(
    kind: Kind,
    namespace: string | null,
    name: string,
    { dryRun, precondition }: { dryRun: boolean; precondition: Precondition },
  ): Promise<{ uid: string; revision: number }> {
    this.#refuseRegistered(kind, namespace, name);
    const { document, revision } = await this.#current(kind, namespace, name);
    if (revision === 'absent') throw notFound(kind, namespace, name);
    const uid = document?.metadata.uid ?? '';
    const isWanted =
      (precondition.resourceVersion ?? String(revision)) === String(revision) && (precondition.uid ?? uid) === uid;
    if (!isWanted) throw changedMeanwhile(`${kind.kind} ${name}`, revision);
    if (dryRun) return { uid, revision };
    try {
      const deleted = await this.#store.delete(storeKey(kind, namespace, name), { expectedRevision: revision });
      if (deleted === null) throw notFound(kind, namespace, name);
      this.#log('info', 'deleted', { kind: kind.kind, namespace, name, revision: deleted.revision });
      return { uid, revision: deleted.revision };
    } catch (error) {
      throw error instanceof RevisionConflictError ? changedMeanwhile(`${kind.kind} ${name}`, null) : error;
    }
  }

  /** An entry as a document; `null`, and a line in the log, for one that this version cannot read. */
  read(entry: Entry): ModelDocument | null {
    try {
      return fromStored(entry.value, entry.modRevision);
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      this.#log('error', 'a stored document cannot be read and is left out', { key: entry.key, reason });
      return null;
    }
  }

  /** Workloads that sidecars registered, in one namespace or in all. */
  registered(namespace: string | null): ModelDocument[] {
    return this.#registry
      .view()
      .workloads.filter((workload) => namespace === null || workload.namespace === namespace)
      .map(registeredWorkloadDocument);
  }

  #registeredNamed(kind: Kind, namespace: string | null, name: string): ModelDocument | undefined {
    if (kind.kind !== 'Workload') return undefined;
    return this.registered(namespace).find(({ metadata }) => metadata.name === name);
  }

  #refuseRegistered(kind: Kind, namespace: string | null, name: string): void {
    if (this.#registeredNamed(kind, namespace, name) === undefined) return;
    throw new ApiError(
      'Conflict',
      `Workload ${name} is registered by its sidecar, which alone can change or remove it`,
      details(kind, name),
    );
  }

  async #current(kind: Kind, namespace: string | null, name: string): Promise<Current> {
    const entry = await this.#store.get(storeKey(kind, namespace, name));
    if (entry === null) return { document: null, revision: 'absent' };
    return { document: this.read(entry), revision: entry.modRevision };
  }

  async #write(kind: Kind, document: ModelDocument, expectedRevision: number | 'absent'): Promise<ModelDocument> {
    const key = storeKey(kind, namespaceOf(document), document.metadata.name);
    const entry = await this.#store.put(key, toStored(document, new Date(this.#now()).toISOString()), {
      expectedRevision,
    });
    this.#log('info', expectedRevision === 'absent' ? 'created' : 'replaced', {
      document: documentName(document),
      revision: entry.modRevision,
    });
    return fromStored(entry.value, entry.modRevision);
  }
}

function changeOf(current: Current, next: ModelDocument): DocumentChange {
  if (current.revision === 'absent') return 'created';
  return isDeepStrictEqual(next, current.document) ? 'unchanged' : 'replaced';
}

function details(kind: Kind, name: string) {
  return { group: kind.group, kind: kind.plural, name };
}

function notFound(kind: Kind, namespace: string | null, name: string): ApiError {
  const where = namespace === null ? '' : ` in namespace ${namespace}`;
  return new ApiError('NotFound', `there is no ${kind.kind} ${name}${where}`, details(kind, name));
}

function conflict(document: ModelDocument, current: Current | null): ApiError {
  return changedMeanwhile(documentName(document), current === null ? null : current.revision);
}

function changedMeanwhile(what: string, revision: number | 'absent' | null): ApiError {
  const now = revision === 'absent' ? '; it is gone' : `; it is at resourceVersion ${revision}`;
  return new ApiError(
    'Conflict',
    `${what} was changed by somebody else since it was read${revision === null ? '' : now}`,
  );
}

function alreadyExists(document: ModelDocument): ApiError {
  return new ApiError('AlreadyExists', `${documentName(document)} exists already`);
}

import { chmod, mkdir } from 'node:fs/promises';
import { ClassicLevel } from 'classic-level';
import type { StoreState } from './embedded-records.ts';
import {
  documentKey,
  documentRange,
  formatVersion,
  historyKey,
  historyRange,
  logKey,
  logRange,
  parseChange,
  parseEntry,
  revisionOfHistoryKey,
  stateKey,
} from './embedded-records.ts';
import type { Change, Entry, Store, WatchOptions, WriteOptions } from './store.ts';
import {
  CompactedError,
  checkKey,
  checkValue,
  RevisionConflictError,
  StoreFailedError,
  StoreOpenError,
} from './store.ts';

export interface EmbeddedStoreOptions {
  /** Changes kept for `watch` and `history`. Default 10 000. */
  readonly maxHistory?: number;
  /** Their total length. Default 64 Mi, so that large documents cannot fill a disk with their past. */
  readonly maxHistoryBytes?: number;
}

/** A write that waits for its turn. */
interface PendingWrite {
  readonly key: string;
  /** `null` deletes. */
  readonly value: string | null;
  readonly expectedRevision: number | 'absent' | undefined;
  readonly resolve: (change: Change | null) => void;
  readonly reject: (reason: Error) => void;
}

type Database = ClassicLevel<string, string>;
type Operation = { type: 'put'; key: string; value: string } | { type: 'del'; key: string };

/** Writes that share one sync; more wait for the next. Bounds the size of one LevelDB batch. */
const maxGroup = 64;

/** Changes read from the log at a time for one watcher. */
const watchPage = 128;

/**
 * The store of a single control plane: a LevelDB directory, one process, nothing to set up.
 *
 * Writers are served one after the other. Those that arrive while the disk is busy share the next batch and its sync
 * (group commit); each is acknowledged after that sync. LevelDB shows a batch to readers only once it is synced, so
 * nobody reads what may yet be lost. After a failed sync what reached the disk is unknown, and a later sync that
 * succeeds says nothing about it (Rebello et al. 2020, "Can Applications Recover from fsync Failures?"): the store
 * then refuses writes until a new process has read the directory again.
 */
export class EmbeddedStore implements Store {
  readonly #database: Database;
  readonly #maxHistory: number;
  readonly #maxHistoryBytes: number;
  #state: StoreState;
  /** As long as there are callers that wait; the API bounds those. */
  #queue: PendingWrite[] = [];
  #committing: Promise<void> | null = null;
  #failure: StoreFailedError | null = null;
  #closed = false;
  /** Watchers that have read all there is; called at the next change or at close. */
  readonly #waiting = new Set<() => void>();

  private constructor(database: Database, state: StoreState, options: EmbeddedStoreOptions) {
    this.#database = database;
    this.#state = state;
    this.#maxHistory = options.maxHistory ?? 10_000;
    this.#maxHistoryBytes = options.maxHistoryBytes ?? 64 * 1024 * 1024;
  }

  /**
   * Opens the directory, or makes it (0700).
   *
   * @throws StoreOpenError one line with the path: in use by another process, unreadable, of a later format
   */
  static async open(directory: string, options: EmbeddedStoreOptions = {}): Promise<EmbeddedStore> {
    let database: Database | undefined;
    try {
      await mkdir(directory, { recursive: true, mode: 0o700 });
      // An older directory, or a mask at its making, may have left it open to others.
      await chmod(directory, 0o700);
      database = new ClassicLevel<string, string>(directory);
      await database.open();
      const found = await database.get(stateKey);
      const state =
        found === undefined
          ? { format: formatVersion, revision: 0, compacted: 0, historyBytes: 0 }
          : (JSON.parse(found) as StoreState);
      if (state.format !== formatVersion) {
        throw new Error(`it has format ${state.format}, this program reads format ${formatVersion}`);
      }
      return new EmbeddedStore(database, state, options);
    } catch (error) {
      await database?.close().catch(() => {}); // the first error is the one to tell
      throw new StoreOpenError(openFailure(directory, error), { cause: error });
    }
  }

  async get(key: string): Promise<Entry | null> {
    const found = await this.#database.get(documentKey(key));
    return found === undefined ? null : parseEntry(found);
  }

  async list(prefix: string): Promise<{ revision: number; entries: Entry[] }> {
    // The revision and the entries must be of one moment, else a watch that starts there would miss or repeat.
    return this.#atOneMoment(async (snapshot, state) => {
      const values = await this.#database.values({ ...documentRange(prefix), snapshot }).all();
      return { revision: state.revision, entries: values.map(parseEntry) };
    });
  }

  async put(key: string, value: string, options: WriteOptions = {}): Promise<Entry> {
    checkKey(key);
    checkValue(value);
    const change = await this.#write(key, value, options);
    if (change?.type !== 'put') {
      throw new Error('a put always makes a change');
    }
    return change.entry;
  }

  async delete(key: string, options: WriteOptions = {}): Promise<{ revision: number; previous: Entry } | null> {
    checkKey(key);
    const change = await this.#write(key, null, options);
    return change?.type === 'delete' ? { revision: change.revision, previous: change.previous } : null;
  }

  async *watch({ prefix, fromRevision, signal }: WatchOptions): AsyncGenerator<Change, void, undefined> {
    let cursor = fromRevision;
    while (!signal.aborted && !this.#closed) {
      const page = await this.#changesAfter(cursor).catch((error: unknown) => {
        if (this.#closed) {
          return []; // the read was under way when the database closed
        }
        throw error;
      });
      for (const change of page) {
        if (signal.aborted) {
          return;
        }
        cursor = change.revision;
        if (change.key.startsWith(prefix)) {
          yield change;
        }
      }
      if (page.length === 0) {
        await this.#nextChange(cursor, signal);
      }
    }
  }

  async history(key: string): Promise<readonly Change[]> {
    return this.#atOneMoment(async (snapshot) => {
      const indexKeys = await this.#database.keys({ ...historyRange(key), snapshot }).all();
      const logKeys = indexKeys.map((indexKey) => logKey(revisionOfHistoryKey(indexKey)));
      const values = await this.#database.getMany(logKeys, { snapshot });
      return values.filter((value) => value !== undefined).map(parseChange);
    });
  }

  revision(): number {
    return this.#state.revision;
  }

  failure(): StoreFailedError | null {
    return this.#failure;
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#wakeWatchers();
    await this.#committing;
    await this.#database.close();
  }

  #write(key: string, value: string | null, { expectedRevision }: WriteOptions): Promise<Change | null> {
    if (this.#failure !== null) {
      return Promise.reject(this.#failure);
    }
    if (this.#closed) {
      return Promise.reject(new StoreFailedError('the store is closed'));
    }
    return new Promise((resolve, reject) => {
      this.#queue.push({ key, value, expectedRevision, resolve, reject });
      this.#committing ??= this.#commitAll();
    });
  }

  /** Runs while there are writes; never more than one at a time, and never rejects. */
  async #commitAll(): Promise<void> {
    while (this.#queue.length > 0) {
      const group = this.#queue.splice(0, maxGroup);
      try {
        await this.#commit(group);
      } catch (error) {
        const reason = error instanceof Error ? error.message : String(error);
        this.#failure = new StoreFailedError(`the store only reads since a write failed: ${reason}`, { cause: error });
        for (const write of [...group, ...this.#queue.splice(0)]) {
          write.reject(this.#failure);
        }
      }
    }
    this.#committing = null;
  }

  /** One batch, one sync. Whoever is answered, with an error or not, is answered after it. */
  async #commit(group: readonly PendingWrite[]): Promise<void> {
    const answers: (() => void)[] = [];
    const operations: Operation[] = [];
    // What earlier writes of this group leave behind for the later ones.
    const overlay = new Map<string, Entry | null>();
    let { revision, compacted, historyBytes } = this.#state;

    for (const write of group) {
      const current = overlay.has(write.key) ? (overlay.get(write.key) ?? null) : await this.get(write.key);
      if (!matches(current, write.expectedRevision)) {
        const { key, expectedRevision = 'absent', reject } = write;
        answers.push(() => reject(new RevisionConflictError(key, expectedRevision, current)));
        continue;
      }
      const change = changeFor(write, current, revision + 1);
      if (change !== null) {
        revision = change.revision;
        overlay.set(write.key, change.type === 'put' ? change.entry : null);
        historyBytes += appendRecords(operations, change);
      }
      answers.push(() => write.resolve(change));
    }

    if (operations.length > 0) {
      while (revision - compacted > this.#maxHistory || historyBytes > this.#maxHistoryBytes) {
        const oldest =
          compacted + 1 <= this.#state.revision ? await this.#database.get(logKey(compacted + 1)) : undefined;
        if (oldest === undefined) {
          break; // what this very batch adds is always kept
        }
        compacted += 1;
        historyBytes -= oldest.length;
        operations.push({ type: 'del', key: logKey(compacted) });
        operations.push({ type: 'del', key: historyKey(parseChange(oldest).key, compacted) });
      }
      const state: StoreState = { format: formatVersion, revision, compacted, historyBytes };
      operations.push({ type: 'put', key: stateKey, value: JSON.stringify(state) });
      await this.#database.batch(operations, { sync: true });
      this.#state = state;
    }
    for (const answer of answers) {
      answer();
    }
    this.#wakeWatchers();
  }

  /** The next page of the log. @throws CompactedError when the cursor is outside the kept history. */
  async #changesAfter(cursor: number): Promise<Change[]> {
    if (cursor === this.#state.revision) {
      return []; // the usual case of a watcher that keeps up
    }
    return this.#atOneMoment(async (snapshot, state) => {
      if (cursor < state.compacted || cursor > state.revision) {
        throw new CompactedError(cursor, state.compacted, state.revision);
      }
      const values = await this.#database.values({ ...logRange(cursor), limit: watchPage, snapshot }).all();
      return values.map(parseChange);
    });
  }

  /** Fulfils when there is something after `cursor`, at abort and at close. */
  #nextChange(cursor: number, signal: AbortSignal): Promise<void> {
    if (this.#state.revision !== cursor || this.#closed || signal.aborted) {
      return Promise.resolve();
    }
    return new Promise((resolve) => {
      const wake = (): void => {
        this.#waiting.delete(wake);
        signal.removeEventListener('abort', wake);
        resolve();
      };
      this.#waiting.add(wake);
      signal.addEventListener('abort', wake);
    });
  }

  #wakeWatchers(): void {
    for (const wake of [...this.#waiting]) {
      wake();
    }
  }

  async #atOneMoment<Result>(
    read: (snapshot: ReturnType<Database['snapshot']>, state: StoreState) => Promise<Result>,
  ): Promise<Result> {
    const snapshot = this.#database.snapshot();
    try {
      const found = await this.#database.get(stateKey, { snapshot });
      return await read(snapshot, found === undefined ? this.#state : (JSON.parse(found) as StoreState));
    } finally {
      await snapshot.close();
    }
  }
}

function matches(current: Entry | null, expected: number | 'absent' | undefined): boolean {
  if (expected === undefined) {
    return true;
  }
  return expected === 'absent' ? current === null : current?.modRevision === expected;
}

/** `null` for the deletion of what does not exist. */
function changeFor(write: PendingWrite, current: Entry | null, revision: number): Change | null {
  const { key, value } = write;
  if (value !== null) {
    const entry: Entry = { key, value, createRevision: current?.createRevision ?? revision, modRevision: revision };
    return { type: 'put', revision, key, entry };
  }
  return current === null ? null : { type: 'delete', revision, key, previous: current };
}

/** Adds a change's document, log and index records; returns how much longer the log has become. */
function appendRecords(operations: Operation[], change: Change): number {
  const { key, revision } = change;
  const record = JSON.stringify(change);
  if (change.type === 'put') {
    operations.push({ type: 'put', key: documentKey(key), value: JSON.stringify(change.entry) });
  } else {
    operations.push({ type: 'del', key: documentKey(key) });
  }
  operations.push({ type: 'put', key: logKey(revision), value: record });
  operations.push({ type: 'put', key: historyKey(key, revision), value: '' });
  return record.length;
}

function openFailure(directory: string, error: unknown): string {
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  if (cause instanceof Error && 'code' in cause && cause.code === 'LEVEL_LOCKED') {
    return `the data directory ${directory} is in use by another process`;
  }
  const reason = cause instanceof Error ? cause.message : String(cause);
  return `the data directory ${directory} cannot be opened: ${reason.replaceAll('\n', ' ')}`;
}

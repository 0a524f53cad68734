/** One document as the store keeps it. */
export interface Entry {
  /** Printable ASCII without space, 1 to {@link maxKeyLength} characters, e.g. `HTTPRoute/default/cart`. */
  readonly key: string;
  /** What the writer gave, unchanged; at most {@link maxValueBytes} of UTF-8. */
  readonly value: string;
  /** Revision of the write that made the key exist; a delete and a new put start again. */
  readonly createRevision: number;
  /** Revision of the latest write to this key; what an optimistic writer passes back as `expectedRevision`. */
  readonly modRevision: number;
}

/** One acknowledged write. `entry.createRevision === revision` tells a creation from a replacement. */
export type Change =
  | { readonly type: 'put'; readonly revision: number; readonly key: string; readonly entry: Entry }
  | { readonly type: 'delete'; readonly revision: number; readonly key: string; readonly previous: Entry };

export interface WriteOptions {
  /**
   * Makes the write conditional: a number is the `modRevision` the key must have now, `'absent'` means that
   * the key must not exist. Left out, the write is unconditional.
   */
  readonly expectedRevision?: number | 'absent';
}

export interface WatchOptions {
  /** Keys starting with this; the empty string is every key. */
  readonly prefix: string;
  /** The first change delivered is the first one after this revision: pass what `list` returned. */
  readonly fromRevision: number;
  /** Ends the iteration without an error. */
  readonly signal: AbortSignal;
}

/**
 * Where documents live: a map with one counter over all keys, as in etcd.
 *
 * The revision grows by one with each acknowledged write. A promise of `put` or `delete` fulfils only once the write
 * would survive the loss of power. All implementations pass `store.contract.ts`.
 */
export interface Store {
  get(key: string): Promise<Entry | null>;

  /** All entries whose key starts with `prefix`, in key order, as they were at one revision. */
  list(prefix: string): Promise<{ readonly revision: number; readonly entries: readonly Entry[] }>;

  /** @throws RevisionConflictError, StoreFailedError, RangeError (key or value out of bounds) */
  put(key: string, value: string, options?: WriteOptions): Promise<Entry>;

  /** `null` when there was nothing to delete; that is no write and takes no revision.
   * @throws RevisionConflictError, StoreFailedError */
  delete(key: string, options?: WriteOptions): Promise<{ readonly revision: number; readonly previous: Entry } | null>;

  /**
   * Every change after `fromRevision`, in order, each exactly once. A slow reader costs no memory; one that falls
   * behind the kept history gets a {@link CompactedError} and lists again. Ends when the signal aborts or the
   * store closes.
   */
  watch(options: WatchOptions): AsyncIterable<Change>;

  /** The changes of one key that history still holds, oldest first. */
  history(key: string): Promise<readonly Change[]>;

  /** Revision of the latest acknowledged write; 0 when there was none. */
  revision(): number;

  /** Why writes are refused, or `null` while the store takes them. It never heals without a new process. */
  failure(): StoreFailedError | null;

  /** Waits for writes under way, then refuses everything. */
  close(): Promise<void>;
}

export const maxKeyLength = 1024;

/** The bound of etcd's requests is 1.5 MiB and of Kubernetes' bodies 3 MiB; ours follows the API's body limit. */
export const maxValueBytes = 4 * 1024 * 1024;

/** The key changed since the writer read it. */
export class RevisionConflictError extends Error {
  override readonly name = 'RevisionConflictError';
  /** What is there now; `null` when the key does not exist. */
  readonly current: Entry | null;

  constructor(key: string, expected: number | 'absent', current: Entry | null) {
    const found = current === null ? 'does not exist' : `is at revision ${current.modRevision}`;
    super(expected === 'absent' ? `${key} already exists` : `${key} ${found}, not at ${expected}`);
    this.current = current;
  }
}

/** The revision a watch wanted to start from is no longer, or not yet, in history. The way out is to list again. */
export class CompactedError extends Error {
  override readonly name = 'CompactedError';
  /** The first revision that a watch can start from. */
  readonly oldest: number;

  constructor(fromRevision: number, oldest: number, newest: number) {
    super(`revision ${fromRevision} is not in the kept history (${oldest} to ${newest}): list again`);
    this.oldest = oldest;
  }
}

/** A write could not be made durable. The store only reads from then on: what a disk lost once it may lose again. */
export class StoreFailedError extends Error {
  override readonly name = 'StoreFailedError';
}

/** Another process has the directory open, or it cannot be used; the message is one line and names the path. */
export class StoreOpenError extends Error {
  override readonly name = 'StoreOpenError';
}

/** @throws RangeError */
export function checkKey(key: string): void {
  if (key.length === 0 || key.length > maxKeyLength || !/^[\x21-\x7e]+$/.test(key)) {
    throw new RangeError(`a key is 1 to ${maxKeyLength} printable ASCII characters without space`);
  }
}

/** @throws RangeError */
export function checkValue(value: string): void {
  if (value.length > maxValueBytes || Buffer.byteLength(value) > maxValueBytes) {
    throw new RangeError(`a value has at most ${maxValueBytes} bytes`);
  }
}

/** What one request adds to one count. */
export interface Hit {
  /** Names the count and its window: a count of another window has another key. */
  readonly key: string;
  readonly hits: number;
  /** The count may be forgotten so long after it was last added to. */
  readonly ttlSeconds: number;
}

/** Where counts are kept. */
export interface CounterStore {
  /**
   * Adds all of them and tells the counts afterwards, in their order; infinite for what cannot be counted any more. Rejects
   * with a StoreError. Where counts have to make room for others, those of whoever has most of them do; `asker` says who.
   */
  add(hits: readonly Hit[], asker?: string): Promise<readonly number[]>;
  close(): Promise<void>;
}

/** The counts cannot be had now; the message says why in words for the log. */
export class StoreError extends Error {
  override readonly name = 'StoreError';
}

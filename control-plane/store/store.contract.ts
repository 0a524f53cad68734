import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Change, Store } from './store.ts';
import { CompactedError, maxKeyLength, maxValueBytes, RevisionConflictError } from './store.ts';

/** What the suite needs of an implementation. */
export interface StoreUnderTest {
  store: Store;
  /** Closes the store and opens it again on what it kept. */
  reopen(): Promise<void>;
  /** Closes and removes everything. */
  dispose(): Promise<void>;
}

/** The number of changes that `open` must be told to keep, small so that compaction happens in a test. */
export const keptChanges = 20;

/** What every store promises. Run it once for each implementation. */
export function storeContract(name: string, open: () => Promise<StoreUnderTest>): void {
  describe(`${name} as a Store`, () => {
    let underTest: StoreUnderTest;
    const abort = new AbortController();

    beforeEach(async () => {
      underTest = await open();
    });
    afterEach(() => underTest.dispose());

    const watchFrom = (fromRevision: number, prefix = '', signal = abort.signal) =>
      underTest.store.watch({ prefix, fromRevision, signal });

    it('returns what was put, and null for what was not', async () => {
      const { store } = underTest;
      expect(await store.get('a/1')).toBeNull();
      const entry = await store.put('a/1', 'one');
      expect(entry).toEqual({ key: 'a/1', value: 'one', createRevision: 1, modRevision: 1 });
      expect(await store.get('a/1')).toEqual(entry);
    });

    it('counts one revision for each write over all keys', async () => {
      const { store } = underTest;
      expect(store.revision()).toBe(0);
      await store.put('a', '1');
      await store.put('b', '1');
      const replaced = await store.put('a', '2');
      expect(replaced).toMatchObject({ createRevision: 1, modRevision: 3 });
      expect(await store.delete('b')).toMatchObject({ revision: 4, previous: { value: '1', modRevision: 2 } });
      expect(store.revision()).toBe(4);
    });

    it('takes no revision for the deletion of what does not exist', async () => {
      expect(await underTest.store.delete('nothing')).toBeNull();
      expect(underTest.store.revision()).toBe(0);
    });

    it('starts a deleted and remade key with a new createRevision', async () => {
      const { store } = underTest;
      await store.put('a', '1');
      await store.delete('a');
      expect(await store.put('a', '2')).toMatchObject({ createRevision: 3, modRevision: 3 });
    });

    it('refuses a write whose expectation does not hold, and says what is there', async () => {
      const { store } = underTest;
      await store.put('a', '1');
      await expect(store.put('a', '2', { expectedRevision: 'absent' })).rejects.toThrow(RevisionConflictError);
      await expect(store.put('a', '2', { expectedRevision: 7 })).rejects.toMatchObject({ current: { value: '1' } });
      await expect(store.put('b', '2', { expectedRevision: 1 })).rejects.toMatchObject({ current: null });
      await expect(store.delete('a', { expectedRevision: 7 })).rejects.toThrow('a is at revision 1, not at 7');
      await expect(store.delete('b', { expectedRevision: 7 })).rejects.toThrow('b does not exist, not at 7');
      expect(store.revision()).toBe(1);
      expect(await store.put('a', '2', { expectedRevision: 1 })).toMatchObject({ modRevision: 2 });
    });

    it('lets exactly one of many concurrent creations through', async () => {
      const attempts = Array.from({ length: 40 }, (_, index) =>
        underTest.store.put('a', `${index}`, { expectedRevision: 'absent' }),
      );
      const outcomes = await Promise.allSettled(attempts);
      expect(outcomes.filter((outcome) => outcome.status === 'fulfilled')).toHaveLength(1);
      expect(underTest.store.revision()).toBe(1);
    });

    it('gives concurrent writers distinct revisions without gaps', async () => {
      const entries = await Promise.all(
        Array.from({ length: 150 }, (_, index) => underTest.store.put(`k${index}`, '')),
      );
      const revisions = entries.map((entry) => entry.modRevision).sort((a, b) => a - b);
      expect(revisions).toEqual(Array.from({ length: 150 }, (_, index) => index + 1));
    });

    it('lists by prefix, in key order, with the revision of that moment', async () => {
      const { store } = underTest;
      for (const key of ['b/2', 'a/1', 'b/1', 'b0', 'c']) {
        await store.put(key, key);
      }
      const { revision, entries } = await store.list('b/');
      expect(revision).toBe(5);
      expect(entries.map((entry) => entry.key)).toEqual(['b/1', 'b/2']);
      expect((await store.list('')).entries).toHaveLength(5);
      expect(await store.list('zz')).toEqual({ revision: 5, entries: [] });
    });

    it.each(['', 'with space', 'newline\n', 'umlaut-ü', '\u0000', 'k'.repeat(maxKeyLength + 1)])(
      'refuses the key %j',
      async (key) => {
        await expect(underTest.store.put(key, '')).rejects.toThrow(RangeError);
      },
    );

    it('takes a value of the largest size and refuses one byte more', async () => {
      await underTest.store.put('a', 'x'.repeat(maxValueBytes));
      await expect(underTest.store.put('b', 'x'.repeat(maxValueBytes + 1))).rejects.toThrow(RangeError);
      await expect(underTest.store.put('b', 'é'.repeat(maxValueBytes / 2 + 1))).rejects.toThrow(RangeError);
    });

    it('keeps entries, revision and history over a reopening', async () => {
      await underTest.store.put('a', 'ü "quoted" \n');
      await underTest.store.put('a', '2');
      await underTest.store.delete('a');
      await underTest.store.put('b', '1');
      await underTest.reopen();
      const { store } = underTest;
      expect(store.revision()).toBe(4);
      expect(await store.get('a')).toBeNull();
      expect(await store.get('b')).toMatchObject({ value: '1', modRevision: 4 });
      expect((await store.history('a')).map((change) => change.type)).toEqual(['put', 'put', 'delete']);
      expect(await store.put('c', '')).toMatchObject({ modRevision: 5 });
    });

    it('holds the history of one key apart from that of its neighbours', async () => {
      const { store } = underTest;
      await store.put('a', '1');
      await store.put('a/b', '1');
      await store.put('a', '2');
      const history = await store.history('a');
      expect(history.map((change) => change.revision)).toEqual([1, 3]);
      expect(await store.history('nothing')).toEqual([]);
    });

    it('forgets the oldest changes, never the documents', async () => {
      const { store } = underTest;
      for (let index = 0; index < keptChanges + 5; index += 1) {
        await store.put(`k${index}`, '');
      }
      expect(await store.history('k0')).toEqual([]);
      expect(await store.history('k5')).toHaveLength(1);
      expect((await store.list('')).entries).toHaveLength(keptChanges + 5);
    });

    it('watches from a revision: what was before the watch and what comes after it', async () => {
      const { store } = underTest;
      await store.put('a', '1');
      await store.put('a', '2');
      const seen = take(watchFrom(1), 3);
      await store.delete('a');
      await store.put('b', '1');
      expect((await seen).map((change) => [change.type, change.revision])).toEqual([
        ['put', 2],
        ['delete', 3],
        ['put', 4],
      ]);
    });

    it('watches a prefix only', async () => {
      const seen = take(watchFrom(0, 'b/'), 1);
      await underTest.store.put('a/1', '');
      await underTest.store.put('b/1', '');
      expect(await seen).toMatchObject([{ key: 'b/1', revision: 2 }]);
    });

    it('gives every watcher each of many changes once and in order, however they race', async () => {
      const { store } = underTest;
      const total = keptChanges;
      const watchers = [0, 0, 0].map((from) => take(watchFrom(from), total));
      await Promise.all(Array.from({ length: total }, (_, index) => store.put(`k${index % 3}`, `${index}`)));
      const late = take(watchFrom(0), total);
      for (const changes of await Promise.all([...watchers, late])) {
        expect(changes.map((change) => change.revision)).toEqual(
          Array.from({ length: total }, (_, index) => index + 1),
        );
      }
    });

    it('continues a watch after a reopening without a gap', async () => {
      await underTest.store.put('a', '1');
      await underTest.store.put('a', '2');
      await underTest.reopen();
      const seen = take(watchFrom(1), 2);
      await underTest.store.put('a', '3');
      expect((await seen).map((change) => change.revision)).toEqual([2, 3]);
    });

    it('tells a watcher that its revision is compacted', async () => {
      const { store } = underTest;
      for (let index = 0; index < keptChanges + 2; index += 1) {
        await store.put('a', `${index}`);
      }
      await expect(take(watchFrom(1), 1)).rejects.toThrow(CompactedError);
      expect(await take(watchFrom(2), 1)).toMatchObject([{ revision: 3 }]);
    });

    it('tells a watcher that falls behind the kept history', async () => {
      const { store } = underTest;
      const iterator = watchFrom(0)[Symbol.asyncIterator]();
      await store.put('a', 'first');
      expect((await iterator.next()).value).toMatchObject({ revision: 1 });
      for (let index = 0; index < keptChanges + 2; index += 1) {
        await store.put('a', `${index}`);
      }
      await expect(iterator.next()).rejects.toThrow(CompactedError);
    });

    it('tells a watcher of a revision that does not exist yet to list again', async () => {
      await expect(take(watchFrom(5), 1)).rejects.toThrow(CompactedError);
    });

    it('ends a watch when its signal aborts', async () => {
      const own = new AbortController();
      const seen = take(watchFrom(0, '', own.signal), 1);
      own.abort();
      expect(await seen).toEqual([]);
    });

    it('ends a watch when the store closes, and refuses writes from then on', async () => {
      const { store } = underTest;
      const seen = take(watchFrom(0), 1);
      const write = store.put('a', '1');
      await store.close();
      expect((await write).modRevision).toBe(1);
      expect((await seen).length).toBeLessThanOrEqual(1);
      await expect(store.put('a', '2')).rejects.toThrow('closed');
      await underTest.reopen();
      expect(underTest.store.revision()).toBe(1);
    });
  });
}

async function take(changes: AsyncIterable<Change>, count: number): Promise<Change[]> {
  const taken: Change[] = [];
  for await (const change of changes) {
    taken.push(change);
    if (taken.length === count) {
      break;
    }
  }
  return taken;
}

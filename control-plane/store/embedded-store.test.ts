import { chmod, mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { EmbeddedStore } from './embedded-store.ts';
import { keptChanges, storeContract } from './store.contract.ts';

storeContract('EmbeddedStore', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'heddle-store-'));
  const options = { maxHistory: keptChanges };
  const underTest = {
    store: await EmbeddedStore.open(directory, options),
    async reopen() {
      await underTest.store.close();
      underTest.store = await EmbeddedStore.open(directory, options);
    },
    async dispose() {
      await underTest.store.close();
      await rm(directory, { recursive: true });
    },
  };
  return underTest;
});

describe('EmbeddedStore', () => {
  let directory: string;

  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'heddle-store-'));
  });
  afterEach(() => rm(directory, { recursive: true, force: true }));

  it('makes its directory, closed to other users, also when it was open before', async () => {
    await chmod(directory, 0o755);
    const store = await EmbeddedStore.open(directory);
    expect((await stat(directory)).mode & 0o777).toBe(0o700);
    await store.close();
  });

  it('says in one line that the directory is open already', async () => {
    const store = await EmbeddedStore.open(directory);
    await expect(EmbeddedStore.open(directory)).rejects.toThrow(
      `the data directory ${directory} is in use by another process`,
    );
    await store.close();
  });

  it('says in one line that the path is a file', async () => {
    const file = join(directory, 'file');
    await writeFile(file, '');
    await expect(EmbeddedStore.open(join(file, 'data'))).rejects.toThrow(
      /^the data directory .* cannot be opened: .*$/,
    );
  });

  it('keeps the length of its history within bounds', async () => {
    const store = await EmbeddedStore.open(directory, { maxHistoryBytes: 5000 });
    for (let index = 0; index < 10; index += 1) {
      await store.put('a', `${index}`.repeat(1000));
    }
    const history = await store.history('a');
    expect(history.length).toBeGreaterThan(1);
    expect(JSON.stringify(history).length).toBeLessThan(5100);
    expect(history.at(-1)?.revision).toBe(10);
    await store.close();
  });

  it('keeps the latest change even when it alone is beyond the bound', async () => {
    const store = await EmbeddedStore.open(directory, { maxHistoryBytes: 100 });
    await store.put('a', 'x'.repeat(1000));
    await store.put('a', 'y'.repeat(1000));
    expect((await store.history('a')).map((change) => change.revision)).toEqual([2]);
    await store.close();
  });
});

import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { CounterStore } from './counter-store.ts';

const HOUR = 3600;

/** What every store does. `make` gives an empty one. */
export function counterStoreContract(name: string, make: () => Promise<CounterStore>): void {
  describe(`${name} as a counter store`, () => {
    let store: CounterStore;

    beforeAll(async () => {
      store = await make();
    });
    afterAll(() => store.close());

    it('adds up what is counted under one key, and tells keys apart', async () => {
      expect(await store.add([{ key: 'a', hits: 1, ttlSeconds: HOUR }])).toEqual([1]);
      expect(
        await store.add([
          { key: 'b', hits: 5, ttlSeconds: HOUR },
          { key: 'a', hits: 2, ttlSeconds: HOUR },
        ]),
      ).toEqual([5, 3]);
    });

    it('takes any text for a key', async () => {
      const key = 'ü "\r\n*1\r\n$4\r\nQUIT\r\n';
      expect(await store.add([{ key, hits: 1, ttlSeconds: HOUR }])).toEqual([1]);
      expect(await store.add([{ key, hits: 1, ttlSeconds: HOUR }])).toEqual([2]);
    });

    it('loses and doubles nothing when many ask at once', async () => {
      const asked = Array.from({ length: 500 }, () => store.add([{ key: 'many', hits: 1, ttlSeconds: HOUR }]));
      const counts = (await Promise.all(asked)).flat().sort((a, b) => a - b);
      expect(counts).toEqual(Array.from({ length: 500 }, (_, index) => index + 1));
    });

    it('has nothing to say to no question', async () => {
      expect(await store.add([])).toEqual([]);
    });
  });
}

import { describe, expect, it } from 'vitest';
import { counterStoreContract } from './counter-store.contract.ts';
import { MemoryStore } from './memory-store.ts';

counterStoreContract('MemoryStore', async () => new MemoryStore());

describe('MemoryStore', () => {
  it('begins anew when a count has expired', async () => {
    let nowMs = 0;
    const store = new MemoryStore(() => nowMs);
    await store.add([{ key: 'a', hits: 3, ttlSeconds: 60 }]);
    nowMs = 59_999;
    expect(await store.add([{ key: 'a', hits: 1, ttlSeconds: 1 }])).toEqual([4]);
    nowMs = 61_000;
    expect(await store.add([{ key: 'a', hits: 1, ttlSeconds: 1 }])).toEqual([1]);
  });

  it('keeps no more counts than it may; the oldest makes room', async () => {
    const store = new MemoryStore(() => 0, 3);
    for (const key of ['a', 'b', 'c', 'd']) await store.add([{ key, hits: 1, ttlSeconds: 60 }]);
    expect(store.size).toBe(3);
    expect(await store.add([{ key: 'd', hits: 1, ttlSeconds: 60 }])).toEqual([2]);
    expect(await store.add([{ key: 'a', hits: 1, ttlSeconds: 60 }])).toEqual([1]);
  });

  it('takes the room from whoever has most, so that nobody can make it forget what others have counted', async () => {
    const store = new MemoryStore(() => 0, 4);
    await store.add([{ key: 'a', hits: 9, ttlSeconds: 60 }], 'cart');
    for (let i = 0; i < 10; i++) await store.add([{ key: `x${i}`, hits: 1, ttlSeconds: 60 }], 'mallory');
    expect(store.size).toBe(4);
    expect(await store.add([{ key: 'a', hits: 1, ttlSeconds: 60 }], 'web')).toEqual([10]);
    expect(await store.add([{ key: 'x9', hits: 1, ttlSeconds: 60 }], 'mallory')).toEqual([2]);
    expect(await store.add([{ key: 'x0', hits: 1, ttlSeconds: 60 }], 'mallory')).toEqual([1]);
  });

  it('forgets what has expired without being asked for it again', async () => {
    let nowMs = 0;
    const store = new MemoryStore(() => nowMs);
    for (let i = 0; i < 9_000; i++) await store.add([{ key: `old ${i}`, hits: 1, ttlSeconds: 1 }]);
    nowMs = 2000;
    for (let i = 0; i < 2_000; i++) await store.add([{ key: `new ${i}`, hits: 1, ttlSeconds: 60 }]);
    expect(store.size).toBe(2_000);
  });
});

import { setImmediate as nextTurn } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { PushQueue } from './push-queue.ts';

describe('PushQueue', () => {
  it('flushes each stream once, however often it was added', async () => {
    let flushes = 0;
    const queue = new PushQueue(() => {});
    const stream = { flush: () => (flushes += 1) };
    queue.add(stream);
    queue.add(stream);
    await nextTurn();
    expect(flushes).toBe(1);
    queue.add(stream);
    await nextTurn();
    expect(flushes).toBe(2);
  });

  it('gives the event loop its turn between slices', async () => {
    let flushes = 0;
    const queue = new PushQueue(
      () => {},
      () => 0,
    );
    for (let index = 0; index < 40; index += 1) {
      queue.add({ flush: () => (flushes += 1) });
    }
    await nextTurn();
    expect(flushes).toBe(16);
    await nextTurn();
    await nextTurn();
    expect(flushes).toBe(40);
  });

  it('gives the event loop its turn when few streams take long', async () => {
    let nowMs = 0;
    let flushes = 0;
    const queue = new PushQueue(
      () => {},
      () => nowMs,
    );
    for (let index = 0; index < 5; index += 1) {
      queue.add({
        flush: () => {
          flushes += 1;
          nowMs += 6;
        },
      });
    }
    await nextTurn();
    expect(flushes).toBe(2);
    await nextTurn();
    expect(flushes).toBe(4);
    await nextTurn();
    expect(flushes).toBe(5);
  });

  it('does not flush what was deleted, and goes on after one that throws', async () => {
    const errors: unknown[] = [];
    const flushed: string[] = [];
    const queue = new PushQueue((error) => errors.push(error));
    const gone = { flush: () => flushed.push('gone') };
    const bad = {
      flush: () => {
        throw new Error('bug');
      },
    };
    queue.add(bad);
    queue.add(gone);
    queue.add({ flush: () => flushed.push('good') });
    queue.delete(gone);
    await nextTurn();
    expect(flushed).toEqual(['good']);
    expect(errors).toMatchObject([{ message: 'bug' }]);
  });
});

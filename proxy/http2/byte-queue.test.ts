import { Buffer } from 'node:buffer';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ByteQueue } from './byte-queue.ts';

describe('ByteQueue', () => {
  it('gives back what was pushed, in order, whatever is taken in between and kept', () => {
    const push = fc.record({ size: fc.integer({ min: 0, max: 3000 }), owned: fc.boolean() });
    const take = fc.integer({ min: 1, max: 5000 });
    fc.assert(
      fc.property(fc.array(fc.oneof(push, take), { maxLength: 60 }), (steps) => {
        const queue = new ByteQueue();
        const pushed: Buffer[] = [];
        const taken: Buffer[] = [];
        let next = 0;
        const takeUpTo = (most: number): void => {
          const first = queue.first();
          if (first === undefined) return;
          const size = Math.min(most, first.length);
          taken.push(first.subarray(0, size));
          queue.skip(size);
        };
        for (const step of steps) {
          if (typeof step === 'number') {
            takeUpTo(step);
            continue;
          }
          const bytes = Buffer.from(Array.from({ length: step.size }, () => next++ & 255));
          pushed.push(Buffer.from(bytes));
          queue.push(Buffer.concat([Buffer.of(1), bytes]), 1, 1 + step.size, step.owned);
          if (!step.owned) bytes.fill(0);
        }
        while (queue.length > 0) takeUpTo(Number.POSITIVE_INFINITY);
        expect(Buffer.concat(taken).equals(Buffer.concat(pushed))).toBe(true);
        expect(queue.first()).toBeUndefined();
      }),
    );
  });

  it('puts bytes that come one by one into few pieces', () => {
    const queue = new ByteQueue();
    for (let i = 0; i < 100_000; i++) queue.push(Buffer.of(i & 255), 0, 1, false);
    let pieces = 0;
    for (let first = queue.first(); first !== undefined; first = queue.first()) {
      pieces++;
      queue.skip(first.length);
    }
    expect(pieces).toBeLessThan(20);
  });

  it('is empty when it was cleared', () => {
    const queue = new ByteQueue();
    queue.push(Buffer.alloc(5000), 0, 5000, true);
    queue.push(Buffer.alloc(5), 0, 5, true);
    queue.clear();
    expect([queue.length, queue.first()]).toEqual([0, undefined]);
    queue.push(Buffer.from('new'), 0, 3, true);
    expect(queue.first()?.toString()).toBe('new');
  });
});

import { Buffer } from 'node:buffer';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { takeReadBuffer } from './read-buffers.ts';
import { READ_BUFFER_BYTES } from './transport.ts';
import type { Piece } from './write-queue.ts';
import { WriteQueue } from './write-queue.ts';

/** What is taken, as bytes; lets go of it as a writer does. */
const written = (piece: Piece | undefined): Buffer => {
  if (piece === undefined) return Buffer.alloc(0);
  if (typeof piece === 'string') return Buffer.from(piece, 'latin1');
  const bytes = Buffer.from(piece.bytes);
  piece.lease?.release();
  return bytes;
};

const put = fc.record({
  kind: fc.constantFrom('text', 'kept', 'leased', 'copied'),
  size: fc.oneof(fc.integer({ min: 1, max: 200 }), fc.integer({ min: 1, max: 150_000 })),
  takes: fc.integer({ min: 0, max: 2 }),
});

describe('WriteQueue', () => {
  it('gives every byte once and in order, whatever is put and whenever it is taken', () => {
    fc.assert(
      fc.property(fc.array(put, { maxLength: 30 }), (steps) => {
        const queue = new WriteQueue();
        const expected: Buffer[] = [];
        const found: Buffer[] = [];
        let seed = 0;
        for (const { kind, size, takes } of steps) {
          const bytes = Buffer.alloc(Math.min(size, kind === 'leased' ? READ_BUFFER_BYTES : size), ++seed & 255);
          expected.push(bytes);
          if (kind === 'text') queue.putText(bytes.toString('latin1'));
          else if (kind === 'kept') queue.putKept(Buffer.from(bytes), null);
          else if (kind === 'copied') {
            const passing = Buffer.from(bytes);
            queue.putCopied(passing);
            passing.fill(255); // the caller goes on to use it
          } else {
            const lease = takeReadBuffer();
            bytes.copy(lease.bytes);
            queue.putKept(lease.bytes.subarray(0, bytes.length), lease);
          }
          for (let taken = 0; taken < takes; taken++) found.push(written(queue.take()));
          expect(queue.bytes).toBe(total(expected) - total(found));
        }
        while (queue.bytes > 0) found.push(written(queue.take()));
        expect(queue.take()).toBeUndefined();
        expect(Buffer.concat(found).equals(Buffer.concat(expected))).toBe(true);
      }),
      { numRuns: 300 },
    );
  });

  it('gathers small pieces into one write', () => {
    const queue = new WriteQueue();
    for (let chunk = 0; chunk < 100; chunk++) {
      queue.putText('5\r\n');
      queue.putCopied(Buffer.from('hello'));
      queue.putText('\r\n');
    }
    expect(written(queue.take()).toString()).toBe('5\r\nhello\r\n'.repeat(100));
    expect(queue.bytes).toBe(0);
  });

  it('does not copy what is large', () => {
    const queue = new WriteQueue();
    const large = Buffer.alloc(40_000);
    queue.putKept(large, null);
    queue.putText('more');
    expect(queue.take()).toEqual({ bytes: large, lease: null });
    expect(queue.take()).toBe('more');
  });

  it('lets go of what it held when it is cleared', () => {
    const queue = new WriteQueue();
    const lease = takeReadBuffer();
    lease.hold();
    queue.putKept(lease.bytes, lease);
    queue.putCopied(Buffer.alloc(10_000));
    queue.clear();
    expect(lease.isShared).toBe(false);
    expect(queue.bytes).toBe(0);
    expect(queue.take()).toBeUndefined();
    lease.release();
  });
});

function total(parts: readonly Buffer[]): number {
  return parts.reduce((sum, part) => sum + part.length, 0);
}

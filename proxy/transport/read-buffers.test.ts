import { Buffer } from 'node:buffer';
import { describe, expect, it } from 'vitest';
import { readBufferOf, takeReadBuffer } from './read-buffers.ts';

describe('takeReadBuffer', () => {
  it('gives no buffer twice while anybody holds it, and gives it again afterwards', () => {
    const first = takeReadBuffer();
    first.hold();
    first.release();
    expect(takeReadBuffer()).not.toBe(first);
    first.release();
    expect(takeReadBuffer()).toBe(first);
  });

  it('tells a holder whether there is another', () => {
    const taken = takeReadBuffer();
    expect(taken.isShared).toBe(false);
    taken.hold();
    expect(taken.isShared).toBe(true);
    taken.release();
    expect(taken.isShared).toBe(false);
    taken.release();
  });

  it('keeps a bounded number of free ones', () => {
    const many = Array.from({ length: 100 }, takeReadBuffer);
    for (const buffer of many) buffer.release();
    const again = Array.from({ length: 100 }, takeReadBuffer);
    expect(again.filter((buffer) => many.includes(buffer))).toHaveLength(32);
    for (const buffer of again) buffer.release();
  });
});

describe('readBufferOf', () => {
  it('knows the buffer of any part of its bytes, and none for others', () => {
    const taken = takeReadBuffer();
    expect(readBufferOf(taken.bytes)).toBe(taken);
    expect(readBufferOf(taken.bytes.subarray(100, 200).subarray(5))).toBe(taken);
    expect(readBufferOf(Buffer.alloc(10))).toBeNull();
    taken.release();
  });
});

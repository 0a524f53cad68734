import { describe, expect, it } from 'vitest';
import { ConnectionBucket, ConnectionRate } from './connection-rate.ts';

describe('ConnectionRate', () => {
  it('lets as many through as every limit has, evenly, and counts the others', () => {
    const clock = { nowMs: 0 };
    const counters = { rateLimited: 0 };
    const limits = [
      {
        bucket: new ConnectionBucket({ maxTokens: 5, tokensPerFill: 5, fillIntervalMs: 1000 }, 1, 0),
        detail: '5 a second',
      },
      // divided among two processes
      {
        bucket: new ConnectionBucket({ maxTokens: 6, tokensPerFill: 6, fillIntervalMs: 3000 }, 2, 0),
        detail: '3 in 3 s',
      },
    ];
    const rate = new ConnectionRate(limits, counters, () => clock.nowMs);
    expect(Array.from({ length: 5 }, () => rate.refusal())).toEqual([null, null, null, '3 in 3 s', '3 in 3 s']);
    // what one limit refuses is not taken from the other
    expect(limits[0]?.bucket.left(0)).toBe(2);
    clock.nowMs = 1000;
    expect([rate.refusal(), rate.refusal()]).toEqual([null, '3 in 3 s']);
    expect(counters.rateLimited).toBe(3);
  });
});

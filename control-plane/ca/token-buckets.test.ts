import { describe, expect, it } from 'vitest';
import { TokenBuckets } from './token-buckets.ts';

describe('TokenBuckets', () => {
  it('allows a burst, then the rate, to each caller apart', () => {
    let nowMs = 0;
    const buckets = new TokenBuckets({ burst: 3, perSecond: 2, now: () => nowMs });
    const takes = (key: string, times: number) => Array.from({ length: times }, () => buckets.take(key));
    expect(takes('a', 4)).toEqual([true, true, true, false]);
    expect(takes('b', 1)).toEqual([true]);
    nowMs = 1000;
    expect(takes('a', 3)).toEqual([true, true, false]);
    nowMs = 3600_000;
    expect(takes('a', 4)).toEqual([true, true, true, false]);
  });

  it('survives a clock that is set back', () => {
    let nowMs = 1000;
    const buckets = new TokenBuckets({ burst: 1, perSecond: 1, now: () => nowMs });
    expect(buckets.take('a')).toBe(true);
    nowMs = 0;
    expect(buckets.take('a')).toBe(false);
    nowMs = 1000;
    expect(buckets.take('a')).toBe(true);
  });

  it('forgets who was idle for longest when it knows too many', () => {
    const buckets = new TokenBuckets({ burst: 1, perSecond: 0, maxKeys: 2, now: () => 0 });
    buckets.take('a');
    buckets.take('b');
    buckets.take('a');
    buckets.take('c');
    expect(buckets.take('a')).toBe(false);
    expect(buckets.take('b')).toBe(true);
  });
});

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  addSparseBuckets,
  bucketLowerUs,
  bucketUpperUs,
  LATENCY_BUCKETS,
  latencyBucket,
  MAX_LATENCY_US,
  quantileUs,
  toSparseBuckets,
} from './histogram.ts';

const latency = fc.oneof(fc.nat(1000), fc.nat(1_000_000), fc.nat(MAX_LATENCY_US));

function countsOf(values: readonly number[]): number[] {
  const counts = new Array<number>(LATENCY_BUCKETS).fill(0);
  for (const value of values) {
    const bucket = latencyBucket(value);
    counts[bucket] = (counts[bucket] ?? 0) + 1;
  }
  return counts;
}

describe('latencyBucket', () => {
  it('puts every time between the bounds of its bucket', () => {
    fc.assert(
      fc.property(latency, (value) => {
        const bucket = latencyBucket(value);
        expect(bucketLowerUs(bucket)).toBeLessThanOrEqual(value);
        expect(bucketUpperUs(bucket)).toBeGreaterThan(value);
      }),
    );
  });

  it('has buckets without gaps or overlaps, none wider than a sixteenth of its lower bound', () => {
    for (let bucket = 0; bucket < LATENCY_BUCKETS; bucket++) {
      const lower = bucketLowerUs(bucket);
      const upper = bucketUpperUs(bucket);
      if (upper <= MAX_LATENCY_US) expect(latencyBucket(upper)).toBe(bucket + 1);
      expect(latencyBucket(lower)).toBe(bucket);
      expect(latencyBucket(Math.min(upper - 1, MAX_LATENCY_US))).toBe(bucket);
      expect(upper - lower).toBeLessThanOrEqual(Math.max(1, lower / 16));
    }
  });

  it('counts what is longer than an hour as an hour, and nonsense as nothing', () => {
    const last = LATENCY_BUCKETS - 1;
    expect([MAX_LATENCY_US, MAX_LATENCY_US + 1, 2 ** 40, Infinity].map(latencyBucket)).toEqual([
      last,
      last,
      last,
      last,
    ]);
    expect([-1, -Infinity, Number.NaN, 0.4, -0].map(latencyBucket)).toEqual([0, 0, 0, 0, 0]);
    expect([1.9, 15.99, 16.5].map(latencyBucket)).toEqual([1, 15, 16]);
  });
});

describe('quantileUs', () => {
  it('is at most 3.2 % away from the value of that rank', () => {
    fc.assert(
      fc.property(fc.array(latency, { minLength: 1 }), fc.double({ min: 0, max: 1, noNaN: true }), (values, q) => {
        const sorted = [...values].sort((a, b) => a - b);
        const exact = sorted[Math.max(1, Math.ceil(q * sorted.length)) - 1] ?? 0;
        const found = quantileUs(countsOf(values), q);
        expect(Math.abs(found - exact)).toBeLessThanOrEqual(exact * 0.032);
      }),
    );
  });

  it('never falls as the share grows', () => {
    fc.assert(
      fc.property(fc.array(latency), fc.double({ min: 0, max: 1, noNaN: true }), (values, q) => {
        const counts = countsOf(values);
        expect(quantileUs(counts, q)).toBeLessThanOrEqual(quantileUs(counts, Math.min(1, q + 0.1)));
      }),
    );
  });

  it('is 0 where nothing was counted', () => {
    expect(quantileUs(countsOf([]), 0.5)).toBe(0);
  });
});

describe('addSparseBuckets', () => {
  it('merges histograms into that of all their values, in any order', () => {
    fc.assert(
      fc.property(fc.array(fc.array(latency)), (parts) => {
        const merged = new Array<number>(LATENCY_BUCKETS).fill(0);
        for (const part of [...parts].reverse()) {
          const { index, count } = toSparseBuckets(countsOf(part));
          expect(addSparseBuckets(merged, index, count.map(String))).toBeNull();
        }
        expect(merged).toEqual(countsOf(parts.flat()));
      }),
    );
  });

  it.each([
    [[1, 2], ['1'], '2 buckets with 1 counts'],
    [[4, 0], ['1', '1'], 'the buckets do not ascend'],
    [[4, -1], ['1', '1'], 'the buckets do not ascend'],
    [[LATENCY_BUCKETS], ['1'], `there is no bucket ${LATENCY_BUCKETS}`],
    [[4_294_967_295], ['1'], 'there is no bucket 4294967295'],
    [[3], ['18446744073709551615'], '18446744073709551615 is not a count'],
    [[3], ['x'], 'x is not a count'],
  ])('refuses buckets %j with counts %j and adds none of them', (index, count, reason) => {
    const into = new Array<number>(LATENCY_BUCKETS).fill(0);
    expect(addSparseBuckets(into, index, count)).toBe(reason);
    expect(into.every((value) => value === 0)).toBe(true);
  });
});

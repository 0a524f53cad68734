import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Aggregator } from './aggregator.ts';
import type { ReportedSeries } from './reported-series.ts';
import { readSeries } from './reported-series.ts';
import { cartId, decodedSeries } from './testing/reports.ts';

const cart = { identity: cartId, namespace: 'default', service: 'cart' };
const startMs = 1_700_000_000_000;

function seriesOf(route: string, timesMs: readonly number[] = [10]): ReportedSeries {
  const series = readSeries(decodedSeries({ route }, timesMs), cart);
  if ('refused' in series) throw new Error(series.reason);
  return series;
}

function aggregatorAt(options = {}) {
  const clock = { nowMs: startMs };
  const aggregator = new Aggregator({ now: () => clock.nowMs, ...options });
  const countsOf = (seconds: number): Record<string, number> => {
    const counts: Record<string, number> = {};
    for (const [{ route }, { count }] of aggregator.window(seconds).cells) counts[route] = (counts[route] ?? 0) + count;
    return counts;
  };
  return { clock, aggregator, countsOf };
}

describe('Aggregator', () => {
  it('counts what ended in the window and nothing else', () => {
    const { clock, aggregator, countsOf } = aggregatorAt();
    aggregator.add(seriesOf('old'), clock.nowMs);
    clock.nowMs += 120_000;
    aggregator.add(seriesOf('new', [1, 2, 3]), clock.nowMs);
    aggregator.add(seriesOf('new'), clock.nowMs - 30_000);
    expect(countsOf(60)).toEqual({ new: 4 });
    expect(countsOf(5)).toEqual({ new: 3 });
    expect(countsOf(3600)).toEqual({ old: 1, new: 4 });
  });

  it('forgets what is older than an hour', () => {
    const { clock, aggregator, countsOf } = aggregatorAt();
    aggregator.add(seriesOf('a'), clock.nowMs);
    clock.nowMs += 3_606_000;
    expect(countsOf(3600)).toEqual({});
    aggregator.add(seriesOf('b'), clock.nowMs);
    expect(countsOf(3600)).toEqual({ b: 1 });
    expect(aggregator.seriesCount).toBe(1);
    expect(aggregator.evictedSeries).toBe(0);
  });

  it('drops what comes an hour late, and takes a clock that is ahead for now', () => {
    const { clock, aggregator, countsOf } = aggregatorAt();
    aggregator.add(seriesOf('late'), clock.nowMs - 3_700_000);
    aggregator.add(seriesOf('ahead'), clock.nowMs + 86_400_000);
    expect(countsOf(60)).toEqual({ ahead: 1 });
    expect(aggregator.late).toBe(1);
  });

  it('keeps every request and its time, however reports are cut and mixed', () => {
    const report = fc.record({
      route: fc.constantFrom('a', 'b', 'c'),
      times: fc.array(fc.nat(60_000), { minLength: 1, maxLength: 5 }),
      agoMs: fc.nat(3_000_000),
    });
    fc.assert(
      fc.property(fc.array(report), (reports) => {
        const { aggregator } = aggregatorAt();
        for (const { route, times, agoMs } of reports) aggregator.add(seriesOf(route, times), startMs - agoMs);
        let requests = 0;
        let timed = 0;
        for (const [, { count, latency }] of aggregator.window(3600).cells) {
          requests += count;
          for (let i = 1; i < latency.length; i += 2) timed += latency[i] ?? 0;
        }
        const expected = reports.reduce((sum, { times }) => sum + times.length, 0);
        expect([requests, timed]).toEqual([expected, expected]);
      }),
      { numRuns: 30 },
    );
  });

  it('lets the series that was longest without requests make room', () => {
    const { clock, aggregator, countsOf } = aggregatorAt({ maxSeries: 2 });
    for (const route of ['a', 'b', 'a', 'c']) aggregator.add(seriesOf(route), clock.nowMs);
    expect(countsOf(60)).toEqual({ a: 2, c: 1 });
    expect(aggregator.evictedSeries).toBe(1);
  });

  it('lets the oldest time make room when memory is short', () => {
    const { clock, aggregator, countsOf } = aggregatorAt({ maxBytes: 2500 });
    for (let i = 0; i < 20; i++) {
      aggregator.add(seriesOf(`r${i}`), clock.nowMs);
      clock.nowMs += 5000;
    }
    expect(Object.keys(countsOf(3600)).length).toBeGreaterThan(5);
    expect(Object.keys(countsOf(3600)).length).toBeLessThan(13);
    expect(countsOf(3600)).toHaveProperty('r19');
    expect(aggregator.evictedBuckets).toBeGreaterThan(6);
  });

  it('says how much time its counts are of, as far as they go', () => {
    const { clock, aggregator } = aggregatorAt();
    clock.nowMs += 20_000;
    aggregator.add(seriesOf('a'), clock.nowMs - 2000);
    expect(aggregator.window(60).seconds).toBe(18);
    clock.nowMs += 600_000;
    // nobody has reported for long: the time counts although nothing was in it
    expect(aggregator.window(60).seconds).toBeGreaterThanOrEqual(60);
  });
});

import { describe, expect, it } from 'vitest';
import { quantileUs } from '../../proto/histogram.ts';
import { istioBuckets, totalsLayout } from './code-counts.ts';
import { SeriesRegistry } from './series-registry.ts';
import { labelsOf } from './testing/labels.ts';

const { count, durationMs, durationMsSum, requestBytesSum, responseBytes, responseBytesSum } = totalsLayout;

function exposedCounts(registry: SeriesRegistry): Record<string, number> {
  return Object.fromEntries(
    [...registry.exposed()].map(({ labels, code, flag, totals }) => [
      `${labels.source.service} ${code} ${flag}`,
      totals[count] ?? 0,
    ]),
  );
}

function callers(count: number) {
  return Array.from({ length: count }, (_, i) =>
    labelsOf({ source: { ...labelsOf().source, workload: `w${i}`, service: `s${i}` } }),
  );
}

describe('SeriesRegistry', () => {
  it('gives one series for equal labels and another where any label differs', () => {
    const registry = new SeriesRegistry();
    const series = registry.series(labelsOf());
    expect(registry.series(labelsOf())).toBe(series);
    expect(registry.series(labelsOf({ route: 'other' }))).not.toBe(series);
    expect(registry.series(labelsOf({ isMutualTls: false }))).not.toBe(series);
    expect(registry.series(labelsOf({ source: { ...labelsOf().source, version: 'v2' } }))).not.toBe(series);
    expect(registry.series(labelsOf({ reporter: 'source' }))).not.toBe(series);
  });

  it('counts each status and flag apart, with times and sizes', () => {
    const registry = new SeriesRegistry();
    const series = registry.series(labelsOf());
    series.record(200, '-', 3, 10, 2000);
    series.record(200, '-', 5, 20, 0);
    series.record(503, 'UF', 0.2, 0, 0);
    series.record(503, 'UO', 0.2, 0, 0);
    series.record(200, '-', 4_000_000, 0, 0);
    expect(exposedCounts(registry)).toEqual({ 'web 200 -': 3, 'web 503 UF': 1, 'web 503 UO': 1 });
    const [good] = registry.exposed();
    const totals = good?.totals ?? [];
    expect(totals[durationMsSum]).toBe(4_000_008);
    expect(totals[requestBytesSum]).toBe(30);
    expect(totals[responseBytesSum]).toBe(2000);
    // a bound belongs to its bucket; what is beyond the last one has a bucket of its own
    expect(totals[durationMs + istioBuckets.indexOf(5)]).toBe(2);
    expect(totals[durationMs + istioBuckets.length]).toBe(1);
    expect(totals[responseBytes + istioBuckets.indexOf(2500)]).toBe(1);
  });

  it('shares totals between routes, which Prometheus cannot tell apart, and nothing else', () => {
    const registry = new SeriesRegistry();
    registry.series(labelsOf({ route: 'a' })).record(200, '-', 1, 0, 0);
    registry.series(labelsOf({ route: 'b' })).record(200, '-', 1, 0, 0);
    expect(exposedCounts(registry)).toEqual({ 'web 200 -': 2 });
    expect([...registry.all()].flatMap((series) => [...series.codes()].map((code) => code.unreported))).toEqual([1, 1]);
  });

  it('keeps what was not reported apart from the totals', () => {
    const registry = new SeriesRegistry();
    const series = registry.series(labelsOf());
    series.record(200, '-', 1.5, 7, 11);
    const [code] = [...registry.all()].flatMap((each) => [...each.codes()]);
    expect(code).toMatchObject({ unreported: 1, latencySumUs: 1500, requestBytes: 7, responseBytes: 11 });
    expect(quantileUs(code?.latency ?? [], 0.5)).toBeCloseTo(1500, -2);
    code?.markReported();
    expect(code).toMatchObject({ unreported: 0, latencySumUs: 0, requestBytes: 0, responseBytes: 0 });
    expect(quantileUs(code?.latency ?? [], 0.5)).toBe(0);
    expect(exposedCounts(registry)).toEqual({ 'web 200 -': 1 });
  });

  it('counts label sets beyond its bound as other, loses no request and says how many', () => {
    const registry = new SeriesRegistry({ maxSeries: 3 });
    for (const labels of callers(5)) registry.series(labels).record(204, '-', 1, 0, 0);
    expect(exposedCounts(registry)).toEqual({ 's0 204 -': 1, 's1 204 -': 1, 's2 204 -': 1, 'other 200 -': 2 });
    expect(registry.droppedTotal).toBe(2);
    const other = [...registry.exposed()].find(({ labels }) => labels.source.service === 'other');
    expect(other?.labels.destination).toEqual(labelsOf().destination);
  });

  it('bounds statuses too: an application that invents them ends up under the x00 of other', () => {
    const registry = new SeriesRegistry({ maxSeries: 10 });
    const series = registry.series(labelsOf());
    for (let status = 200; status < 600; status++) series.record(status, '-', 1, 0, 0);
    const counts = exposedCounts(registry);
    expect(Object.keys(counts)).toHaveLength(10 + 4);
    expect(counts).toMatchObject({ 'other 200 -': 90, 'other 300 -': 100, 'other 500 -': 100 });
    expect(registry.droppedTotal).toBe(390);
  });

  it('drops what was idle for an hour, and takes it back with the next request', () => {
    const registry = new SeriesRegistry();
    const series = registry.series(labelsOf());
    series.record(200, '-', 1, 0, 0);
    registry.sweep(0);
    registry.sweep(3_599_999);
    expect(registry.size).toBe(1);
    registry.sweep(3_600_000);
    expect(registry.size).toBe(0);
    expect(exposedCounts(registry)).toEqual({});
    series.record(200, '-', 1, 0, 0);
    series.record(500, '-', 1, 0, 0);
    expect(exposedCounts(registry)).toEqual({ 'web 200 -': 1, 'web 500 -': 1 });
    expect(registry.series(labelsOf())).toBe(series);
  });

  it('keeps a series that has requests, and totals that another route still counts in', () => {
    const registry = new SeriesRegistry();
    const busy = registry.series(labelsOf({ route: 'busy' }));
    registry.series(labelsOf({ route: 'idle' })).record(200, '-', 1, 0, 0);
    for (let minute = 0; minute <= 120; minute++) {
      busy.record(200, '-', 1, 0, 0);
      registry.sweep(minute * 60_000);
    }
    expect(registry.size).toBe(1);
    expect(exposedCounts(registry)).toEqual({ 'web 200 -': 122 });
  });

  it('loses no request of one who holds on to a series whose place another took', () => {
    const registry = new SeriesRegistry();
    const held = registry.series(labelsOf());
    held.record(200, '-', 1, 0, 0);
    registry.sweep(0);
    registry.sweep(3_600_000);
    const successor = registry.series(labelsOf());
    expect(successor).not.toBe(held);
    held.record(200, '-', 1, 0, 0);
    successor.record(200, '-', 1, 0, 0);
    expect(exposedCounts(registry)).toEqual({ 'web 200 -': 2 });
    registry.sweep(3_600_001);
    registry.sweep(7_200_001);
    held.record(200, '-', 1, 0, 0);
    expect(exposedCounts(registry)).toEqual({ 'web 200 -': 1 });
    expect(registry.droppedTotal).toBe(0);
  });
});

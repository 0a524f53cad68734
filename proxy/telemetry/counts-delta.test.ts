import { describe, expect, it } from 'vitest';
import { addCounts, takeCounts } from './counts-delta.ts';
import { takeUnreported } from './report-message.ts';
import { SeriesRegistry } from './series-registry.ts';
import { labelsOf } from './testing/labels.ts';

/** The same requests, counted by one registry and spread over three. */
function count(registries: readonly SeriesRegistry[]): void {
  for (let i = 0; i < 300; i++) {
    const registry = registries[i % registries.length] as SeriesRegistry;
    registry
      .series(labelsOf({ route: i % 5 === 0 ? 'canary' : 'stable' }))
      .record(i % 7 === 0 ? 503 : 200, '-', i / 3, i, 2 * i);
  }
}

describe('addCounts', () => {
  it('adds up to what one registry would have counted, for Prometheus and for reports', () => {
    const one = new SeriesRegistry();
    const spread = [new SeriesRegistry(), new SeriesRegistry(), new SeriesRegistry()];
    const sum = new SeriesRegistry();
    count([one]);
    for (let round = 0; round < 2; round++) {
      if (round === 0) count(spread);
      for (const registry of spread) addCounts(sum, structuredClone(takeCounts(registry, 100)));
    }
    const exposed = (registry: SeriesRegistry) =>
      Object.fromEntries(
        [...registry.exposed()].map(({ code, totals }) => [code, [...totals].map((n) => Number(n.toFixed(6)))]),
      );
    expect(exposed(sum)).toEqual(exposed(one));
    const reported = (registry: SeriesRegistry) =>
      takeUnreported(registry)
        .map(({ route, response_code, count: requests, request_bytes, response_bytes, latency_us: latency }) => ({
          ...{ route, response_code, requests, request_bytes, response_bytes },
          latency: { ...latency, sum: Math.round(Number(latency?.sum)) },
        }))
        .sort((a, b) => `${a.route} ${a.response_code}`.localeCompare(`${b.route} ${b.response_code}`));
    const whole = reported(one);
    expect(reported(sum)).toEqual(whole);
    expect(whole.reduce((total, { requests }) => total + Number(requests), 0)).toBe(300);
  });

  it('takes everything once, in pieces of the size that is asked for', () => {
    const registry = new SeriesRegistry();
    for (let i = 0; i < 10; i++) registry.series(labelsOf({ route: `r${i}` })).record(200, '-', 1, 0, 0);
    const first = takeCounts(registry, 4);
    const rest = takeCounts(registry, 100);
    expect([first.length, rest.length, takeCounts(registry, 100).length]).toEqual([4, 6, 0]);
    const sum = new SeriesRegistry();
    addCounts(sum, [...rest, ...first]);
    expect([...sum.exposed()].map(({ totals }) => totals.at(-1))).toEqual([10]);
    expect(first[0]?.latency.index.length).toBe(1);
  });

  it('goes on counting in a series that somebody holds on to', () => {
    const registry = new SeriesRegistry();
    const series = registry.series(labelsOf());
    series.record(200, '-', 1, 0, 0);
    expect(takeCounts(registry, 9)).toHaveLength(1);
    series.record(200, '-', 1, 0, 0);
    series.record(200, '-', 1, 0, 0);
    const [delta] = takeCounts(registry, 9);
    expect([delta?.count, delta?.totals.at(-1)]).toEqual([2, 2]);
  });
});

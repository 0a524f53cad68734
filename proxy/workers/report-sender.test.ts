import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { DataPlane } from '../data-plane.ts';
import type { ClusterCondition } from '../telemetry/cluster-condition.ts';
import { EventLog } from '../telemetry/event-log.ts';
import { SeriesRegistry } from '../telemetry/series-registry.ts';
import { TcpRegistry } from '../telemetry/tcp-registry.ts';
import { labelsOf } from '../telemetry/testing/labels.ts';
import { clusterStatsOf } from '../telemetry/testing/stats.ts';
import { trafficEvent } from '../telemetry/traffic-event.ts';
import { noCounters } from './merge-status.ts';
import type { WorkerReport } from './messages.ts';
import { ReportSender } from './report-sender.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

function setUp() {
  const registry = new SeriesRegistry();
  const clusters = { all: [clusterStatsOf({ name: 'a', requestsTotal: 0 }), clusterStatsOf({ name: 'b' })] };
  const events = new EventLog();
  const conditions: ClusterCondition[] = [];
  const plane = {
    ...{ registry, connections: new TcpRegistry(), clusters: () => clusters.all, listeners: () => [] },
    ...{ events, conditions: () => conditions },
    ...{ downstream: () => [], counters: () => noCounters, destinations: async () => [] },
  } as unknown as DataPlane; // as much of one as is reported
  const sent: WorkerReport[] = [];
  const reports = new ReportSender(plane, (message) => {
    if (message.kind === 'report') sent.push(message.report);
  });
  reports.start();
  const count = (series: number) => {
    for (let i = 0; i < series; i++) registry.series(labelsOf({ route: `r${i}` })).record(200, '-', 1, 0, 0);
  };
  return { registry, clusters, events, conditions, sent, reports, count };
}

describe('ReportSender', () => {
  it('tells every second what was counted, and every five that there was nothing', () => {
    const { sent, reports, count } = setUp();
    count(1);
    vi.advanceTimersByTime(1_000);
    expect(sent.map(({ counts }) => counts.length)).toEqual([1]);
    reports.taken();
    vi.advanceTimersByTime(4_000);
    expect(sent).toHaveLength(1);
    vi.advanceTimersByTime(1_000);
    expect(sent.map(({ counts }) => counts.length)).toEqual([1, 0]);
  });

  it('tells what has happened, and of destinations that are not well until they are', () => {
    const { sent, reports, events, conditions } = setUp();
    const second = () => {
      vi.advanceTimersByTime(1_000);
      reports.taken();
      return sent.splice(0).map((report) => [report.events.length, report.conditions.length]);
    };
    events.record(trafficEvent('EJECT', Date.now(), { cluster: 'a' }));
    conditions.push({
      ...{ cluster: 'a', endpoints: 2, ejected: 1, failedChecks: 0, isPanicking: false },
      ...{ openLimit: null, limit: 0, refused: 0 },
    });
    expect([second(), second()]).toEqual([[[1, 1]], [[0, 1]]]);
    conditions.pop();
    expect([second(), second()]).toEqual([[[0, 0]], []]);
  });

  it('sends nothing more until the last report was taken; what is counted meanwhile goes with the next', () => {
    const { sent, reports, count } = setUp();
    count(1);
    vi.advanceTimersByTime(1_000);
    count(3);
    vi.advanceTimersByTime(60_000);
    expect(sent).toHaveLength(1);
    reports.taken();
    vi.advanceTimersByTime(1_000);
    expect(sent.map(({ counts }) => counts.length)).toEqual([1, 3]);
  });

  it('answers with the last of as many reports as it takes', () => {
    const { sent, reports, count } = setUp();
    count(600);
    reports.collect(7, false);
    reports.taken();
    reports.taken();
    reports.taken();
    expect(sent.map(({ counts, answers }) => [counts.length, answers])).toEqual([
      [250, 0],
      [250, 0],
      [100, 7],
    ]);
  });

  it('tells all clusters in an answer, and in between those that had requests', () => {
    const { sent, reports, count, clusters } = setUp();
    reports.collect(1, false);
    reports.taken();
    clusters.all = [clusterStatsOf({ name: 'a', requestsTotal: 5 }), clusterStatsOf({ name: 'b' })];
    count(1);
    vi.advanceTimersByTime(1_000);
    expect(sent.map((report) => report.clusters.map(({ name }) => name))).toEqual([['a', 'b'], ['a']]);
  });

  it('is done at the end when everything was taken', async () => {
    const { sent, reports, count } = setUp();
    count(300);
    let isDone = false;
    const last = reports.last().then(() => {
      isDone = true;
    });
    for (const counts of [250, 50, 0]) {
      await Promise.resolve();
      expect([sent.at(-1)?.counts.length, isDone]).toEqual([counts, false]);
      reports.taken();
    }
    await last;
    expect(sent).toHaveLength(3);
  });
});

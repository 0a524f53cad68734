import { EventEmitter } from 'node:events';
import { describe, expect, it } from 'vitest';
import { addSparseBuckets, LATENCY_BUCKETS } from '../../proto/histogram.ts';
import { FakeClock } from '../testing/fake-clock.ts';
import type { ClusterCondition } from './cluster-condition.ts';
import { EventLog } from './event-log.ts';
import type { ReportMessage } from './report-message.ts';
import { SeriesRegistry } from './series-registry.ts';
import { TcpRegistry } from './tcp-registry.ts';
import type { ReportClient } from './telemetry-reporter.ts';
import { TelemetryReporter } from './telemetry-reporter.ts';
import { labelsOf } from './testing/labels.ts';
import { trafficEvent } from './traffic-event.ts';

/** A stream whose other end is the test. */
class FakeStream extends EventEmitter {
  readonly written: ReportMessage[] = [];
  isCancelled = false;

  write(message: ReportMessage): void {
    this.written.push(message);
  }

  cancel(): void {
    this.isCancelled = true;
    this.emit('error', Object.assign(new Error('cancelled'), { code: 1, details: 'cancelled' }));
  }

  end(): void {}

  acknowledge(sequence: number): void {
    this.emit('data', { sequence: String(sequence) });
  }

  fail(code: number): void {
    this.emit('error', Object.assign(new Error('failed'), { code, details: 'failed' }));
  }

  get sequences(): unknown[] {
    return this.written.map(({ sequence }) => sequence);
  }
}

function reporting() {
  const clock = new FakeClock(1_700_000_000_000);
  const registry = new SeriesRegistry();
  const connections = new TcpRegistry();
  const events = new EventLog(clock.now());
  const conditions: ClusterCondition[] = [];
  const series = registry.series(labelsOf());
  const streams: FakeStream[] = [];
  const logged: string[] = [];
  const client = {
    Report: () => {
      streams.push(new FakeStream());
      return streams.at(-1);
    },
  } as unknown as ReportClient;
  const reporter = new TelemetryReporter({
    registry,
    connections,
    events,
    conditions: () => conditions,
    workload: 'web-1',
    clock,
    instanceId: 'this-run',
    random: () => 0.5,
    log: (_level, message) => logged.push(message),
  });
  reporter.start();
  const request = (count = 1) => {
    for (let i = 0; i < count; i++) series.record(200, '-', 2, 10, 100);
  };
  const stream = () => {
    const latest = streams.at(-1);
    if (latest === undefined) throw new Error('there is no stream');
    return latest;
  };
  return { clock, registry, connections, events, conditions, client, reporter, streams, stream, logged, request };
}

const countOf = (messages: readonly ReportMessage[]) =>
  messages.flatMap(({ series = [] }) => series).reduce((sum, { count }) => sum + Number(count), 0);

describe('TelemetryReporter', () => {
  it('reports what was counted since the last report, under numbers from 1', () => {
    const { clock, client, reporter, stream, request } = reporting();
    reporter.useClient(client);
    request(3);
    clock.advance(5000);
    request();
    clock.advance(5000);
    expect(stream().written).toMatchObject([
      { instance_id: 'this-run', sequence: 1, series: [{ count: 3, request_bytes: 30, response_bytes: 300 }] },
      { sequence: 2, series: [{ count: 1 }], interval_end_ms: 1_700_000_008_750 },
    ]);
    expect(stream().written[1]?.interval_start_ms).toBe(stream().written[0]?.interval_end_ms);
    const latency = new Array<number>(LATENCY_BUCKETS).fill(0);
    const { index = [], count = [] } = stream().written[0]?.series?.[0]?.latency_us ?? {};
    expect(addSparseBuckets(latency, index, count.map(String))).toBeNull();
    expect(latency.reduce((sum, each) => sum + each, 0)).toBe(3);
  });

  it('reports TCP connections too, those that are open and idle among them', () => {
    const { clock, client, connections, reporter, stream } = reporting();
    reporter.useClient(client);
    const series = connections.series(labelsOf(), '-');
    series.opened = 3;
    series.closed = 1;
    series.receivedBytes = 5;
    series.sentBytes = 7;
    clock.advance(5000);
    stream().acknowledge(1);
    clock.advance(5000);
    stream().acknowledge(2);
    series.closed = 3;
    clock.advance(5000);
    stream().acknowledge(3);
    clock.advance(60_000);
    const [first, ...later] = stream().written.map(({ series: rows = [] }) => rows);
    const moved = { request_bytes: 5, response_bytes: 7 };
    expect(first).toMatchObject([
      { ...moved, protocol: 'tcp', connections_opened: 3, connections_closed: 1, connections_open: 2 },
    ]);
    expect(later).toMatchObject([
      [{ connections_opened: 0, connections_closed: 0, connections_open: 2, request_bytes: 0 }],
      [{ connections_opened: 0, connections_closed: 2, connections_open: 0 }],
    ]);
  });

  it('says nothing while there is nothing to say', () => {
    const { clock, client, reporter, streams } = reporting();
    reporter.useClient(client);
    clock.advance(60_000);
    expect(streams).toHaveLength(0);
  });

  it('sends what is not acknowledged again after a break, under the same numbers', () => {
    const { clock, client, reporter, streams, stream, request } = reporting();
    reporter.useClient(client);
    for (let i = 0; i < 3; i++) {
      request();
      clock.advance(5000);
    }
    stream().acknowledge(1);
    stream().fail(14);
    request();
    clock.advance(5000);
    expect(streams).toHaveLength(2);
    expect(stream().sequences).toEqual([2, 3, 4]);
    stream().acknowledge(4);
    expect(reporter.unacknowledgedReports).toBe(0);
  });

  it('goes on over a new client at once', () => {
    const { clock, client, reporter, streams, stream, request } = reporting();
    reporter.useClient(client);
    request();
    clock.advance(5000);
    const first = stream();
    reporter.useClient(client);
    expect(first.isCancelled).toBe(true);
    expect(streams).toHaveLength(2);
    expect(stream().sequences).toEqual([1]);
    // an acknowledgement that was on its way still counts
    first.acknowledge(1);
    expect(reporter.unacknowledgedReports).toBe(0);
  });

  it('keeps twelve reports, and what is counted meanwhile in one more: no request is lost', () => {
    const { clock, client, reporter, stream, request } = reporting();
    for (let i = 0; i < 100; i++) {
      request();
      clock.advance(5000);
    }
    expect(reporter.unacknowledgedReports).toBe(12);
    expect(reporter.mergedIntervals).toBe(88);
    reporter.useClient(client);
    stream().acknowledge(12);
    clock.advance(5000);
    expect(stream().sequences).toEqual(Array.from({ length: 13 }, (_, i) => i + 1));
    expect(countOf(stream().written)).toBe(100);
    const merged = stream().written[12];
    expect(Number(merged?.interval_end_ms) - Number(merged?.interval_start_ms)).toBe(89 * 5000);
  });

  it('cuts what is too large for one message', () => {
    const { clock, client, registry, reporter, stream } = reporting();
    for (let i = 0; i < 600; i++) registry.series(labelsOf({ route: `r${i}` })).record(200, '-', 1, 0, 0);
    reporter.useClient(client);
    clock.advance(5000);
    expect(stream().written.map(({ series }) => series?.length)).toEqual([250, 250, 100]);
  });

  it('leaves a stream on which nothing is acknowledged', () => {
    const { clock, client, reporter, streams, request, logged } = reporting();
    reporter.useClient(client);
    for (let i = 0; i < 6; i++) {
      request();
      clock.advance(5000);
    }
    expect(streams[0]?.isCancelled).toBe(true);
    expect(streams[1]?.sequences[0]).toBe(1);
    expect(logged).toEqual(['telemetry is not reported']);
    streams[1]?.acknowledge(6);
    expect(logged).toEqual(['telemetry is not reported', 'reporting telemetry again']);
  });

  it('does not take a pause without requests for silence of the other end', () => {
    const { clock, client, reporter, streams, stream, request, logged } = reporting();
    reporter.useClient(client);
    request();
    clock.advance(5000);
    stream().acknowledge(1);
    clock.advance(60_000);
    request();
    clock.advance(5000);
    expect(logged).toEqual([]);
    expect(streams).toHaveLength(1);
    expect(stream().sequences).toEqual([1, 2]);
  });

  it('gives up a report on which the server ends the stream again and again, and only that', () => {
    const { clock, client, reporter, stream, request } = reporting();
    reporter.useClient(client);
    for (let i = 0; i < 3; i++) {
      request();
      clock.advance(5000);
      stream().fail(3);
    }
    expect(reporter.droppedReports).toBe(1);
    request();
    clock.advance(5000);
    expect(stream().sequences[0]).toBe(2);
    expect(stream().written.at(-1)?.dropped_reports).toBe(1);
  });

  it('never gives up a report because the control plane is away or does not know us yet', () => {
    const { clock, client, reporter, stream, request } = reporting();
    reporter.useClient(client);
    request();
    clock.advance(5000);
    for (const code of [14, 16, 7, 12, 8, 4, 1, 2, 14, 14]) {
      stream().fail(code);
      clock.advance(6000);
    }
    expect(reporter.droppedReports).toBe(0);
    expect(stream().sequences).toEqual([1]);
  });

  it('survives a client whose channel is closed', () => {
    const { clock, reporter, request, logged } = reporting();
    reporter.useClient({
      Report: () => {
        throw new Error('Channel has been closed');
      },
    });
    request();
    clock.advance(20_000);
    expect(logged).toEqual(['telemetry is not reported']);
    expect(reporter.unacknowledgedReports).toBe(1);
  });

  it('flushes what is left, and says whether it arrived', async () => {
    const { clock, client, reporter, stream, request } = reporting();
    request();
    expect(await reporter.flush()).toBe(false);
    reporter.useClient(client);
    request();
    const arrived = reporter.flush();
    expect(countOf(stream().written)).toBe(2);
    stream().acknowledge(2);
    expect(await arrived).toBe(true);
    request();
    const late = reporter.flush(2000);
    clock.advance(2000);
    expect(await late).toBe(false);
    reporter.close();
    expect(clock.pendingMs).toEqual([]);
  });

  it('tells events soon, with those that happen meanwhile, under a number of their own', () => {
    const { clock, client, events, conditions, reporter, stream } = reporting();
    reporter.useClient(client);
    const eject = (upstream: string) =>
      events.record(trafficEvent('EJECT', clock.now(), { cluster: 'cart', upstream }));
    eject('10.0.0.1:80');
    conditions.push(notWell);
    clock.advance(200);
    eject('10.0.0.2:80');
    clock.advance(50);
    expect(stream().written).toMatchObject([
      {
        sequence: 1,
        workload: 'web-1',
        events: [
          { kind: 'EJECT', upstream_url: '10.0.0.1:80', count: 1 },
          { kind: 'EJECT', upstream_url: '10.0.0.2:80' },
        ],
        state: { clusters: [{ cluster_name: 'cart', endpoints: 3, ejected: 2, open_limit: '' }] },
        dropped_events: 0,
      },
    ]);
  });

  it('says that a destination is not well in each report, and once that all are', () => {
    const { clock, client, conditions, reporter, stream } = reporting();
    reporter.useClient(client);
    conditions.push(notWell);
    clock.advance(10_000);
    conditions.pop();
    clock.advance(20_000);
    expect(stream().written.map(({ state }) => state?.clusters?.length)).toEqual([1, 1, 0]);
  });

  it('keeps events while it cannot tell them, and says how many it has dropped', () => {
    const { clock, client, events, reporter, stream } = reporting();
    for (let i = 0; i < 200; i++) {
      events.record(trafficEvent('EJECT', clock.now(), { cluster: 'cart', upstream: `10.0.0.${i}:80` }));
    }
    clock.advance(60_000);
    reporter.useClient(client);
    clock.advance(0);
    const [first] = stream().written;
    expect(first?.events).toHaveLength(128);
    expect(first?.dropped_events).toBe(72);
  });
});

const notWell: ClusterCondition = {
  ...{ cluster: 'cart', endpoints: 3, ejected: 2, failedChecks: 0, isPanicking: false },
  ...{ openLimit: null, limit: 0, refused: 0 },
};

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { localOrigin } from './outcome.ts';
import { OutlierDetector } from './outlier-detector.ts';
import type { OutlierRecord } from './outlier-record.ts';
import type { OutlierSettings } from './outlier-settings.ts';
import { envoyOutlierDefaults } from './outlier-settings.ts';

function detectorOf(hostCount: number, settings: Partial<OutlierSettings> = {}, random = () => 0) {
  const clock = { nowMs: 0 };
  const changes: string[][] = [];
  const events: string[] = [];
  let pending: string[] = [];
  const detector = new OutlierDetector(
    { ...envoyOutlierDefaults, alwaysEjectOneHost: true, ...settings },
    { now: () => clock.nowMs, random },
    {
      onEvent: ({ name }, event) => {
        const isChange = event.kind === 'returned' || event.isEnforced;
        if (isChange) pending.push(`${name} ${event.kind === 'ejected' ? 'out' : 'in'}`);
        events.push(`${name} ${event.kind === 'ejected' ? event.cause : event.by}${isChange ? '' : ' (stays)'}`);
      },
      onChange: () => {
        changes.push(pending);
        pending = [];
      },
    },
  );
  const hosts = Array.from({ length: hostCount }, (_, index) => detector.track(`10.0.0.${index + 1}:80`));
  return {
    detector,
    clock,
    changes,
    events,
    hosts: hosts as [OutlierRecord, OutlierRecord, ...OutlierRecord[]],
    fail(record: OutlierRecord, times: number, outcome = 500): void {
      for (let i = 0; i < times; i++) detector.report(record, outcome);
    },
    /** So many requests, of which so many fail, none after another one that failed as far as that can be. */
    serve(record: OutlierRecord, requests: number, failures: number): void {
      for (let i = 0; i < requests; i++) {
        const isFailure = Math.floor(((i + 1) * failures) / requests) > Math.floor((i * failures) / requests);
        detector.report(record, isFailure ? 500 : 200);
      }
    },
    sweepAt(nowMs: number): void {
      clock.nowMs = nowMs;
      detector.sweep(nowMs);
    },
  };
}

describe('OutlierDetector', () => {
  it('ejects an endpoint after five failures in a row, and says so once', () => {
    const { detector, hosts, changes, fail } = detectorOf(2);
    fail(hosts[0], 4);
    expect(hosts[0].isEjected).toBe(false);
    fail(hosts[0], 1);
    expect(hosts[0].isEjected).toBe(true);
    expect(changes).toEqual([['10.0.0.1:80 out']]);
    expect(detector.counters.active).toBe(1);
    expect(detector.counters.enforcedTotal).toBe(1);
    expect(detector.counters.enforced.consecutive_5xx).toBe(1);
  });

  it('begins to count anew after a success', () => {
    const { detector, hosts, fail } = detectorOf(2);
    for (let i = 0; i < 10; i++) {
      fail(hosts[0], 4);
      detector.report(hosts[0], 200);
    }
    expect(hosts[0].isEjected).toBe(false);
  });

  it('brings an endpoint back in the first sweep after its time', () => {
    const { detector, hosts, changes, fail, sweepAt } = detectorOf(2);
    fail(hosts[0], 5);
    sweepAt(10_000);
    sweepAt(20_000);
    expect(hosts[0].isEjected).toBe(true);
    sweepAt(30_000);
    expect(hosts[0].isEjected).toBe(false);
    expect(changes).toEqual([['10.0.0.1:80 out'], ['10.0.0.1:80 in']]);
    expect(detector.counters.active).toBe(0);
    expect(detector.counters.enforcedTotal).toBe(1);
  });

  it('keeps an endpoint out longer each time, up to the longest time', () => {
    const { hosts, clock, fail, sweepAt } = detectorOf(2, { maxEjectionTimeMs: 70_000 });
    const timesOut: number[] = [];
    for (let round = 0; round < 5; round++) {
      fail(hosts[0], 5);
      const outSinceMs = clock.nowMs;
      while (hosts[0].isEjected) sweepAt(clock.nowMs + 5_000);
      timesOut.push(clock.nowMs - outSinceMs);
    }
    expect(timesOut).toEqual([30_000, 60_000, 70_000, 70_000, 70_000]);
    // Ejections beyond the longest time are not remembered, so that they need not all be forgiven.
    expect(hosts[0].ejectionMultiplier).toBe(4);
  });

  it('forgives one ejection with each sweep that finds the endpoint in', () => {
    const { hosts, clock, fail, sweepAt } = detectorOf(2);
    for (let round = 0; round < 2; round++) {
      fail(hosts[0], 5);
      while (hosts[0].isEjected) sweepAt(clock.nowMs + 10_000);
    }
    expect(hosts[0].ejectionMultiplier).toBe(2);
    sweepAt(clock.nowMs + 10_000);
    sweepAt(clock.nowMs + 10_000);
    sweepAt(clock.nowMs + 10_000);
    expect(hosts[0].ejectionMultiplier).toBe(0);
    fail(hosts[0], 5);
    const outSinceMs = clock.nowMs;
    while (hosts[0].isEjected) sweepAt(clock.nowMs + 10_000);
    expect(clock.nowMs - outSinceMs).toBe(30_000);
  });

  it('never takes the base time for longer than the longest time', () => {
    const { hosts, fail, sweepAt } = detectorOf(2, { baseEjectionTimeMs: 30_000, maxEjectionTimeMs: 1_000 });
    fail(hosts[0], 5);
    sweepAt(29_999);
    expect(hosts[0].isEjected).toBe(true);
    sweepAt(30_000);
    expect(hosts[0].isEjected).toBe(false);
  });

  it.each([
    { hostCount: 1, percent: 10, alwaysOne: true, out: 0 },
    { hostCount: 1, percent: 100, alwaysOne: true, out: 1 },
    { hostCount: 2, percent: 10, alwaysOne: true, out: 1 },
    { hostCount: 2, percent: 10, alwaysOne: false, out: 0 },
    { hostCount: 2, percent: 0, alwaysOne: true, out: 1 },
    { hostCount: 4, percent: 50, alwaysOne: false, out: 2 },
    { hostCount: 10, percent: 10, alwaysOne: false, out: 1 },
    { hostCount: 20, percent: 10, alwaysOne: true, out: 2 },
    { hostCount: 3, percent: 100, alwaysOne: false, out: 3 },
  ])('lets at most $out of $hostCount be out at $percent %, always one: $alwaysOne', (row) => {
    const { detector, hosts, fail } = detectorOf(row.hostCount, {
      maxEjectionPercent: row.percent,
      alwaysEjectOneHost: row.alwaysOne,
    });
    for (const host of hosts) fail(host, 5);
    expect(hosts.filter((host) => host.isEjected)).toHaveLength(row.out);
    expect(detector.counters.active).toBe(row.out);
    expect(detector.counters.overflow).toBe(row.hostCount - row.out);
  });

  it('tries a refused ejection again after as many further failures', () => {
    const { detector, hosts, fail, sweepAt } = detectorOf(2);
    fail(hosts[0], 5);
    fail(hosts[1], 5);
    expect(hosts[1].isEjected).toBe(false);
    expect(detector.counters.overflow).toBe(1);
    sweepAt(30_000);
    fail(hosts[1], 4);
    expect(hosts[1].isEjected).toBe(false);
    fail(hosts[1], 1);
    expect(hosts[1].isEjected).toBe(true);
  });

  it('does not eject twice for requests that were in flight', () => {
    const { detector, hosts, changes, fail } = detectorOf(2);
    fail(hosts[0], 50);
    expect(changes).toHaveLength(1);
    expect(detector.counters.enforcedTotal).toBe(1);
    expect(detector.counters.overflow).toBe(0);
  });

  it('makes room when an ejected endpoint is removed, and hears nothing of it afterwards', () => {
    const { detector, hosts, changes, fail } = detectorOf(3);
    fail(hosts[0], 5);
    detector.forget(hosts[0]);
    detector.forget(hosts[0]);
    expect(detector.counters.active).toBe(0);
    fail(hosts[0], 5);
    expect(hosts[0].isEjected).toBe(false);
    fail(hosts[1], 5);
    expect(hosts[1].isEjected).toBe(true);
    expect(changes).toEqual([['10.0.0.1:80 out'], ['10.0.0.2:80 out']]);
  });

  it('announces all that come back in one sweep together', () => {
    const { hosts, changes, fail, sweepAt } = detectorOf(4, { maxEjectionPercent: 50 });
    fail(hosts[0], 5);
    fail(hosts[1], 5);
    sweepAt(30_000);
    expect(changes.at(-1)).toEqual(['10.0.0.1:80 in', '10.0.0.2:80 in']);
  });

  it('ejects nobody when the threshold is 0', () => {
    const { hosts, fail } = detectorOf(2, { consecutive5xx: 0 });
    fail(hosts[0], 100);
    expect(hosts[0].isEjected).toBe(false);
  });

  it('always knows how many are out, and never exceeds the bound', () => {
    const step = fc.record({
      host: fc.nat({ max: 9 }),
      isFailure: fc.boolean(),
      times: fc.nat({ max: 6 }),
      sweep: fc.boolean(),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 80 }), fc.nat({ max: 100 }), (steps, percent) => {
        const { detector, hosts, clock, sweepAt } = detectorOf(10, { maxEjectionPercent: percent });
        for (const { host, isFailure, times, sweep } of steps) {
          for (let i = 0; i < times; i++) detector.report(hosts[host] as OutlierRecord, isFailure ? 503 : 200);
          if (sweep) sweepAt(clock.nowMs + 10_000);
          const out = hosts.filter((record) => record.isEjected).length;
          expect(detector.counters.active).toBe(out);
          expect(out).toBeLessThanOrEqual(Math.max(1, Math.floor(percent / 10)));
        }
      }),
    );
  });

  it('adds what the random number says of the jitter to the time out', () => {
    const { hosts, fail, sweepAt } = detectorOf(2, { maxEjectionTimeJitterMs: 10_000 }, () => 0.5);
    fail(hosts[0], 5);
    sweepAt(34_999);
    expect(hosts[0].isEjected).toBe(true);
    sweepAt(35_000);
    expect(hosts[0].isEjected).toBe(false);
  });

  it('brings an endpoint back that an active health check finds well, unless told not to', () => {
    const { detector, hosts, changes, events, fail } = detectorOf(2);
    fail(hosts[0], 5);
    detector.onHealthy(hosts[0]);
    detector.onHealthy(hosts[1]);
    expect(changes).toEqual([['10.0.0.1:80 out'], ['10.0.0.1:80 in']]);
    expect(events.at(-1)).toBe('10.0.0.1:80 health-check');
    const stubborn = detectorOf(2, { returnsWhenHealthy: false });
    stubborn.fail(stubborn.hosts[0], 5);
    stubborn.detector.onHealthy(stubborn.hosts[0]);
    expect(stubborn.hosts[0].isEjected).toBe(true);
  });
});

describe('rows of failures', () => {
  const gateway = { ...envoyOutlierDefaults.enforcing, consecutive_gateway_failure: 100 };

  it.each([502, 503, 504])('takes %i for a gateway failure, and counts it without ejecting by default', (status) => {
    const { detector, hosts, events, fail } = detectorOf(2, { consecutiveGatewayFailure: 3 });
    fail(hosts[0], 3, status);
    expect(hosts[0].isEjected).toBe(false);
    expect(events).toEqual(['10.0.0.1:80 consecutive_gateway_failure (stays)']);
    expect(detector.counters.detected.consecutive_gateway_failure).toBe(1);
    expect(detector.counters.enforced.consecutive_gateway_failure).toBe(0);
  });

  it('ejects by gateway failures where that is enforced', () => {
    const { hosts, events, fail } = detectorOf(2, { consecutiveGatewayFailure: 3, enforcing: gateway });
    fail(hosts[0], 3, 503);
    expect(events).toEqual(['10.0.0.1:80 consecutive_gateway_failure']);
  });

  it.each([500, 501, 505])('ends a row of gateway failures with %i, and not the row of 5xx', (status) => {
    const { hosts, events, fail } = detectorOf(2, { consecutiveGatewayFailure: 3, enforcing: gateway });
    fail(hosts[0], 2, 503);
    fail(hosts[0], 1, status);
    fail(hosts[0], 1, 503);
    expect(hosts[0].isEjected).toBe(false);
    fail(hosts[0], 1, status);
    expect(events).toEqual(['10.0.0.1:80 consecutive_5xx']);
  });

  it('takes local failures for 503 and time-outs for 504 where they are not judged apart', () => {
    const { hosts, events, fail } = detectorOf(2, { consecutiveGatewayFailure: 4, enforcing: gateway });
    fail(hosts[0], 2, localOrigin.failed);
    fail(hosts[0], 1, localOrigin.connected);
    fail(hosts[0], 2, localOrigin.timedOut);
    expect(events).toEqual(['10.0.0.1:80 consecutive_gateway_failure']);
    fail(hosts[1], 4, localOrigin.failed);
    fail(hosts[1], 1, localOrigin.carried);
    expect(hosts[1].consecutive5xx).toBe(0);
  });

  it('judges local failures apart where told to, and neither row ends the other', () => {
    const { hosts, events, fail } = detectorOf(2, { splitsLocalOriginErrors: true });
    fail(hosts[0], 4, localOrigin.failed);
    fail(hosts[0], 4, 500);
    fail(hosts[0], 1, 200);
    expect(hosts[0].isEjected).toBe(false);
    fail(hosts[0], 1, localOrigin.timedOut);
    expect(events).toEqual(['10.0.0.1:80 consecutive_local_origin_failure']);
  });

  it('ends a row of local failures with a connection', () => {
    const { hosts, fail } = detectorOf(2, { splitsLocalOriginErrors: true });
    fail(hosts[0], 4, localOrigin.failed);
    fail(hosts[0], 1, localOrigin.connected);
    fail(hosts[0], 4, localOrigin.failed);
    expect(hosts[0].isEjected).toBe(false);
    fail(hosts[0], 1, localOrigin.failed);
    expect(hosts[0].isEjected).toBe(true);
  });

  it('ejects the share of outliers that is enforced', () => {
    const draws = [0.49, 0, 0.51];
    const { hosts, events, fail } = detectorOf(
      4,
      { maxEjectionPercent: 100, enforcing: { ...gateway, consecutive_5xx: 50 } },
      () => draws.shift() ?? 0.99,
    );
    fail(hosts[0], 5);
    fail(hosts[1], 5);
    expect(events).toEqual(['10.0.0.1:80 consecutive_5xx', '10.0.0.2:80 consecutive_5xx (stays)']);
  });
});

describe('rates of an interval', () => {
  it('ejects who succeeds much less often than the others', () => {
    const { detector, hosts, events, serve, sweepAt } = detectorOf(5);
    serve(hosts[0], 100, 50);
    for (const host of hosts.slice(1)) serve(host, 100, 0);
    sweepAt(10_000);
    expect(events).toEqual(['10.0.0.1:80 success_rate']);
    // the example in Envoy's source: rates 50, 100, 100, 100, 100
    expect(detector.answerRates).toEqual({ average: 90, threshold: 52 });
    expect(hosts.map(({ successRate }) => successRate)).toEqual([50, 100, 100, 100, 100]);
  });

  it.each([
    { why: 'there are four', hosts: 4, requests: 100, failures: 50 },
    { why: 'one had 99 requests', hosts: 5, requests: 99, failures: 49 },
    { why: 'all fail alike', hosts: 5, requests: 100, failures: 0 },
  ])('compares nobody when $why', (row) => {
    const { hosts, events, serve, sweepAt } = detectorOf(row.hosts);
    for (const host of hosts) serve(host, 100, row.failures === 0 ? 40 : 0);
    sweepAt(10_000);
    serve(hosts[0], row.requests, row.failures || 40);
    for (const host of hosts.slice(1)) serve(host, 100, row.failures === 0 ? 40 : 0);
    sweepAt(20_000);
    expect(events).toEqual([]);
  });

  it('compares only what came within the last interval', () => {
    const { hosts, events, serve, sweepAt } = detectorOf(5);
    serve(hosts[0], 60, 30);
    for (const host of hosts.slice(1)) serve(host, 60, 0);
    sweepAt(10_000);
    serve(hosts[0], 60, 30);
    for (const host of hosts.slice(1)) serve(host, 60, 0);
    sweepAt(20_000);
    expect(events).toEqual([]);
  });

  it('finds who fails too often even where all do, and ejects where that is enforced', () => {
    const enforcing = { ...envoyOutlierDefaults.enforcing, success_rate: 0, failure_percentage: 100 };
    const settings = { enforcing, consecutive5xx: 0, maxEjectionPercent: 60 };
    const { detector, hosts, serve, sweepAt } = detectorOf(5, settings);
    for (const host of hosts) serve(host, 100, 85);
    sweepAt(10_000);
    expect(hosts.filter(({ isEjected }) => isEjected)).toHaveLength(3);
    expect(detector.counters.detected.failure_percentage).toBe(5);
    expect(detector.counters.enforced.failure_percentage).toBe(3);
    expect(detector.counters.overflow).toBe(2);
  });

  it('leaves who fails a little less often than the threshold', () => {
    const enforcing = { ...envoyOutlierDefaults.enforcing, success_rate: 0, failure_percentage: 100 };
    const { hosts, events, serve, sweepAt } = detectorOf(5, { enforcing, consecutive5xx: 0 });
    for (const host of hosts) serve(host, 100, 84);
    sweepAt(10_000);
    expect(events).toEqual([]);
  });

  it('judges connections by their rates too, where they are judged apart', () => {
    const { detector, hosts, events, sweepAt } = detectorOf(5, {
      splitsLocalOriginErrors: true,
      consecutiveLocalOriginFailure: 0,
    });
    for (let i = 0; i < 100; i++) {
      detector.report(hosts[0], i % 2 === 0 ? localOrigin.connected : localOrigin.failed);
      for (const host of hosts.slice(1)) detector.report(host, localOrigin.connected);
    }
    sweepAt(10_000);
    expect(events).toEqual(['10.0.0.1:80 local_origin_success_rate']);
    expect(hosts[0].localOriginSuccessRate).toBe(50);
    expect(hosts[0].successRate).toBe(-1);
  });

  it('does not compare with who is out', () => {
    const { hosts, events, fail, serve, sweepAt } = detectorOf(6, { maxEjectionPercent: 50 });
    fail(hosts[5] as OutlierRecord, 5);
    serve(hosts[5] as OutlierRecord, 100, 100);
    serve(hosts[0], 100, 50);
    for (const host of hosts.slice(1, 5)) serve(host, 100, 0);
    sweepAt(10_000);
    expect(events).toEqual(['10.0.0.6:80 consecutive_5xx', '10.0.0.1:80 success_rate']);
  });
});

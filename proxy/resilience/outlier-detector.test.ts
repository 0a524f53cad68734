import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { OutlierDetectionSettings, OutlierRecord } from './outlier-detector.ts';
import { OutlierDetector } from './outlier-detector.ts';

const defaults: OutlierDetectionSettings = {
  consecutive5xx: 5,
  intervalMs: 10_000,
  baseEjectionTimeMs: 30_000,
  maxEjectionTimeMs: 300_000,
  maxEjectionPercent: 10,
  alwaysEjectOneHost: true,
};

function detectorOf(hostCount: number, settings: Partial<OutlierDetectionSettings> = {}) {
  const clock = { nowMs: 0 };
  const changes: string[][] = [];
  const detector = new OutlierDetector(
    { ...defaults, ...settings },
    () => clock.nowMs,
    (changed) => changes.push(changed.map((record) => `${record.name} ${record.isEjected ? 'out' : 'in'}`)),
  );
  const hosts = Array.from({ length: hostCount }, (_, index) => detector.track(`10.0.0.${index + 1}:80`));
  return {
    detector,
    clock,
    changes,
    hosts: hosts as [OutlierRecord, OutlierRecord, ...OutlierRecord[]],
    fail(record: OutlierRecord, times: number): void {
      for (let i = 0; i < times; i++) detector.report(record, true);
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
    expect(detector.ejectionsActive).toBe(1);
    expect(detector.ejectionsEnforcedTotal).toBe(1);
    expect(detector.ejectionsEnforcedConsecutive5xx).toBe(1);
  });

  it('begins to count anew after a success', () => {
    const { detector, hosts, fail } = detectorOf(2);
    for (let i = 0; i < 10; i++) {
      fail(hosts[0], 4);
      detector.report(hosts[0], false);
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
    expect(detector.ejectionsActive).toBe(0);
    expect(detector.ejectionsEnforcedTotal).toBe(1);
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
    expect(detector.ejectionsActive).toBe(row.out);
    expect(detector.ejectionsOverflow).toBe(row.hostCount - row.out);
  });

  it('tries a refused ejection again after as many further failures', () => {
    const { detector, hosts, fail, sweepAt } = detectorOf(2);
    fail(hosts[0], 5);
    fail(hosts[1], 5);
    expect(hosts[1].isEjected).toBe(false);
    expect(detector.ejectionsOverflow).toBe(1);
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
    expect(detector.ejectionsEnforcedTotal).toBe(1);
    expect(detector.ejectionsOverflow).toBe(0);
  });

  it('makes room when an ejected endpoint is removed, and hears nothing of it afterwards', () => {
    const { detector, hosts, changes, fail } = detectorOf(3);
    fail(hosts[0], 5);
    detector.forget(hosts[0]);
    detector.forget(hosts[0]);
    expect(detector.ejectionsActive).toBe(0);
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
          for (let i = 0; i < times; i++) detector.report(hosts[host] as OutlierRecord, isFailure);
          if (sweep) sweepAt(clock.nowMs + 10_000);
          const out = hosts.filter((record) => record.isEjected).length;
          expect(detector.ejectionsActive).toBe(out);
          expect(out).toBeLessThanOrEqual(Math.max(1, Math.floor(percent / 10)));
        }
      }),
    );
  });
});

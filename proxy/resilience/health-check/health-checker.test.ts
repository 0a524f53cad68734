import { describe, expect, it } from 'vitest';
import { FakeClock } from '../../testing/fake-clock.ts';
import { everyThreeSeconds } from '../../testing/health-check-settings.ts';
import { CheckGate } from './check-gate.ts';
import type { Prober } from './check-session.ts';
import type { HealthCheckSettings } from './health-check-settings.ts';
import { HealthChecker } from './health-checker.ts';
import type { CheckOutcome, HealthRecord } from './health-record.ts';

const settings: HealthCheckSettings = {
  ...everyThreeSeconds,
  noTrafficIntervalMs: 60_000,
  noTrafficHealthyIntervalMs: 60_000,
  unhealthyThreshold: 2,
};
const silence: CheckOutcome = { kind: 'network', reason: 'silence' };

/** Answers when it is told to. */
class ScriptedProber implements Prober {
  readonly loading: Promise<void> | null;
  checks = 0;
  closed = 0;
  signal: AbortSignal | null = null;
  #answer: (outcome: CheckOutcome) => void = () => {};

  constructor(loading: Promise<void> | null = null) {
    this.loading = loading;
  }

  check(signal: AbortSignal): Promise<CheckOutcome> {
    this.checks++;
    this.signal = signal;
    return new Promise((resolve) => {
      this.#answer = resolve;
    });
  }

  close(): void {
    this.closed++;
  }

  async answer(outcome: CheckOutcome = { kind: 'success' }): Promise<void> {
    this.#answer(outcome);
    await new Promise((resolve) => setImmediate(resolve));
  }
}

function checkerOf(overrides: Partial<HealthCheckSettings> = {}, limit = 32) {
  const clock = new FakeClock(0);
  const gate = new CheckGate(limit);
  const changes: string[] = [];
  const state = { hasTraffic: true, passed: 0 };
  const names = new Map<HealthRecord, string>();
  const checker = new HealthChecker(
    { ...settings, ...overrides },
    { gate, random: () => 0.5, after: (ms, callback) => clock.after(ms, callback) },
    {
      hasTraffic: () => state.hasTraffic,
      onPassed: () => {
        state.passed++;
      },
      onChange: (record) => changes.push(`${names.get(record)} ${record.isFailed ? 'failed' : 'well'}`),
    },
  );
  const watch = (name: string, isFailed = true) => {
    const prober = new ScriptedProber();
    const record = checker.watch(prober, isFailed);
    names.set(record, name);
    return { prober, record };
  };
  return { checker, clock, changes, state, watch };
}

describe('HealthChecker', () => {
  it('checks at once, then at a random part of an interval, then each interval', async () => {
    const { clock, changes, watch } = checkerOf();
    const { prober, record } = watch('a');
    expect(prober.checks).toBe(1);
    expect(record).toMatchObject({ isFailed: true, isPending: true });
    await prober.answer();
    expect(changes).toEqual(['a well']);
    expect(clock.pendingMs).toEqual([1_500]);
    clock.advance(1_500);
    expect(prober.checks).toBe(2);
    await prober.answer();
    expect(clock.pendingMs).toEqual([3_000]);
  });

  it('begins when what it takes is loaded, and not when it was stopped meanwhile', async () => {
    const { checker, clock } = checkerOf();
    let isLoaded = () => {};
    const loading = new Promise<void>((resolve) => {
      isLoaded = resolve;
    });
    const [first, second] = [new ScriptedProber(loading), new ScriptedProber(loading)];
    checker.watch(first, true);
    checker.forget(checker.watch(second, true));
    expect([first.checks, clock.pendingMs]).toEqual([0, []]);
    isLoaded();
    await loading;
    expect([first.checks, second.checks]).toEqual([1, 0]);
  });

  it('waits for up to the initial jitter first', () => {
    const { clock, watch } = checkerOf({ initialJitterMs: 2_000 });
    const { prober } = watch('a');
    expect(prober.checks).toBe(0);
    clock.advance(1_000);
    expect(prober.checks).toBe(1);
  });

  it('shortens neither that nor the jitter of an interval because there are calls', async () => {
    const { checker, clock, state, watch } = checkerOf({ initialJitterMs: 20_000, intervalJitterMs: 40_000 });
    state.hasTraffic = false;
    const { prober } = watch('a');
    state.hasTraffic = true;
    checker.sweep();
    expect([prober.checks, clock.pendingMs]).toEqual([0, [10_000]]);
    clock.advance(10_000);
    await prober.answer();
    // half of 3 s and half of 40 s, as the first time after the first check
    expect(clock.pendingMs).toEqual([11_500]);
    checker.sweep();
    expect(clock.pendingMs).toEqual([11_500]);
  });

  it('keeps of the words of whoever was asked one short line', async () => {
    const { watch } = checkerOf();
    const { prober, record } = watch('a');
    await prober.answer({ kind: 'failure', reason: `no\r\ncart::healthy\x1b[2J\x9b é ${'x'.repeat(9_000)}` });
    expect(record.lastFailure).toMatch(/^no cart::healthy \[2J {2}é x{200,300}$/);
  });

  it('counts a check that is not answered in time as failed, and gives it up', async () => {
    const { checker, clock, changes, watch } = checkerOf();
    const { prober, record } = watch('a', false);
    clock.advance(1_000);
    expect(prober.signal?.aborted).toBe(true);
    expect(record.lastFailure).toBe('no answer within 1000 ms');
    expect(changes).toEqual(['a failed']);
    await prober.answer();
    expect(changes).toEqual(['a failed']);
    expect(checker.counters).toEqual({ attempts: 1, successes: 0, failures: 1, networkFailures: 1 });
  });

  it('says who is condemned and who is acquitted, once', async () => {
    const { checker, clock, changes, state, watch } = checkerOf();
    const { prober } = watch('a');
    await prober.answer();
    for (const outcome of [silence, silence, silence, { kind: 'success' }, { kind: 'success' }] as const) {
      clock.advance(3_000);
      await prober.answer(outcome);
    }
    expect(changes).toEqual(['a well', 'a failed', 'a well']);
    expect(state.passed).toBe(3);
    expect(checker.healthy).toBe(1);
  });

  it('lets so many checks be under way, and begins their time-outs with them', async () => {
    const { clock, watch } = checkerOf({}, 2);
    const all = ['a', 'b', 'c'].map((name) => watch(name));
    const checks = () => all.map(({ prober }) => prober.checks);
    expect(checks()).toEqual([1, 1, 0]);
    clock.advance(900);
    await all[0]?.prober.answer();
    expect(checks()).toEqual([1, 1, 1]);
    clock.advance(900);
    expect(all.map(({ record }) => record.isPending)).toEqual([false, false, true]);
  });

  it('makes room when an endpoint is forgotten in the middle of a check, or while it waits for one', async () => {
    const { checker, watch } = checkerOf({}, 1);
    const [a, b, c] = [watch('a'), watch('b'), watch('c')];
    checker.forget(b.record);
    checker.forget(a.record);
    expect([a.prober, b.prober, c.prober].map(({ checks }) => checks)).toEqual([1, 0, 1]);
    expect(a.prober).toMatchObject({ closed: 1, signal: { aborted: true } });
    checker.forget(c.record);
    expect(watch('d').prober.checks).toBe(1);
  });

  it('asks seldom while nobody calls, and soon when somebody begins to', async () => {
    const { checker, clock, state, watch } = checkerOf();
    state.hasTraffic = false;
    const { prober } = watch('a');
    await prober.answer();
    clock.advance(29_999);
    expect(prober.checks).toBe(1);
    clock.advance(1);
    await prober.answer();
    checker.sweep();
    expect(clock.pendingMs).toEqual([60_000]);
    state.hasTraffic = true;
    checker.sweep();
    expect(clock.pendingMs).toEqual([1_500]);
    checker.sweep();
    expect(clock.pendingMs).toEqual([1_500]);
  });

  it('asks an instance that is ill as often as those are asked, when somebody begins to call', async () => {
    const { checker, clock, state, watch } = checkerOf({ unhealthyIntervalMs: 1_000 });
    state.hasTraffic = false;
    const { prober } = watch('a');
    await prober.answer({ kind: 'failure', reason: 'ill' });
    state.hasTraffic = true;
    checker.sweep();
    expect(clock.pendingMs).toEqual([500]);
  });

  it('ends everything when it stops', async () => {
    const { checker, clock, watch } = checkerOf();
    const idle = watch('idle');
    await idle.prober.answer();
    const busy = watch('busy');
    checker.stop();
    expect(clock.pendingMs).toEqual([]);
    expect([idle.prober.closed, busy.prober.closed]).toEqual([1, 1]);
  });
});

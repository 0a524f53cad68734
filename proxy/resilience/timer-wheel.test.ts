import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Deadline, TimerWheel, tickMs } from './timer-wheel.ts';

/** A wheel on a clock that stands still until the test moves it. Node's timers are faked too, so none of them runs. */
function wheelAt(startMs: number) {
  const clock = { nowMs: startMs };
  const wheel = new TimerWheel(() => clock.nowMs);
  return {
    wheel,
    clock,
    /** Moves the clock in steps of one tick, as the wheel's own timer would see it. */
    pass(ms: number): void {
      const end = clock.nowMs + ms;
      while (clock.nowMs < end) {
        clock.nowMs = Math.min(clock.nowMs + tickMs, end);
        wheel.advance();
      }
    },
  };
}

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

describe('TimerWheel', () => {
  it('knows how long a deadline has left', () => {
    const { wheel, pass } = wheelAt(1234.5);
    const deadline = new Deadline(() => {});
    expect(wheel.leftMs(deadline)).toBe(Number.POSITIVE_INFINITY);
    wheel.arm(deadline, 25_000);
    pass(11_000);
    expect(wheel.leftMs(deadline)).toBeGreaterThanOrEqual(14_000);
    expect(wheel.leftMs(deadline)).toBeLessThanOrEqual(14_000 + tickMs);
    wheel.cancel(deadline);
    expect(wheel.leftMs(deadline)).toBe(Number.POSITIVE_INFINITY);
  });

  it('fires a deadline once, not before its time and at most two ticks after it', () => {
    const { wheel, clock, pass } = wheelAt(1234.5);
    const firedAt: number[] = [];
    wheel.arm(new Deadline(() => firedAt.push(clock.nowMs)), 55);
    pass(200);
    expect(firedAt).toHaveLength(1);
    expect(firedAt[0]).toBeGreaterThanOrEqual(1234.5 + 55);
    expect(firedAt[0]).toBeLessThanOrEqual(1234.5 + 55 + 2 * tickMs);
  });

  it('does not fire a cancelled deadline', () => {
    const { wheel, pass } = wheelAt(0);
    const onExpire = vi.fn();
    const deadline = new Deadline(onExpire);
    wheel.arm(deadline, 50);
    expect(deadline.isArmed).toBe(true);
    wheel.cancel(deadline);
    wheel.cancel(deadline);
    expect(deadline.isArmed).toBe(false);
    pass(200);
    expect(onExpire).not.toHaveBeenCalled();
    expect(wheel.armedCount).toBe(0);
  });

  it('takes the last arming of a deadline, later or earlier', () => {
    const { wheel, clock, pass } = wheelAt(0);
    const firedAt: number[] = [];
    const deadline = new Deadline(() => firedAt.push(clock.nowMs));
    wheel.arm(deadline, 50);
    wheel.arm(deadline, 500);
    pass(490);
    expect(firedAt).toEqual([]);
    pass(30);
    expect(firedAt).toEqual([500]);
    wheel.arm(deadline, 500);
    wheel.arm(deadline, 50);
    pass(100);
    expect(firedAt).toEqual([500, 570]);
    expect(wheel.armedCount).toBe(0);
  });

  it('keeps an idle time-out alive however often it is pushed back', () => {
    const { wheel, pass } = wheelAt(0);
    const onExpire = vi.fn();
    const deadline = new Deadline(onExpire);
    for (let i = 0; i < 2000; i++) {
      wheel.arm(deadline, 100);
      pass(90);
    }
    expect(onExpire).not.toHaveBeenCalled();
    pass(100);
    expect(onExpire).toHaveBeenCalledTimes(1);
  });

  it('keeps deadlines of several hours', () => {
    const { wheel, clock, pass } = wheelAt(0);
    const firedAt: number[] = [];
    wheel.arm(new Deadline(() => firedAt.push(clock.nowMs)), 3 * 3_600_000);
    pass(3 * 3_600_000 - tickMs);
    expect(firedAt).toEqual([]);
    pass(2 * tickMs);
    expect(firedAt).toEqual([3 * 3_600_000]);
  });

  it('fires everything that came due while the event loop stood still, each once', () => {
    const { wheel, clock } = wheelAt(0);
    const fired: number[] = [];
    for (const ms of [10, 20_000, 5, 59_000, 61_000]) wheel.arm(new Deadline(() => fired.push(ms)), ms);
    clock.nowMs = 60_000;
    wheel.advance();
    expect(fired.sort((a, b) => a - b)).toEqual([5, 10, 20_000, 59_000]);
    expect(wheel.armedCount).toBe(1);
  });

  it('looks at every slot after a stall of any length', () => {
    for (const stallMs of [9_000, 10_230, 10_240, 10_250, 100_000]) {
      const { wheel, clock } = wheelAt(0);
      clock.nowMs = 777;
      wheel.advance();
      let fired = 0;
      const count = Math.floor(stallMs / tickMs);
      for (let i = 1; i <= count; i++) wheel.arm(new Deadline(() => fired++), i * tickMs);
      clock.nowMs = 777 + stallMs + tickMs;
      wheel.advance();
      expect(fired).toBe(count);
    }
  });

  it('lets a callback cancel and push back others that are due in the same tick', () => {
    const { wheel, pass } = wheelAt(0);
    const cancelled = vi.fn();
    const postponed = vi.fn();
    const victim = new Deadline(cancelled);
    const later = new Deadline(postponed);
    const first = new Deadline(() => {
      wheel.cancel(victim);
      wheel.arm(later, 100);
    });
    for (const deadline of [first, victim, later]) wheel.arm(deadline, 30);
    pass(50);
    expect(cancelled).not.toHaveBeenCalled();
    expect(postponed).not.toHaveBeenCalled();
    pass(100);
    expect(postponed).toHaveBeenCalledTimes(1);
    expect(wheel.armedCount).toBe(0);
  });

  it('runs a deadline that arms itself with 0 once per tick, not for ever within one', () => {
    const { wheel, pass } = wheelAt(0);
    let runs = 0;
    const deadline: Deadline = new Deadline(() => {
      runs++;
      wheel.arm(deadline, 0);
    });
    wheel.arm(deadline, 0);
    expect(runs).toBe(0);
    pass(5 * tickMs);
    expect(runs).toBe(5);
  });

  it('runs the deadlines behind one that throws', () => {
    const { wheel, clock } = wheelAt(0);
    const behind = vi.fn();
    wheel.arm(
      new Deadline(() => {
        throw new Error('a bug elsewhere');
      }),
      10,
    );
    wheel.arm(new Deadline(behind), 10);
    clock.nowMs = 20;
    expect(() => wheel.advance()).toThrow('a bug elsewhere');
    clock.nowMs = 30;
    wheel.advance();
    expect(behind).toHaveBeenCalledTimes(1);
    expect(wheel.armedCount).toBe(0);
  });

  it('ticks only while something is armed, and never keeps the process alive', () => {
    const clock = { nowMs: 0 };
    const wheel = new TimerWheel(() => clock.nowMs);
    expect(vi.getTimerCount()).toBe(0);
    const intervals = vi.spyOn(globalThis, 'setInterval');
    const deadline = new Deadline(() => {});
    wheel.arm(deadline, 100);
    expect(vi.getTimerCount()).toBe(1);
    const [made] = intervals.mock.results;
    expect((made?.value as NodeJS.Timeout | undefined)?.hasRef()).toBe(false);
    wheel.cancel(deadline);
    vi.advanceTimersByTime(2 * tickMs);
    expect(vi.getTimerCount()).toBe(0);
    intervals.mockRestore();
  });

  it('is on time again after it stood still with nothing armed', () => {
    const { wheel, clock, pass } = wheelAt(0);
    const firedAt: number[] = [];
    wheel.arm(new Deadline(() => {}), 10);
    pass(30);
    clock.nowMs = 1_000_003;
    wheel.arm(new Deadline(() => firedAt.push(clock.nowMs)), 40);
    pass(100);
    expect(firedAt).toEqual([1_000_053]);
  });

  it('runs by its own timer on the real clock of the process', () => {
    const wheel = new TimerWheel();
    const onExpire = vi.fn();
    wheel.arm(new Deadline(onExpire), 100);
    vi.advanceTimersByTime(99);
    expect(onExpire).not.toHaveBeenCalled();
    vi.advanceTimersByTime(100 + 2 * tickMs - 99);
    expect(onExpire).toHaveBeenCalledTimes(1);
  });

  it('agrees with a plain list of deadlines under any sequence of calls', () => {
    const action = fc.oneof(
      fc.record({ kind: fc.constant('arm' as const), id: fc.nat({ max: 7 }), ms: fc.nat({ max: 30_000 }) }),
      fc.record({ kind: fc.constant('cancel' as const), id: fc.nat({ max: 7 }) }),
      fc.record({ kind: fc.constant('pass' as const), ms: fc.integer({ min: 1, max: 15_000 }) }),
    );
    fc.assert(
      fc.property(
        fc.array(action, { maxLength: 60 }),
        fc.double({ min: 0, max: 1e6, noNaN: true }),
        (actions, start) => {
          const clock = { nowMs: start };
          const wheel = new TimerWheel(() => clock.nowMs);
          const dueAt = new Map<number, number>();
          const deadlines = Array.from({ length: 8 }, (_, id) => {
            return new Deadline(() => {
              expect(clock.nowMs).toBeGreaterThanOrEqual(dueAt.get(id) ?? Number.POSITIVE_INFINITY);
              dueAt.delete(id);
            });
          });
          for (const step of actions) {
            if (step.kind === 'arm') {
              wheel.arm(deadlines[step.id] as Deadline, step.ms);
              dueAt.set(step.id, clock.nowMs + step.ms);
            } else if (step.kind === 'cancel') {
              wheel.cancel(deadlines[step.id] as Deadline);
              dueAt.delete(step.id);
            } else {
              clock.nowMs += step.ms;
              wheel.advance();
              // What has not run yet is not due, or came due within the tick that is not over.
              for (const due of dueAt.values()) expect(due).toBeGreaterThan(clock.nowMs - 2 * tickMs);
            }
            expect(wheel.armedCount).toBe(dueAt.size);
            for (const [id, deadline] of deadlines.entries()) expect(deadline.isArmed).toBe(dueAt.has(id));
          }
          wheel.advance();
          for (const deadline of deadlines) wheel.cancel(deadline);
        },
      ),
    );
  });
});

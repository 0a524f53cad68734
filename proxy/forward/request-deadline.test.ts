import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { TimerWheel, tickMs } from '../resilience/timer-wheel.ts';
import { RequestDeadline } from './request-deadline.ts';

const clock = { nowMs: 0 };
let wheel: TimerWheel;
let expiredAtMs: number[];
let deadline: RequestDeadline;

beforeEach(() => {
  vi.useFakeTimers();
  clock.nowMs = 5_000;
  wheel = new TimerWheel(() => clock.nowMs);
  expiredAtMs = [];
  deadline = new RequestDeadline({ wheel, now: () => clock.nowMs }, () => expiredAtMs.push(clock.nowMs));
});
afterEach(() => {
  vi.useRealTimers();
});

function pass(ms: number): void {
  const end = clock.nowMs + ms;
  while (clock.nowMs < end) {
    clock.nowMs = Math.min(clock.nowMs + tickMs, end);
    wheel.advance();
  }
}

const about = (ms: number) => [expect.closeTo(ms, -2)];

describe('RequestDeadline', () => {
  it('is none before it is armed', () => {
    pass(10_000);
    expect(expiredAtMs).toEqual([]);
  });

  it('ends a stream whatever becomes of it, also one that has become a tunnel', () => {
    const ended: number[] = [];
    const both = new RequestDeadline(
      { wheel, now: () => clock.nowMs },
      () => expiredAtMs.push(clock.nowMs),
      () => ended.push(clock.nowMs),
    );
    both.armForStream(2_000, clock.nowMs);
    both.armForRoute(1_000, true);
    both.cancelAnswer();
    pass(3_000);
    expect([expiredAtMs, ended]).toEqual([[], about(7_000)]);
    pass(1_000);
    both.armForStream(2_000, clock.nowMs - 1_000);
    pass(1_100);
    expect(ended).toHaveLength(2);
    both.armForStream(2_000, clock.nowMs);
    both.cancel();
    pass(3_000);
    expect(ended).toHaveLength(2);
  });

  it("is its route's timeout, from the end of the request on", () => {
    pass(500);
    deadline.armForRoute(1_000, true);
    pass(2_000);
    expect(expiredAtMs).toEqual(about(6_500));
  });

  it("is the call's deadline where the route's timeout ends later", () => {
    deadline.armForCall(1_000, clock.nowMs);
    pass(500);
    deadline.armForRoute(800, true);
    pass(2_000);
    expect(expiredAtMs).toEqual(about(6_000));
  });

  it('counts from the beginning of the request, however long that was held up before', () => {
    const beganAtMs = clock.nowMs;
    pass(700);
    deadline.armForCall(1_000, beganAtMs);
    pass(2_000);
    expect(expiredAtMs).toEqual(about(6_000));
  });

  it("is the route's timeout where that ends before the call's deadline", () => {
    deadline.armForCall(2_000, clock.nowMs);
    pass(500);
    deadline.armForRoute(800, true);
    pass(3_000);
    expect(expiredAtMs).toEqual(about(6_300));
  });

  it('knows how long there is left until the first of its ends', () => {
    expect(deadline.leftMs()).toBe(Number.POSITIVE_INFINITY);
    deadline.armForStream(3_000, clock.nowMs);
    pass(1_000);
    expect(deadline.leftMs()).toBeCloseTo(2_000, -2);
    deadline.armForRoute(500, true);
    expect(deadline.leftMs()).toBeCloseTo(500, -2);
    deadline.cancelAnswer();
    expect(deadline.leftMs()).toBeCloseTo(2_000, -2);
    deadline.cancel();
    expect(deadline.leftMs()).toBe(Number.POSITIVE_INFINITY);
  });

  it('is over with its request, and says nothing of the next one', () => {
    deadline.armForCall(100, clock.nowMs);
    deadline.cancel();
    pass(1_000);
    deadline.armForRoute(400, true);
    pass(1_000);
    expect(expiredAtMs).toEqual(about(6_400));
    expect(wheel.armedCount).toBe(0);
  });
});

import { describe, expect, it } from 'vitest';
import { TimerWheel } from '../resilience/timer-wheel.ts';
import { AnswerBandwidth } from './answer-bandwidth.ts';
import type { WaitingBody } from './shared-bandwidth.ts';

function scene(bytesPerSecond = 1000, untilMs = 1_000_000) {
  let nowMs = 0;
  const wheel = new TimerWheel(() => nowMs);
  const now = () => nowMs;
  return {
    bandwidth: new AnswerBandwidth(bytesPerSecond, untilMs, { wheel, now, wallClockMs: now }),
    wheel,
    pass(ms: number) {
      for (let i = 0; i < ms; i += 10) {
        nowMs += 10;
        wheel.advance();
      }
    },
  };
}

/** So many bytes that wait; what it was given, piece by piece. */
class Waiting implements WaitingBody {
  readonly given: number[] = [];
  waitingBytes: number;

  constructor(bytes: number) {
    this.waitingBytes = bytes;
  }

  get total(): number {
    return this.given.reduce((sum, bytes) => sum + bytes, 0);
  }

  pass(bytes: number): void {
    this.given.push(bytes);
    this.waitingBytes -= bytes;
  }
}

describe('AnswerBandwidth', () => {
  it('begins with the bytes of one interval, however long the answer took to come', () => {
    const { bandwidth, pass } = scene();
    pass(5000);
    expect(bandwidth.take(10_000)).toBe(50);
    expect(bandwidth.take(10_000)).toBe(0);
  });

  it('has a second of bytes behind a pause, and no more', () => {
    const { bandwidth, pass } = scene();
    bandwidth.take(1);
    pass(60_000);
    expect(bandwidth.take(10_000)).toBe(1000);
  });

  it('passes on what waits in pieces, to the last byte', () => {
    const { bandwidth, pass, wheel } = scene();
    const body = new Waiting(1000 - bandwidth.take(1000));
    bandwidth.join(body);
    pass(500);
    expect(body.total).toBeLessThanOrEqual(500);
    expect(body.total).toBeGreaterThanOrEqual(440);
    expect(Math.max(...body.given)).toBeLessThanOrEqual(70);
    pass(520);
    expect([body.waitingBytes, wheel.armedCount]).toEqual([0, 0]);
  });

  it('passes nothing by what waits', () => {
    const { bandwidth, pass } = scene();
    bandwidth.take(50);
    bandwidth.join(new Waiting(10_000));
    pass(40);
    expect(bandwidth.take(1)).toBe(0);
  });

  it('is no limit any more when its time is over, also for what waits', () => {
    const { bandwidth, pass, wheel } = scene(10, 1000);
    bandwidth.take(1000);
    const body = new Waiting(1_000_000);
    bandwidth.join(body);
    pass(900);
    expect(body.total).toBeLessThan(10);
    pass(150);
    expect([body.waitingBytes, wheel.armedCount, bandwidth.take(1_000_000)]).toEqual([0, 0, 1_000_000]);
  });

  it('forgets who leaves', () => {
    const { bandwidth, pass, wheel } = scene();
    const body = new Waiting(1000);
    bandwidth.join(body);
    bandwidth.leave(new Waiting(1));
    expect(wheel.armedCount).toBe(1);
    bandwidth.leave(body);
    pass(100);
    expect([body.given, wheel.armedCount]).toEqual([[], 0]);
  });

  it('does not run for a body that takes nothing', () => {
    const { bandwidth, pass, wheel } = scene();
    const body = new Waiting(0);
    bandwidth.join(body);
    pass(100);
    expect(wheel.armedCount).toBe(0);
    body.waitingBytes = 10;
    bandwidth.join(body);
    pass(100);
    expect(body.given).toEqual([10]);
  });
});

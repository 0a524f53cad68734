import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { TimerWheel } from '../resilience/timer-wheel.ts';
import type { WaitingBody } from './shared-bandwidth.ts';
import { SharedBandwidth } from './shared-bandwidth.ts';

function scene(bytesPerSecond: number, fillIntervalMs = 50) {
  let nowMs = 0;
  const wheel = new TimerWheel(() => nowMs);
  const bandwidth = new SharedBandwidth(bytesPerSecond, fillIntervalMs, { wheel, now: () => nowMs });
  return {
    bandwidth,
    wheel,
    now: () => nowMs,
    advance(ms: number) {
      for (let i = 0; i < ms; i += 10) {
        nowMs += 10;
        wheel.advance();
      }
    },
  };
}

/** Wants so many bytes, and notes when it has got which. */
class Body implements WaitingBody {
  waitingBytes: number;
  readonly passed: number[] = [];
  constructor(waitingBytes: number) {
    this.waitingBytes = waitingBytes;
  }
  pass(bytes: number): void {
    this.waitingBytes -= bytes;
    this.passed.push(bytes);
  }
  get total(): number {
    return this.passed.reduce((sum, bytes) => sum + bytes, 0);
  }
}

describe('SharedBandwidth', () => {
  it('lets a second of bytes pass at once, and then none', () => {
    const { bandwidth } = scene(1000);
    expect([bandwidth.take(600), bandwidth.take(600), bandwidth.take(1)]).toEqual([600, 400, 0]);
  });

  it('gives out what comes together in an interval', () => {
    const { bandwidth, advance } = scene(1000);
    bandwidth.take(1000);
    const body = new Body(500);
    bandwidth.join(body);
    advance(40);
    expect(body.passed).toEqual([]);
    advance(10);
    expect(body.passed).toEqual([50]);
    advance(450);
    expect(body.passed).toEqual(Array.from({ length: 10 }, () => 50));
  });

  it('lets nobody pass by those who wait', () => {
    const { bandwidth, advance } = scene(1000);
    bandwidth.take(1000);
    const body = new Body(100);
    bandwidth.join(body);
    advance(40);
    expect(bandwidth.take(10)).toBe(0);
    advance(60);
    expect(body.waitingBytes).toBe(0);
    advance(10);
    expect(bandwidth.take(10)).toBe(10);
  });

  it('gives a large body no more than a small one, and what that leaves to the large one', () => {
    const { bandwidth, advance } = scene(100_000);
    bandwidth.take(100_000);
    const bodies = [new Body(1_000_000), new Body(1_000_000), new Body(600)] as const;
    for (const body of bodies) bandwidth.join(body);
    for (let interval = 1; interval <= 20; interval++) {
      advance(50);
      const [one, other, small] = bodies.map(({ total }) => total) as [number, number, number];
      expect(small).toBe(600);
      expect(Math.abs(one - other)).toBeLessThanOrEqual(1024); // one share more at the most
      expect(one + other + small).toBeGreaterThan(5000 * interval - 1024);
    }
  });

  it('goes on with the next in the queue where an interval is not enough for all', () => {
    const { bandwidth, advance } = scene(20_000);
    bandwidth.take(20_000);
    const bodies = [new Body(5000), new Body(5000), new Body(5000)] as const;
    for (const body of bodies) bandwidth.join(body);
    advance(50);
    expect(bodies.map(({ total }) => total)).toEqual([1000, 0, 0]);
    advance(100);
    expect(bodies.map(({ total }) => total)).toEqual([1000, 1000, 1000]);
  });

  it('forgets who leaves, and has no timer when nobody waits', () => {
    const { bandwidth, wheel, advance } = scene(1000);
    bandwidth.take(1000);
    const body = new Body(100);
    bandwidth.join(body);
    bandwidth.leave(body);
    advance(100);
    expect([body.passed, wheel.armedCount]).toEqual([[], 0]);
  });

  it('passes over a body whose receiver takes nothing', () => {
    const { bandwidth, advance } = scene(1000);
    bandwidth.take(1000);
    const [stuck, ready] = [new Body(0), new Body(100)];
    bandwidth.join(stuck);
    bandwidth.join(ready);
    advance(100);
    expect(ready.total).toBe(100);
  });

  it('never lets more pass than its rate, and all that it may while there is enough', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 1_000_000 }),
        fc.integer({ min: 20, max: 1000 }),
        fc.array(
          fc.record({ bytes: fc.integer({ min: 1, max: 300_000 }), afterMs: fc.integer({ min: 0, max: 300 }) }),
          {
            minLength: 1,
            maxLength: 12,
          },
        ),
        (rate, interval, wants) => {
          const { bandwidth, advance, now } = scene(rate, interval);
          const bodies: Body[] = [];
          let passed = 0;
          const total = () => passed + bodies.reduce((sum, body) => sum + body.total, 0);
          for (const { bytes, afterMs } of wants) {
            advance(afterMs);
            const free = bandwidth.take(bytes);
            passed += free;
            if (free === bytes) continue;
            const body = new Body(bytes - free);
            bodies.push(body);
            bandwidth.join(body);
            expect(total()).toBeLessThanOrEqual(rate + (rate * now()) / 1000);
          }
          const before = total();
          const startMs = now();
          advance(2000);
          const still = bodies.reduce((sum, body) => sum + body.waitingBytes, 0);
          expect(total()).toBeLessThanOrEqual(rate + (rate * now()) / 1000);
          // what has come together since the last interval, and less than a share, may be left
          const due = (rate * (now() - startMs - interval - 20)) / 1000 - 1024;
          if (still > 0) expect(total() - before).toBeGreaterThanOrEqual(due);
        },
      ),
      { numRuns: 200 },
    );
  });
});

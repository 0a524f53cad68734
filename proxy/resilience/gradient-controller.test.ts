import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { GradientSettings } from './gradient-controller.ts';
import { GradientController } from './gradient-controller.ts';

const settings: GradientSettings = {
  percentile: 50,
  maxConcurrency: 1000,
  updateIntervalMs: 100,
  minRttIntervalMs: 60_000,
  minRttRequests: 5,
  jitter: 0.15,
  minConcurrency: 3,
  buffer: 0.25,
};

function setUp(changes: Partial<GradientSettings> = {}) {
  const controller = new GradientController({ ...settings, ...changes }, 0, () => 0);
  const clock = { nowMs: 0 };
  return {
    controller,
    clock,
    /** Requests one after another, each of which takes so long. */
    serve(count: number, tookMs: number): void {
      for (let i = 0; i < count; i++) {
        expect(controller.tryBegin(clock.nowMs)).toBe(true);
        clock.nowMs += tookMs;
        controller.end(clock.nowMs - tookMs, tookMs, clock.nowMs);
      }
    },
  };
}

/** The limit behind one window in which all answers took so long. */
function afterWindow(of: ReturnType<typeof setUp>, tookMs: number): number {
  const { controller, clock } = of;
  controller.tryBegin(clock.nowMs);
  controller.end(clock.nowMs, tookMs, clock.nowMs);
  clock.nowMs += settings.updateIntervalMs;
  controller.tryBegin(clock.nowMs);
  controller.end(clock.nowMs, -1, clock.nowMs);
  return controller.limit;
}

describe('GradientController', () => {
  it('begins with the measurement of the ideal, few requests at a time', () => {
    const { controller } = setUp();
    expect([1, 2, 3, 4].map(() => controller.tryBegin(0))).toEqual([true, true, true, false]);
    expect([controller.isMeasuring, controller.idealMs]).toEqual([true, 0]);
  });

  it('takes the percentile of as many answers as it is told for the ideal', () => {
    const { controller, serve } = setUp();
    for (const ms of [30, 10, 50, 20]) serve(1, ms);
    expect(controller.isMeasuring).toBe(true);
    serve(1, 40);
    expect([controller.isMeasuring, controller.idealMs]).toEqual([false, 30]);
  });

  it('grows by its square root while answers take as long as they should, buffer included', () => {
    const of = setUp();
    of.serve(5, 10);
    expect(afterWindow(of, 12.5)).toBe(Math.floor(3 + Math.sqrt(3)));
    expect(afterWindow(of, 12.5)).toBe(Math.floor(4 + Math.sqrt(4)));
  });

  it('never more than doubles, never more than halves, and stays within its bounds', () => {
    const of = setUp({ maxConcurrency: 20 });
    of.serve(5, 10);
    expect(afterWindow(of, 0.1)).toBe(Math.floor(6 + Math.sqrt(6)));
    expect(afterWindow(of, 0.1)).toBe(20);
    expect(afterWindow(of, 100_000)).toBe(Math.floor(10 + Math.sqrt(10)));
    for (let i = 0; i < 4; i++) afterWindow(of, 100_000);
    expect(of.controller.limit).toBeGreaterThanOrEqual(3);
  });

  it('stays where it is when nothing was answered', () => {
    const of = setUp();
    of.serve(5, 10);
    expect(afterWindow(of, -1)).toBe(3);
  });

  it('measures again when its time is over, looks at no request that began before, and goes on where it was', () => {
    const of = setUp();
    of.serve(5, 10);
    afterWindow(of, 10);
    const { controller, clock } = of;
    const limit = afterWindow(of, 10);
    controller.tryBegin(clock.nowMs);
    const beganAtMs = clock.nowMs;
    clock.nowMs += settings.minRttIntervalMs;
    expect(controller.tryBegin(clock.nowMs)).toBe(true);
    expect([controller.isMeasuring, controller.limit]).toEqual([true, 3]);
    controller.end(beganAtMs, 60_000, clock.nowMs);
    controller.end(clock.nowMs, 20, clock.nowMs);
    of.serve(4, 20);
    expect([controller.isMeasuring, controller.idealMs, controller.limit]).toEqual([false, 20, limit]);
  });

  it('measures again when it has been at its minimum for five windows: the ideal is out of date', () => {
    const of = setUp();
    of.serve(5, 10);
    for (let i = 0; i < 5; i++) afterWindow(of, 1000);
    of.controller.tryBegin(of.clock.nowMs);
    expect(of.controller.isMeasuring).toBe(true);
  });

  it('delays measurements by a random part of their interval', () => {
    const controller = new GradientController({ ...settings, minRttRequests: 1 }, 0, () => 1);
    controller.tryBegin(0);
    controller.end(0, 10, 0);
    controller.tryBegin(68_999);
    expect(controller.isMeasuring).toBe(false);
    controller.tryBegin(69_000);
    expect(controller.isMeasuring).toBe(true);
  });

  it('never has more under way than its limit, nor a limit out of its bounds, whatever happens', () => {
    const step = fc.oneof(
      fc.record({ kind: fc.constant('begin' as const), ms: fc.nat(200) }),
      fc.record({ kind: fc.constant('end' as const), ms: fc.nat(200), tookMs: fc.integer({ min: -1, max: 5000 }) }),
      fc.record({ kind: fc.constant('wait' as const), ms: fc.nat(100_000) }),
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 300 }), fc.integer({ min: 1, max: 9 }), (steps, requests) => {
        const controller = new GradientController(
          { ...settings, minRttRequests: requests, maxConcurrency: 40 },
          0,
          () => 0.5,
        );
        const open: number[] = [];
        let nowMs = 0;
        for (const each of steps) {
          nowMs += each.ms;
          if (each.kind === 'begin' && controller.tryBegin(nowMs)) {
            open.push(nowMs);
            expect(open.length).toBeLessThanOrEqual(controller.limit);
          } else if (each.kind === 'end') {
            const beganAtMs = open.shift();
            if (beganAtMs !== undefined) controller.end(beganAtMs, each.tookMs, nowMs);
          }
          expect(controller.limit).toBeGreaterThanOrEqual(3);
          expect(controller.limit).toBeLessThanOrEqual(40);
          expect(controller.inFlight.active).toBe(open.length);
        }
      }),
    );
  });
});

describe('a service that gets slower beyond what it can do at a time', () => {
  it.each([5, 20, 60])('with room for %i, is asked for about as much', (room) => {
    const controller = new GradientController({ ...settings, minRttIntervalMs: 1e9 }, 0, () => 0.5);
    const open: { readonly endsAtMs: number; readonly beganAtMs: number }[] = [];
    const limits: number[] = [];
    for (let nowMs = 0; nowMs < 60_000; nowMs++) {
      for (let i = open.length - 1; i >= 0; i--) {
        const request = open[i];
        if (request === undefined || request.endsAtMs > nowMs) continue;
        open.splice(i, 1);
        controller.end(request.beganAtMs, nowMs - request.beganAtMs, nowMs);
      }
      while (controller.tryBegin(nowMs)) {
        const tookMs = 10 * Math.max(1, (open.length + 1) / room);
        open.push({ beganAtMs: nowMs, endsAtMs: nowMs + Math.ceil(tookMs) });
      }
      if (nowMs > 30_000 && nowMs % 100 === 0) limits.push(controller.limit);
    }
    const mean = limits.reduce((sum, limit) => sum + limit, 0) / limits.length;
    expect(mean).toBeGreaterThan(room * 0.8);
    expect(mean).toBeLessThan(room * 1.25 + 4 * Math.sqrt(room) + 3);
  });
});

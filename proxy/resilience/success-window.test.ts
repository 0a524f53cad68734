import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { SuccessWindow } from './success-window.ts';

describe('SuccessWindow', () => {
  it('counts what a list of all requests of its last seconds would', () => {
    const event = fc.record({ afterMs: fc.nat(4000), isSuccess: fc.boolean() });
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 8 }), fc.nat(100_000), fc.array(event), (seconds, fromMs, events) => {
        const window = new SuccessWindow(seconds, fromMs);
        const all: { readonly second: number; readonly isSuccess: boolean }[] = [];
        let nowMs = fromMs;
        for (const { afterMs, isSuccess } of events) {
          nowMs += afterMs;
          window.record(isSuccess, nowMs);
          const second = Math.floor(nowMs / 1000);
          all.push({ second, isSuccess });
          const recent = all.filter((each) => each.second > second - seconds);
          expect(window.total).toBe(recent.length);
          expect(window.successes).toBe(recent.filter((each) => each.isSuccess).length);
        }
      }),
    );
  });

  it('is empty after a long silence', () => {
    const window = new SuccessWindow(30, 5);
    window.record(true, 10);
    window.advance(31_000);
    expect([window.total, window.successes]).toEqual([0, 0]);
  });
});

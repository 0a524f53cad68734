import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { RequestHead } from '../message-head.ts';
import { SuccessWindow } from '../resilience/success-window.ts';
import { Activity } from '../telemetry/activity.ts';
import type { AdmissionSettings } from './admission-control.ts';
import { AdmissionControl, rejectionProbability } from './admission-control.ts';

const settings: AdmissionSettings = {
  windowSeconds: 30,
  aggression: 1,
  successThreshold: 0.95,
  rpsThreshold: 0,
  maxRejection: 0.8,
};

describe('rejectionProbability', () => {
  it.each([
    ['nothing was asked', 0, 0, 0],
    ['enough has succeeded', 100, 95, 0],
    ['all has succeeded', 100, 100, 0],
    ['half has failed', 1000, 475, 500 / 1001],
    ['all has failed', 1000, 0, 0.8],
  ])('when %s', (_, total, successes, probability) => {
    expect(rejectionProbability(settings, { total, successes })).toBeCloseTo(probability, 10);
  });

  it('rises sooner with aggression', () => {
    const plain = rejectionProbability(settings, { total: 100, successes: 90 });
    expect(rejectionProbability({ ...settings, aggression: 2 }, { total: 100, successes: 90 })).toBeCloseTo(
      plain ** 0.5,
    );
  });

  it('is 0 while there are few requests', () => {
    const quiet = { ...settings, rpsThreshold: 2 };
    expect(rejectionProbability(quiet, { total: 59, successes: 0 })).toBe(0);
    expect(rejectionProbability(quiet, { total: 60, successes: 0 })).toBeGreaterThan(0);
  });

  it('is a share within its bounds that never falls when one more fails', () => {
    fc.assert(
      fc.property(
        fc.nat(10_000),
        fc.double({ min: 0, max: 1, noNaN: true }),
        fc.double({ min: 1, max: 10, noNaN: true }),
        fc.double({ min: 0.01, max: 1, noNaN: true }),
        (total, share, aggression, successThreshold) => {
          const some = { ...settings, aggression, successThreshold };
          const successes = Math.floor(total * share);
          const probability = rejectionProbability(some, { total, successes });
          expect(probability).toBeGreaterThanOrEqual(0);
          expect(probability).toBeLessThanOrEqual(0.8);
          expect(rejectionProbability(some, { total: total + 1, successes })).toBeGreaterThanOrEqual(probability);
        },
      ),
    );
  });
});

describe('AdmissionControl', () => {
  function setUp(draw: number) {
    const clock = { nowMs: 0 };
    const admission = { rejected: 0 };
    const window = new SuccessWindow(settings.windowSeconds, 0);
    const environment = { admission, now: () => clock.nowMs, random: () => draw };
    const filter = new AdmissionControl(settings, window, environment, new Activity('admission', ''), 'cart.yaml');
    const end = (status: number, grpcStatus = -1) => {
      const head = Object.assign(new RequestHead(), { isGrpc: grpcStatus >= 0 });
      filter.onEnd({ head, status, grpcStatus, startedAtMs: 0, passedAtMs: 0, respondedAtMs: 0, endedAtMs: 0 });
    };
    return { clock, admission, window, filter, end };
  }

  it('refuses as many as are drawn, until the failures are too long ago', () => {
    const { clock, admission, filter, end } = setUp(0.79);
    expect(filter.onRequest()).toBeNull();
    for (let i = 0; i < 1000; i++) end(503);
    expect(filter.onRequest()).toMatchObject({ kind: 'answer', failure: 'admissionDenied', rule: 'cart.yaml' });
    expect(admission.rejected).toBe(1);
    clock.nowMs = 30_000;
    expect(filter.onRequest()).toBeNull();
  });

  it('lets some through whatever happens, so that it can learn that the service is back', () => {
    const { filter, end } = setUp(0.8);
    for (let i = 0; i < 1000; i++) end(503);
    expect(filter.onRequest()).toBeNull();
  });

  it.each([
    ['200', 200, -1, [1, 1]],
    ['404', 404, -1, [1, 1]],
    ['429 of another limit', 429, -1, [1, 1]],
    ['500', 500, -1, [1, 0]],
    ['a client that went away', 0, -1, [0, 0]],
    ['NOT_FOUND', 200, 5, [1, 1]],
    ['UNAVAILABLE', 200, 14, [1, 0]],
  ])('counts %s as it is', (_, status, grpcStatus, counts) => {
    const { window, end } = setUp(1);
    end(status, grpcStatus);
    expect([window.total, window.successes]).toEqual(counts);
  });
});

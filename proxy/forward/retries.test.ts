import { describe, expect, it } from 'vitest';
import { RequestHead, ResponseHead } from '../message-head.ts';
import { CircuitBreaker, defaultLimits } from '../resilience/circuit-breaker.ts';
import type { RetrySettings } from '../resilience/retry-policy.ts';
import { compileRetryPolicy } from '../resilience/retry-policy.ts';
import { neverAgain } from '../resilience/retry-wait.ts';
import { Retries } from './retries.ts';

const soon = Number.POSITIVE_INFINITY;

function retriesOf(settings: Partial<RetrySettings> | null, fields: Partial<RequestHead> = {}, budget = 3) {
  const breaker = new CircuitBreaker({ ...defaultLimits, maxRetries: budget });
  const retries = new Retries({ random: () => 0.5 });
  const policy =
    settings &&
    compileRetryPolicy({ retryOn: '5xx', retriableStatusCodes: [], retryNonIdempotent: false, ...settings });
  retries.begin(policy, breaker, Object.assign(new RequestHead(), { method: 'GET', ...fields }));
  return { retries, held: () => breaker.retries.active };
}

const answer = (status: number, block = '') => Object.assign(new ResponseHead(), { status, block });

describe('Retries', () => {
  it('is not concerned with answers where nothing is retried', () => {
    const { retries } = retriesOf(null);
    expect(retries.concerns(503, -1)).toBe(false);
    expect(retries.waitAfterFailure('connectFailure', true, 1)).toBe(neverAgain);
  });

  it('holds one retry of the budget from the first on, and gives it back at the end', () => {
    const { retries, held } = retriesOf({ maxRetries: 2 });
    expect(retries.isFailure(answer(503), -1)).toBe(true);
    for (const attempts of [1, 2]) {
      expect(retries.waitAfterAnswer(answer(503), attempts, soon)).toBeGreaterThanOrEqual(0);
      expect([held(), retries.haveHelped]).toEqual([1, true]);
    }
    expect([retries.waitAfterAnswer(answer(503), 3, soon), retries.hasRunOutAfter(3)]).toEqual([neverAgain, true]);
    retries.end();
    expect([held(), retries.haveHelped]).toEqual([0, false]);
  });

  it('asks the budget, and does without it where there is none left', () => {
    const { retries, held } = retriesOf({}, {}, 0);
    expect([retries.waitAfterFailure('connectFailure', true, 1), held()]).toEqual([neverAgain, 0]);
    expect(retries.hasRunOutAfter(1)).toBe(false);
  });

  it('sends a body that came with the head no second time when it is longer than what may be sent again', () => {
    for (const [body, isLeft] of [
      ['12', true],
      ['123', false],
    ] as const) {
      const { retries } = retriesOf({ replayBytes: 2 }, { body });
      expect(retries.waitAfterAnswer(answer(503), 1, soon) !== neverAgain).toBe(isLeft);
      expect(retries.waitAfterFailure('upstreamReset', false, 1) !== neverAgain).toBe(isLeft);
      expect(retries.waitToHedge(1) !== neverAgain).toBe(isLeft);
      // nothing of it was sent
      expect(retries.waitAfterFailure('connectFailure', true, 1)).not.toBe(neverAgain);
    }
  });

  it('keeps an answer rather than wait for longer than the request has', () => {
    const { retries, held } = retriesOf({ backOffBaseMs: 1000, backOffMaxMs: 1000 });
    expect([retries.waitAfterAnswer(answer(503), 1, 10), held()]).toEqual([neverAgain, 0]);
  });

  it('repeats a POST where nothing of it was sent, and not for its answer', () => {
    const { retries } = retriesOf({}, { method: 'POST' });
    expect(retries.isFailure(answer(503), -1)).toBe(false);
    expect(retries.waitAfterFailure('upstreamReset', false, 1)).toBe(neverAgain);
    expect(retries.waitAfterFailure('upstreamReset', true, 1)).toBeGreaterThanOrEqual(0);
    expect(retries.waitToHedge(1)).toBe(neverAgain);
  });

  it('asks the same endpoint again, once, when it was the connection that failed', () => {
    const { retries } = retriesOf(null);
    expect(retries.asksAgain('upstreamReset')).toBe(false);
    expect([retries.asksAgain('staleConnection'), retries.asksAgain('staleConnection')]).toEqual([true, false]);
    retries.end();
    expect(retries.asksAgain('upstreamRefused')).toBe(true);
  });

  it('takes one more retry for each attempt that goes on beside another', () => {
    const { retries, held } = retriesOf({ maxRetries: 3 }, {}, 2);
    expect(retries.waitToHedge(1)).toBeGreaterThanOrEqual(0);
    expect(retries.waitToHedge(2)).toBeGreaterThanOrEqual(0);
    expect([retries.waitToHedge(3), held()]).toEqual([neverAgain, 2]);
    retries.releaseHedge();
    retries.releaseHedge();
    expect(held()).toBe(0);
  });
});

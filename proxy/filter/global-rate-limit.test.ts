import { describe, expect, it } from 'vitest';
import { RequestHead } from '../message-head.ts';
import type { GlobalRateLimitConfig, RateLimitAnswer, RateLimitQuestion } from './global-rate-limit.ts';
import { GlobalRateLimit } from './global-rate-limit.ts';
import { OverLimitMemory } from './over-limit-memory.ts';
import { genericKey, peerPrincipal, requestHeader } from './rate-limit-descriptor.ts';
import type { FilterVerdict } from './request-filter.ts';

const perMinute = { requests: 5, unit: 'MINUTE' as const };
const everything: GlobalRateLimitConfig = {
  domain: 'heddle',
  limits: [{ rule: [genericKey('rule', '0')], rate: perMinute, hits: 1, origin: 'BackendTrafficPolicy/default/cart' }],
  denyOnFailure: false,
  grpcStatus: 8,
};

const ok: RateLimitAnswer = {
  overall_code: 'OK',
  statuses: [{ code: 'OK', current_limit: null, limit_remaining: 1, duration_until_reset: null }],
  response_headers_to_add: [],
};
const over = (...seconds: readonly string[]): RateLimitAnswer => ({
  overall_code: 'OVER_LIMIT',
  statuses: seconds.map((each) => ({
    code: each === '' ? 'OK' : 'OVER_LIMIT',
    current_limit: { requests_per_unit: 5, unit: 'MINUTE' },
    limit_remaining: 0,
    duration_until_reset: { seconds: each || '0', nanos: 0 },
  })),
  response_headers_to_add: [],
});

interface Asked {
  readonly block?: string;
  readonly principal?: string;
}

function setUp(config: Partial<GlobalRateLimitConfig> = {}) {
  const clock = { nowMs: 0 };
  const counters = { ok: 0, overLimit: 0, error: 0, failureModeAllowed: 0 };
  const questions: { readonly question: RateLimitQuestion; answer(answer: RateLimitAnswer | null): void }[] = [];
  let withdrawn = 0;
  const service = {
    ask: (question: RateLimitQuestion, onAnswer: (answer: RateLimitAnswer | null, why: string) => void) => {
      questions.push({ question, answer: (answer) => onAnswer(answer, answer === null ? 'no answer in time' : '') });
      return () => {
        withdrawn++;
      };
    },
  };
  const overLimit = new OverLimitMemory(3);
  const environment = { globalRateLimits: counters, overLimit, now: () => clock.nowMs };
  const filter = new GlobalRateLimit({ ...everything, ...config }, service, environment);
  /** Null where the request is not held up. */
  const ask = ({ block = '', principal = '' }: Asked = {}) => {
    const head = new RequestHead();
    head.block = block;
    const verdict = filter.onRequest({ head, peer: { principal, address: '' } });
    if (verdict?.kind !== 'wait') return { verdict, outcomes: [], cancel: () => {} };
    const outcomes: FilterVerdict[] = [];
    return { verdict, outcomes, cancel: verdict.start((outcome) => outcomes.push(outcome)) };
  };
  return { ask, clock, counters, overLimit, questions, withdrawn: () => withdrawn };
}

describe('GlobalRateLimit', () => {
  it('asks with the descriptors that fit the request, each with its limit', () => {
    const { ask, questions } = setUp({
      limits: [
        { rule: [genericKey('rule', '0')], rate: perMinute, hits: 1, origin: '' },
        { rule: [genericKey('rule', '1'), peerPrincipal], rate: { requests: 1, unit: 'DAY' }, hits: 1, origin: '' },
        { rule: [genericKey('rule', '2'), requestHeader('user', 'x-user')], rate: null, hits: 3, origin: '' },
      ],
    });
    ask({ block: `X-User: ${'u'.repeat(1000)}\r\n` });
    expect(questions[0]?.question).toEqual({
      domain: 'heddle',
      descriptors: [
        { entries: [{ key: 'rule', value: '0' }], limit: { requests_per_unit: 5, unit: 'MINUTE' } },
        {
          entries: [
            { key: 'rule', value: '2' },
            { key: 'user', value: 'u'.repeat(256) },
          ],
          limit: null,
          hits_addend: { value: '3' },
        },
      ],
    });
  });

  it('asks nothing about a request that no limit is for', () => {
    const { ask, questions } = setUp({ limits: [{ rule: [peerPrincipal], rate: perMinute, hits: 1, origin: '' }] });
    expect(ask().verdict).toBeNull();
    expect(questions).toEqual([]);
  });

  it('lets the request go on when it is within all limits', () => {
    const { ask, questions, counters } = setUp();
    const { outcomes } = ask();
    questions[0]?.answer(ok);
    expect(outcomes).toEqual([null]);
    expect(counters).toEqual({ ok: 1, overLimit: 0, error: 0, failureModeAllowed: 0 });
  });

  it('refuses a request that nobody answered for when another one of the same limit was refused meanwhile', () => {
    const { ask, questions, counters, clock } = setUp();
    const [first, second, third] = [ask(), ask(), ask()];
    questions[0]?.answer(over('42'));
    questions[1]?.answer(null);
    expect(first.outcomes).toMatchObject([{ failure: 'rateLimitedGlobally' }]);
    expect(second.outcomes).toMatchObject([{ failure: 'rateLimitedGlobally' }]);
    clock.nowMs = 42_000;
    questions[2]?.answer(null);
    expect(third.outcomes).toEqual([null]);
    expect(counters).toEqual({ ok: 0, overLimit: 2, error: 1, failureModeAllowed: 1 });
  });

  it('refuses what is over a limit, and says when to come again', () => {
    const { ask, questions, counters } = setUp();
    const { outcomes } = ask();
    questions[0]?.answer(over('42'));
    expect(outcomes).toEqual([
      {
        kind: 'answer',
        failure: 'rateLimitedGlobally',
        status: 0,
        grpcStatus: 8,
        detail: '5 requests each minute, over all instances',
        lines:
          'x-envoy-ratelimited: true\r\nretry-after: 42\r\nx-ratelimit-limit: 5\r\nx-ratelimit-remaining: 0\r\nx-ratelimit-reset: 42\r\n',
        rule: 'BackendTrafficPolicy/default/cart',
      },
    ]);
    expect(counters.overLimit).toBe(1);
  });

  it('does not ask again about what is over its limit until the window ends', () => {
    const { ask, clock, counters, questions } = setUp();
    ask();
    questions[0]?.answer(over('42'));
    clock.nowMs = 41_500;
    expect(ask().verdict).toMatchObject({
      kind: 'answer',
      failure: 'rateLimitedGlobally',
      rule: 'BackendTrafficPolicy/default/cart',
    });
    expect([questions.length, counters.overLimit]).toEqual([1, 2]);
    clock.nowMs = 42_000;
    expect(ask().verdict).toMatchObject({ kind: 'wait' });
  });

  it('remembers only the descriptors that were over', () => {
    const limits = [
      { rule: [genericKey('rule', '0')], rate: perMinute, hits: 1, origin: '' },
      { rule: [genericKey('rule', '1'), peerPrincipal], rate: perMinute, hits: 1, origin: '' },
    ];
    const { ask, questions } = setUp({ limits });
    ask({ principal: 'spiffe://web' });
    questions[0]?.answer(over('', '42'));
    expect(ask({ principal: 'spiffe://web' }).verdict).toMatchObject({ kind: 'answer' });
    expect(ask({ principal: 'spiffe://batch' }).verdict).toMatchObject({ kind: 'wait' });
  });

  it('names the window that ends last, and who asks for it', () => {
    const rule = [genericKey('rule', '0')];
    const { ask, questions } = setUp({
      limits: [
        { rule, rate: perMinute, hits: 1, origin: 'each minute' },
        { rule, rate: { requests: 5, unit: 'HOUR' }, hits: 1, origin: 'each hour' },
      ],
    });
    const { outcomes } = ask();
    questions[0]?.answer(over('42', '7'));
    expect(outcomes[0]).toMatchObject({ rule: 'each minute', lines: expect.stringContaining('retry-after: 42\r\n') });
  });

  it.each([
    ['lets a request go on', false],
    ['answers 500', true],
  ])('%s when the service does not answer', (_name, denyOnFailure) => {
    const { ask, counters, questions } = setUp({ denyOnFailure });
    const { outcomes } = ask();
    questions[0]?.answer(null);
    if (denyOnFailure) {
      const rule = 'BackendTrafficPolicy/default/cart';
      expect(outcomes).toMatchObject([
        { kind: 'answer', failure: 'rateLimitError', detail: 'no answer in time', rule },
      ]);
    } else expect(outcomes).toEqual([null]);
    expect(counters).toEqual({ ok: 0, overLimit: 0, error: 1, failureModeAllowed: denyOnFailure ? 0 : 1 });
  });

  it('withdraws the question of a request that is given up', () => {
    const { ask, withdrawn } = setUp();
    ask().cancel();
    expect(withdrawn()).toBe(1);
  });

  it('adds the headers of the service, to its refusals as well', () => {
    const { ask, questions } = setUp();
    const headers = [{ key: 'X-Quota', value: '7' }];
    const [first, second] = [ask(), ask()];
    questions[0]?.answer({ ...ok, response_headers_to_add: headers });
    questions[1]?.answer({ ...over('1'), response_headers_to_add: headers });
    const [edit] = first.outcomes;
    expect(edit?.kind === 'edit' && edit.edit.apply('a: b\r\n')).toBe('a: b\r\nx-quota: 7\r\n');
    expect(second.outcomes[0]).toMatchObject({ lines: expect.stringMatching(/\r\nx-quota: 7\r\n$/) });
  });

  it.each([
    ['a line end', [{ key: 'a', value: 'b\r\nset-cookie: x' }]],
    ['no header name', [{ key: 'a b', value: 'c' }]],
    ['a header that frames the message', [{ key: 'Content-Length', value: '0' }]],
    ['too many', Array.from({ length: 33 }, (_, index) => ({ key: `x-${index}`, value: '1' }))],
  ])('leaves out headers of the service with %s', (_name, headers) => {
    const { ask, questions } = setUp();
    const { outcomes } = ask();
    questions[0]?.answer({ ...ok, response_headers_to_add: headers });
    expect(outcomes).toEqual([null]);
  });
});

describe('OverLimitMemory', () => {
  it('has a bound; what was remembered first makes room', () => {
    const { overLimit } = setUp();
    for (const key of ['a', 'b', 'c', 'd']) overLimit.remember(key, 100);
    expect([overLimit.size, overLimit.leftMs('a', 0), overLimit.leftMs('d', 40)]).toEqual([3, 0, 60]);
  });

  it('forgets what is over when it is asked', () => {
    const { overLimit } = setUp();
    overLimit.remember('a', 100);
    expect([overLimit.leftMs('a', 100), overLimit.size]).toEqual([0, 0]);
  });
});

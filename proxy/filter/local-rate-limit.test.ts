import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { RequestHead } from '../message-head.ts';
import type { LocalRateLimitConfig } from './local-rate-limit.ts';
import { Buckets, LocalRateLimit } from './local-rate-limit.ts';
import { genericKey, headerMatch, peerPrincipal, remoteAddress, requestHeader } from './rate-limit-descriptor.ts';
import type { FilterVerdict } from './request-filter.ts';

const perSecond = (tokens: number) => ({ maxTokens: tokens, tokensPerFill: tokens, fillIntervalMs: 1000 });
const nothing: LocalRateLimitConfig = {
  size: null,
  alwaysTakesDefault: true,
  descriptors: [],
  origins: [],
  rules: [],
  maxDynamic: 3,
  grpcStatus: 8,
};

interface Asked {
  readonly block?: string;
  readonly principal?: string;
  readonly address?: string;
}

function setUp(config: Partial<LocalRateLimitConfig>, share = 1) {
  const clock = { nowMs: 0 };
  const rateLimits = { ok: 0, rateLimited: 0 };
  const whole = { ...nothing, ...config };
  const buckets = new Buckets(whole, share, 0);
  const filter = new LocalRateLimit(whole, buckets, { rateLimits, now: () => clock.nowMs });
  const ask = ({ block = '', principal = '', address = '' }: Asked = {}): FilterVerdict => {
    const head = new RequestHead();
    head.block = block;
    return filter.onRequest({ head, peer: { principal, address } });
  };
  return {
    clock,
    rateLimits,
    ask,
    /** How many of so many requests go on. */
    goOn: (count: number, asked?: Asked) =>
      Array.from({ length: count }, () => ask(asked)).filter((v) => v === null).length,
  };
}

describe('LocalRateLimit', () => {
  it('lets as many go on as there are tokens, and more as time goes by, evenly', () => {
    const { goOn, clock, rateLimits } = setUp({ size: { maxTokens: 10, tokensPerFill: 60, fillIntervalMs: 60_000 } });
    expect(goOn(15)).toBe(10);
    clock.nowMs = 500;
    expect(goOn(1)).toBe(0);
    clock.nowMs = 3000;
    expect(goOn(9)).toBe(3);
    clock.nowMs = 1_000_000;
    expect(goOn(50)).toBe(10);
    expect(rateLimits).toEqual({ ok: 23, rateLimited: 52 });
  });

  it('never lets more go on than the rate allows, however they come', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(400), { maxLength: 60 }), fc.integer({ min: 1, max: 20 }), (gaps, rate) => {
        const { ask, clock } = setUp({ size: perSecond(rate) });
        let went = 0;
        for (const gap of gaps) {
          clock.nowMs += gap;
          if (ask() === null) went++;
        }
        expect(went).toBeLessThanOrEqual(rate + (clock.nowMs * rate) / 1000 + 1e-9);
      }),
    );
  });

  it('says when to come again to one of several processes that divide the limit', () => {
    const { ask, clock } = setUp({ size: { maxTokens: 1, tokensPerFill: 1, fillIntervalMs: 10_000 } }, 4);
    expect(ask()).toBeNull();
    const refused = ask() as { lines: string };
    expect(refused.lines).toContain('retry-after: 40\r\n');
    clock.nowMs = 39_000;
    expect(ask()).not.toBeNull();
    clock.nowMs = 40_000;
    expect(ask()).toBeNull();
  });

  it('says when to come again', () => {
    const { ask, clock } = setUp({ size: { maxTokens: 1, tokensPerFill: 1, fillIntervalMs: 10_000 } });
    ask();
    clock.nowMs = 2500;
    expect(ask()).toMatchObject({ failure: 'rateLimited', grpcStatus: 8, detail: '1 requests in 10 s' });
    expect((ask() as { lines: string }).lines).toBe(
      'x-envoy-ratelimited: true\r\nretry-after: 8\r\nx-ratelimit-limit: 1\r\nx-ratelimit-remaining: 0\r\nx-ratelimit-reset: 8\r\n',
    );
  });

  it('has a bucket for those whom a descriptor is for, and none for the others', () => {
    const mark = {
      maxLength: Number.POSITIVE_INFINITY,
      isUnknown: () => false,
      matches: (head: RequestHead) => head.block.includes('x-mark'),
    };
    const { goOn, ask } = setUp({
      origins: ['first', 'second'],
      rules: [[genericKey('rule', '0'), headerMatch('header_match', 'marked', true, [mark])]],
      descriptors: [
        {
          entries: [
            { key: 'rule', value: '0' },
            { key: 'header_match', value: 'marked' },
          ],
          size: perSecond(2),
        },
        {
          entries: [
            { key: 'rule', value: '1' },
            { key: 'header_match', value: 'marked' },
          ],
          size: perSecond(1),
        },
      ],
    });
    expect(goOn(5, { block: 'x-mark: 1\r\n' })).toBe(2);
    expect(ask({ block: 'x-mark: 1\r\n' })).toMatchObject({ rule: 'first' });
    expect(goOn(5)).toBe(5);
  });

  it('has a bucket for each value that is left open, and for no more of them than it may', () => {
    const { goOn, ask } = setUp({
      rules: [[peerPrincipal]],
      descriptors: [{ entries: [{ key: 'peer_principal', value: '' }], size: perSecond(1) }],
    });
    for (const principal of ['a', 'b', 'c']) expect(goOn(3, { principal })).toBe(1);
    expect(ask({ principal: 'b' })).not.toBeNull();
    expect(goOn(1, { principal: 'd' })).toBe(1);
    // a had been silent for longest, and has a new bucket
    expect(goOn(2, { principal: 'a' })).toBe(1);
    expect(goOn(5)).toBe(5);
  });

  it('takes a token of every bucket, or of none', () => {
    const { goOn, clock } = setUp({
      size: { maxTokens: 3, tokensPerFill: 1, fillIntervalMs: 1_000_000 },
      rules: [[requestHeader('user', 'X-User')]],
      descriptors: [{ entries: [{ key: 'user', value: '' }], size: perSecond(1) }],
    });
    expect(goOn(5, { block: 'x-user: a\r\n' })).toBe(1);
    expect(goOn(5, { block: 'x-user: b\r\n' })).toBe(1);
    expect(goOn(5)).toBe(1);
    clock.nowMs = 1000;
    expect(goOn(1, { block: 'x-user: a\r\n' })).toBe(0);
  });

  it('leaves those with a descriptor out of the bucket for all where it is told to', () => {
    const { goOn } = setUp({
      size: perSecond(1),
      alwaysTakesDefault: false,
      rules: [[remoteAddress]],
      descriptors: [{ entries: [{ key: 'remote_address', value: '10.0.0.1' }], size: perSecond(2) }],
    });
    expect(goOn(5, { address: '10.0.0.1:4711' })).toBe(2);
    expect(goOn(5, { address: '10.0.0.2:4711' })).toBe(1);
  });

  it('divides a limit among processes', () => {
    const { goOn, clock } = setUp({ size: perSecond(10) }, 4);
    expect(goOn(10)).toBe(2);
    clock.nowMs = 1000;
    expect(goOn(10)).toBe(2);
  });

  it('keeps nothing of a value but its beginning', () => {
    const { goOn } = setUp({
      rules: [[requestHeader('user', 'x-user')]],
      descriptors: [{ entries: [{ key: 'user', value: '' }], size: perSecond(1) }],
    });
    expect(goOn(1, { block: `x-user: ${'x'.repeat(300)}a\r\n` })).toBe(1);
    expect(goOn(1, { block: `x-user: ${'x'.repeat(300)}b\r\n` })).toBe(0);
  });
});

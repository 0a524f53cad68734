import { describe, expect, it } from 'vitest';
import type { Input } from '../../proto/load.ts';
import { RequestHead } from '../message-head.ts';
import { decoded } from '../testing/decoded.ts';
import { compileRetry, repeatLimits } from './compile-retry.ts';

function compile(policy: Input<'envoy.config.route.v3.RetryPolicy'>) {
  return compileRetry(decoded('envoy.config.route.v3.RetryPolicy', policy), {
    retryNonIdempotent: false,
    replayBytes: 7,
    hedgesOnTryTimeout: true,
  });
}

describe('compileRetry', () => {
  it('says nothing where no condition is named and no try bounded', () => {
    expect(compile({ retry_on: ' ', num_retries: { value: 3 } })).toBeNull();
    expect(compile({ per_try_idle_timeout: { seconds: 1 } })).toMatchObject({ perTryIdleTimeoutMs: 1000 });
  });

  it("fills in Envoy's numbers where a policy does not say", () => {
    expect(compile({ retry_on: '5xx' })).toMatchObject({
      maxRetries: 1,
      perTryTimeoutMs: 0,
      perTryIdleTimeoutMs: 0,
      backOffBaseMs: 25,
      backOffMaxMs: 250,
      rateLimitedBackOff: null,
      hostDraws: 0,
      replayBytes: 7,
      hedgesOnTryTimeout: true,
      requestHeaders: null,
      answerHeaders: null,
    });
  });

  it('compiles conditions on headers', () => {
    const policy = compile({
      retry_on: 'retriable-headers',
      retriable_headers: [{ name: 'X-Node', string_match: { prefix: 'old-' } }],
      retriable_request_headers: [{ name: 'idempotency-key', present_match: true }],
    });
    expect(policy?.answerHeaders?.map((each) => each.matchesLines('x-node: old-1\r\n'))).toEqual([true]);
    expect(policy?.answerHeaders?.map((each) => each.matchesLines('x-node: new-1\r\n'))).toEqual([false]);
    const head = Object.assign(new RequestHead(), { block: 'Idempotency-Key: 1\r\n' });
    expect(policy?.requestHeaders?.map((each) => each.matches(head))).toEqual([true]);
  });

  it('compiles how long to wait, 300 s at most where the policy does not say', () => {
    const reset_headers = [{ name: 'Retry-After' }, { name: 'x-reset', format: 'UNIX_TIMESTAMP' as const }];
    const wait = (block: string, max?: number) =>
      compile({
        retry_on: '5xx',
        rate_limited_retry_back_off: { reset_headers, ...(max !== undefined && { max_interval: { seconds: max } }) },
      })?.rateLimitedBackOff?.waitMs(block, 1_000_000, () => 0);
    expect(wait('retry-after: 300\r\n')).toBe(300_000);
    expect(wait('retry-after: 301\r\n')).toBeNull();
    expect(wait('retry-after: 3\r\n', 2)).toBeNull();
    expect(wait('x-reset: 1002\r\n')).toBe(2000);
  });

  it.each([
    [undefined, 1],
    [5, 5],
  ])('draws again %s times where previous hosts are to be left out', (attempts, draws) => {
    const policy = compile({
      retry_on: '5xx',
      retry_host_predicate: [{ name: 'envoy.retry_host_predicates.previous_hosts' }],
      ...(attempts !== undefined && { host_selection_retry_max_attempts: attempts }),
    });
    expect(policy?.hostDraws).toBe(draws);
  });
});

describe('repeatLimits', () => {
  it('keeps 64 KiB of a body where a route does not say, and what it says otherwise', () => {
    const limits = (value?: number) =>
      repeatLimits(
        decoded('envoy.config.route.v3.Route', value === undefined ? {} : { request_body_buffer_limit: { value } }),
      ).replayBytes;
    expect([limits(), limits(0), limits(100_000)]).toEqual([65_536, 0, 100_000]);
  });
});

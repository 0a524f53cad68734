import { describe, expect, it } from 'vitest';
import type { Failure } from '../failure.ts';
import { failures } from '../failure.ts';
import { RequestHead } from '../message-head.ts';
import type { RetryPolicy, RetrySettings } from './retry-policy.ts';
import {
  compileRetryPolicy,
  isConnectionsFault,
  isIdempotent,
  mayRetryAnswer,
  mayRetryFailure,
  mayRetryGrpcStatus,
  policyFor,
} from './retry-policy.ts';

function policyOn(retryOn: string, more: Partial<RetrySettings> = {}): RetryPolicy {
  return compileRetryPolicy({
    retryOn,
    retriableStatusCodes: [],
    maxRetries: 2,
    perTryTimeoutMs: 0,
    backOffBaseMs: 25,
    backOffMaxMs: 250,
    retryNonIdempotent: false,
    ...more,
  });
}

const meshDefault = 'connect-failure,refused-stream,reset,reset-before-request,gateway-error';

describe('compileRetryPolicy', () => {
  it('knows the conditions by name, whatever stands between them', () => {
    const policy = policyOn(' connect-failure , ,reset-before-request,');
    expect(policy).toMatchObject({ onConnectFailure: true, onReset: false, onResetBeforeRequest: true });
    expect(policy.statuses.size).toBe(0);
  });

  it.each(['reset', '5xx', 'gateway-error'])('takes every way of getting no answer as part of %s', (condition) => {
    const policy = policyOn(condition);
    expect(policy).toMatchObject({ onConnectFailure: true, onReset: true, onResetBeforeRequest: true });
  });

  it.each([
    ['gateway-error', [502, 503, 504], [500, 501, 505, 409]],
    ['5xx', [500, 501, 502, 503, 504, 599], [409, 499, 600]],
    ['retriable-4xx', [409], [404, 429, 500]],
    ['connect-failure', [], [500, 503]],
  ] as const)('retries on the statuses of %s', (condition, retried, others) => {
    const { statuses } = policyOn(condition);
    for (const status of retried) expect(statuses).toContain(status);
    for (const status of others) expect(statuses).not.toContain(status);
  });

  it('takes listed status codes only together with their condition', () => {
    const settings = { retriableStatusCodes: [429, 500] };
    expect([...policyOn('retriable-status-codes', settings).statuses]).toEqual([429, 500]);
    expect([...policyOn('connect-failure', settings).statuses]).toEqual([]);
  });

  it('knows the gRPC conditions', () => {
    const policy = policyOn('cancelled,deadline-exceeded,internal,resource-exhausted,unavailable');
    expect([...policy.grpcStatuses].sort((a, b) => a - b)).toEqual([1, 4, 8, 13, 14]);
  });

  it('retries on nothing when nothing is asked for', () => {
    expect(policyOn('')).toMatchObject({ onConnectFailure: false, onReset: false, onResetBeforeRequest: false });
  });
});

describe('isIdempotent', () => {
  it.each(['GET', 'HEAD', 'OPTIONS', 'TRACE', 'PUT', 'DELETE'])('holds for %s', (method) => {
    expect(isIdempotent(method)).toBe(true);
  });

  it.each(['POST', 'PATCH', 'CONNECT', 'get', 'PROPFIND', ''])('does not hold for %j', (method) => {
    expect(isIdempotent(method)).toBe(false);
  });
});

describe('mayRetryFailure', () => {
  it.each<[Failure, string, boolean, boolean]>([
    // failure, method, proven unsent, may be repeated
    ['connectFailure', 'GET', false, true],
    ['connectFailure', 'POST', false, true],
    ['connectTimeout', 'PATCH', true, true],
    ['identityRefused', 'POST', false, true],
    ['upstreamReset', 'GET', false, true],
    ['upstreamReset', 'POST', false, false],
    ['upstreamReset', 'PATCH', false, false],
    ['upstreamReset', 'POST', true, true],
    ['perTryTimeout', 'DELETE', false, true],
    ['perTryTimeout', 'POST', false, false],
    ['upstreamResetInBody', 'GET', false, false],
    ['upstreamOverflow', 'GET', true, false],
    ['noHealthyUpstream', 'GET', true, false],
    ['requestTimeout', 'GET', false, false],
    ['downstreamReset', 'GET', false, false],
  ])('by default, after %s of a %s that is proven unsent: %s, says %s', (failure, method, provenUnsent, expected) => {
    expect(mayRetryFailure(policyOn(meshDefault), failure, method, provenUnsent)).toBe(expected);
  });

  it('never repeats anything that may have taken effect unless the method is idempotent or the user vouched', () => {
    const cautious = policyOn('5xx');
    const vouched = policyOn('5xx', { retryNonIdempotent: true });
    for (const failure of Object.keys(failures) as Failure[]) {
      const kind: string = failures[failure].retry;
      expect(mayRetryFailure(cautious, failure, 'POST', false)).toBe(kind === 'always');
      expect(mayRetryFailure(vouched, failure, 'POST', false)).toBe(kind !== 'never');
    }
  });

  it('repeats nothing when the condition is not asked for', () => {
    const connectOnly = policyOn('connect-failure');
    expect(mayRetryFailure(connectOnly, 'upstreamReset', 'GET', false)).toBe(false);
    expect(mayRetryFailure(connectOnly, 'upstreamReset', 'GET', true)).toBe(false);
    const unsentOnly = policyOn('reset-before-request');
    expect(mayRetryFailure(unsentOnly, 'upstreamReset', 'GET', false)).toBe(false);
    expect(mayRetryFailure(unsentOnly, 'upstreamReset', 'POST', true)).toBe(true);
    expect(mayRetryFailure(unsentOnly, 'connectFailure', 'POST', true)).toBe(true);
  });
});

describe('isConnectionsFault', () => {
  it.each([
    ['upstreamRefused', 'POST', true],
    ['staleConnection', 'GET', true],
    ['staleConnection', 'POST', false],
    ['upstreamReset', 'GET', false],
    ['connectFailure', 'GET', false],
  ] as const)('after %s of a %s says %s, whatever is retried', (failure, method, expected) => {
    expect(isConnectionsFault(failure, null, method)).toBe(expected);
    expect(isConnectionsFault(failure, policyOn(meshDefault), method)).toBe(expected);
  });

  it('repeats a POST on an idle connection that ended only when the user vouched for the route', () => {
    expect(isConnectionsFault('staleConnection', policyOn('', { retryNonIdempotent: true }), 'POST')).toBe(true);
  });
});

describe('mayRetryAnswer', () => {
  it('leaves a request alone that goes round in a circle', () => {
    expect([507, 508].map((status) => mayRetryAnswer(policyOn('5xx'), status, '', 'GET'))).toEqual([true, false]);
  });

  it.each([
    [503, 'GET', true],
    [502, 'PUT', true],
    [503, 'POST', false],
    [500, 'GET', false],
    [200, 'GET', false],
  ])('by default, after %i to a %s, says %s', (status, method, expected) => {
    expect(mayRetryAnswer(policyOn(meshDefault), status, '', method)).toBe(expected);
  });

  it('repeats a POST when the user vouched for the route', () => {
    expect(mayRetryAnswer(policyOn(meshDefault, { retryNonIdempotent: true }), 503, '', 'POST')).toBe(true);
  });

  it.each([
    ['5xx', 503, 'x-envoy-ratelimited: true\r\n', false],
    ['5xx', 503, '', true],
    ['envoy-ratelimited', 429, 'X-Envoy-RateLimited: true\r\n', true],
    ['envoy-ratelimited', 429, '', false],
    ['envoy-ratelimited,5xx', 503, '', true],
  ])('on %s, after %i with %j, says %s', (retryOn, status, block, expected) => {
    expect(mayRetryAnswer(policyOn(retryOn), status, block, 'GET')).toBe(expected);
    expect(mayRetryAnswer(policyOn(retryOn), status, block, 'POST')).toBe(false);
  });

  it('looks at the headers of answers of any status, where it is asked to', () => {
    const retriableHeaders = [{ matchesLines: (block: string) => block.includes('x-stale') }];
    const policy = policyOn('retriable-headers', { retriableHeaders });
    expect(policy.looksAtEveryAnswer).toBe(true);
    expect(mayRetryAnswer(policy, 200, 'x-stale: 1\r\n', 'GET')).toBe(true);
    expect(mayRetryAnswer(policy, 503, 'x-other: 1\r\n', 'GET')).toBe(false);
    expect(mayRetryAnswer(policy, 200, 'x-stale: 1\r\n', 'POST')).toBe(false);
    expect(policyOn('5xx', { retriableHeaders }).looksAtEveryAnswer).toBe(false);
  });
});

describe('policyFor', () => {
  it('leaves the bounds of a try and none of the conditions to a request whose headers do not let it be repeated', () => {
    const retriableRequestHeaders = [{ matches: ({ block }: RequestHead) => block.includes('x-safe') }];
    const policy = policyOn('5xx', { retriableRequestHeaders, perTryTimeoutMs: 7 });
    const request = (block: string) => Object.assign(new RequestHead(), { method: 'GET', block });
    expect(policyFor(policy, request('x-safe: 1\r\n'))).toBe(policy);
    const other = policyFor(policy, request(''));
    expect(other).toMatchObject({ perTryTimeoutMs: 7, onReset: false, onConnectFailure: false, maxRetries: 0 });
    expect(policyFor(null, request(''))).toBeNull();
  });
});

describe('mayRetryGrpcStatus', () => {
  it('repeats a call, which is always a POST, only when the user vouched for the route', () => {
    expect(mayRetryGrpcStatus(policyOn('unavailable'), 14, '', 'POST')).toBe(false);
    expect(mayRetryGrpcStatus(policyOn('unavailable', { retryNonIdempotent: true }), 14, '', 'POST')).toBe(true);
    expect(mayRetryGrpcStatus(policyOn('unavailable', { retryNonIdempotent: true }), 13, '', 'POST')).toBe(false);
  });
});

import { describe, expect, it } from 'vitest';
import { RequestHead } from '../message-head.ts';
import { compileRetryPolicy, mayRetryAnswer } from '../resilience/retry-policy.ts';
import type { ControlTrust, RequestBounds } from './request-controls.ts';
import { takeControls } from './request-controls.ts';

const policy = compileRetryPolicy({
  retryOn: 'connect-failure',
  retriableStatusCodes: [],
  maxRetries: 2,
  perTryTimeoutMs: 70,
  retryNonIdempotent: false,
});
const route: RequestBounds = { timeoutMs: 1000, retry: policy };

function take(lines: readonly string[], trust: ControlTrust = 'all', of: RequestBounds = route) {
  const block = `Host: a\r\n${lines.map((line) => `${line}\r\n`).join('')}x-envoy-other: 1\r\n`;
  const head = Object.assign(new RequestHead(), { block });
  const bounds = takeControls(head, of, trust);
  expect(head.block).toBe('Host: a\r\nx-envoy-other: 1\r\n');
  return bounds;
}

describe('takeControls', () => {
  it.each([
    [['X-Envoy-Upstream-Rq-Timeout-Ms: 250'], 250],
    [['x-envoy-upstream-rq-timeout-ms: 5000'], 5000],
    [['x-envoy-upstream-rq-timeout-ms: 0'], 0],
    [['x-envoy-upstream-rq-timeout-ms: soon'], 1000],
    [['x-envoy-upstream-rq-timeout-ms: -1'], 1000],
    [['x-envoy-expected-rq-timeout-ms: 200'], 200],
    [['x-envoy-expected-rq-timeout-ms: 2000'], 1000],
    [['x-envoy-upstream-rq-timeout-ms: 300', 'x-envoy-expected-rq-timeout-ms: 200'], 200],
    [['x-envoy-upstream-rq-timeout-ms: 0', 'x-envoy-expected-rq-timeout-ms: 200'], 200],
  ])('with %j gives the request %i ms', (lines, timeoutMs) => {
    expect(take(lines)).toEqual({ timeoutMs, retry: policy });
  });

  it('adds conditions to those of the route, and overrides its numbers', () => {
    const { retry } = take([
      'x-envoy-retry-on: 5xx,retriable-status-codes',
      'x-envoy-retry-grpc-on: unavailable',
      'x-envoy-retriable-status-codes: 404, 418,x',
      'x-envoy-max-retries: 7',
      'x-envoy-upstream-rq-per-try-timeout-ms: 50',
    ]);
    expect(retry).toMatchObject({ onConnectFailure: true, onReset: true, maxRetries: 7, perTryTimeoutMs: 50 });
    expect([404, 418, 503, 409].map((status) => retry?.statuses.has(status))).toEqual([true, true, true, false]);
    expect([...(retry?.grpcStatuses ?? [])]).toEqual([14]);
  });

  it('knows headers of answers by name', () => {
    const { retry } = take(['x-envoy-retry-on: retriable-headers', 'x-envoy-retriable-header-names: X-Stale, x-b']);
    if (retry === null) throw new Error('no policy');
    expect(mayRetryAnswer(retry, 200, 'x-stale: 1\r\n', 'GET')).toBe(true);
    expect(mayRetryAnswer(retry, 200, 'x-fresh: 1\r\n', 'GET')).toBe(false);
  });

  it('retries once where the route has no policy, and never what may not be repeated', () => {
    const { retry } = take(['x-envoy-retry-on: 5xx'], 'all', { timeoutMs: 0, retry: null });
    if (retry === null) throw new Error('no policy');
    expect(retry).toMatchObject({ maxRetries: 1, retryNonIdempotent: false, backOffBaseMs: 25, backOffMaxMs: 250 });
    expect(mayRetryAnswer(retry, 503, '', 'GET')).toBe(true);
    expect(mayRetryAnswer(retry, 503, '', 'POST')).toBe(false);
  });

  it('bounds the number of tries', () => {
    expect(take(['x-envoy-max-retries: 999999999']).retry?.maxRetries).toBe(100);
  });

  it('drops the time of a try that is no shorter than all of them', () => {
    expect(take(['x-envoy-upstream-rq-per-try-timeout-ms: 1000']).retry?.perTryTimeoutMs).toBe(0);
  });

  it('believes a sidecar only what it says of the time that is left, and others nothing', () => {
    const lines = ['x-envoy-retry-on: 5xx', 'x-envoy-upstream-rq-timeout-ms: 1', 'x-envoy-expected-rq-timeout-ms: 200'];
    expect(take(lines, 'deadline')).toEqual({ timeoutMs: 200, retry: policy });
    expect(take(lines, 'none')).toBe(route);
  });
});

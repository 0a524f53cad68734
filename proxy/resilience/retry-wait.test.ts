import { describe, expect, it } from 'vitest';
import { RateLimitedBackOff } from './rate-limited-back-off.ts';
import { compileRetryPolicy } from './retry-policy.ts';
import { neverAgain, retryWaitMs } from './retry-wait.ts';

const heeding = compileRetryPolicy({
  retryOn: '5xx',
  retriableStatusCodes: [],
  backOffBaseMs: 100,
  backOffMaxMs: 1_000,
  rateLimitedBackOff: new RateLimitedBackOff([{ lowerCaseName: 'retry-after', format: 'seconds' }], 60_000),
  retryNonIdempotent: true,
});
const deaf = { ...heeding, rateLimitedBackOff: null };
const half = () => 0.5;

describe('retryWaitMs', () => {
  it.each([
    ['', true, 50],
    ['grpc-retry-pushback-ms: 0\r\n', true, 0],
    ['grpc-retry-pushback-ms: 7\r\n', true, 7],
    ['Grpc-Retry-Pushback-Ms: 300000\r\n', true, 300_000],
    ['grpc-retry-pushback-ms: 300001\r\n', true, neverAgain],
    ['grpc-retry-pushback-ms: -1\r\n', true, neverAgain],
    ['grpc-retry-pushback-ms: soon\r\n', true, neverAgain],
    ['grpc-retry-pushback-ms:\r\n', true, neverAgain],
    ['grpc-retry-pushback-ms: 99999999999999999999\r\n', true, neverAgain],
    ['grpc-retry-pushback-ms: 1.5\r\n', true, neverAgain],
    ['grpc-retry-pushback-ms: 7\r\nretry-after: 2\r\n', true, 7],
    ['grpc-retry-pushback-ms: -1\r\n', false, 50],
    ['retry-after: 2\r\n', true, 2_500],
    ['retry-after: 2\r\n', false, 2_500],
    ['retry-after: 61\r\n', false, 50],
  ])('after %j, a call of gRPC: %s, is %i', (block, isGrpc, ms) => {
    expect(retryWaitMs(heeding, block, isGrpc, 1, 0, half)).toBe(ms);
  });

  it('heeds a server that pushes back whatever the policy says of other headers', () => {
    expect(retryWaitMs(deaf, 'retry-after: 2\r\n', false, 1, 0, half)).toBe(50);
    expect(retryWaitMs(deaf, 'grpc-retry-pushback-ms: 3\r\n', true, 1, 0, half)).toBe(3);
  });

  it('grows with the attempts where nobody asks for anything', () => {
    expect([1, 2, 3].map((attempts) => retryWaitMs(deaf, '', true, attempts, 0, half))).toEqual([50, 150, 350]);
  });
});

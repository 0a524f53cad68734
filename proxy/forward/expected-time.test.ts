import { describe, expect, it } from 'vitest';
import { grpcTimeoutMs } from '../message/grpc.ts';
import { expectedTimeLine, grpcTimeoutLine, withoutGrpcTimeout } from './expected-time.ts';

describe('expectedTimeLine', () => {
  it.each([
    // left for all attempts, for one of them, expected
    [Number.POSITIVE_INFINITY, 0, null],
    [1000, 0, 1000],
    [599.6, 0, 600],
    [1000, 300, 300],
    [200, 300, 200],
    [0, 0, 1],
    [-4000, 300, 1],
    [Number.POSITIVE_INFINITY, 300, 300],
  ])('says of %d ms that are left, %i for one try: %s', (leftMs, perTryMs, expected) => {
    const line = expected === null ? '' : `x-envoy-expected-rq-timeout-ms: ${expected}\r\n`;
    expect(expectedTimeLine(leftMs, perTryMs)).toBe(line);
  });
});

describe('grpcTimeoutLine', () => {
  it.each([
    [1000, 250, 750],
    [1000, 999.9, 1],
    [1000, 2000, 1],
    [99_999_999, 0, 99_999_999],
    [100_000_000, 0, 100_000_000],
    [99_999_999_000, 0, 99_999_999_000],
    // 5 256 000 minutes, 99 999 999 hours, and what no call can ask for
    [315_360_000_000, 0, 315_360_000_000],
    [359_999_996_400_000, 5, 359_999_992_800_000],
    [4e14, 0, 359_999_996_400_000],
  ])('of %i ms after %d leaves %i', (timeoutMs, elapsedMs, left) => {
    expect(grpcTimeoutMs(grpcTimeoutLine(timeoutMs, elapsedMs))).toBe(left);
  });
});

it('takes the line out of a block, wherever it stands', () => {
  expect(withoutGrpcTimeout('grpc-timeout: 1S\r\nte: trailers\r\n')).toBe('te: trailers\r\n');
  expect(withoutGrpcTimeout('a: grpc-timeout: 1S\r\nGrpc-Timeout: 1S\r\n')).toBe('a: grpc-timeout: 1S\r\n');
});

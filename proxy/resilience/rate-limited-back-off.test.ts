import { describe, expect, it } from 'vitest';
import { RateLimitedBackOff } from './rate-limited-back-off.ts';

const backOff = new RateLimitedBackOff(
  [
    { lowerCaseName: 'retry-after', format: 'seconds' },
    { lowerCaseName: 'x-ratelimit-reset', format: 'unix-timestamp' },
  ],
  300_000,
);
const nowMs = 1_700_000_000_000;

describe('RateLimitedBackOff', () => {
  it.each([
    ['Retry-After: 2\r\n', 2000],
    ['retry-after: 0\r\n', 0],
    ['retry-after: 300\r\n', 300_000],
    ['retry-after: 301\r\n', null],
    ['retry-after: -1\r\n', null],
    ['retry-after: 1.5\r\n', null],
    ['retry-after: Fri, 31 Dec 1999 23:59:59 GMT\r\n', null],
    ['retry-after: Tue, 14 Nov 2023 22:13:25 GMT\r\n', 5000],
    ['retry-after: Tuesday, 14-Nov-23 22:13:25 GMT\r\n', 5000],
    ['retry-after: Tue Nov 14 22:13:25 2023\r\n', 5000],
    ['retry-after: Tue, 14 Nov 2023 22:18:21 GMT\r\n', null],
    ['retry-after: 2023-11-14T22:13:25Z\r\n', null],
    ['x-ratelimit-reset: Tue, 14 Nov 2023 22:13:25 GMT\r\n', null],
    ['x-ratelimit-reset: 1700000003\r\n', 3000],
    ['x-ratelimit-reset: 1699999999\r\n', null],
    ['x-ratelimit-reset: 1700000301\r\n', null],
    ['retry-after: soon\r\nx-ratelimit-reset: 1700000001\r\n', 1000],
    ['retry-after: 1\r\nx-ratelimit-reset: 1700000009\r\n', 1000],
    ['', null],
  ])('reads %j as %s ms at least', (block, expected) => {
    expect(backOff.waitMs(block, nowMs, () => 0)).toBe(expected);
  });

  it('adds up to half as much', () => {
    expect(backOff.waitMs('retry-after: 10\r\n', nowMs, () => 1)).toBe(15_000);
  });
});

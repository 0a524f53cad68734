import { describe, expect, it } from 'vitest';
import { bytesPerSecond, latency, parseDuration, percent, timeLeft } from './units.ts';

describe('percent', () => {
  it.each([
    [1, '100.00%'],
    [0.9994, '99.94%'],
    [0, '0.00%'],
    [null, '-'],
  ])('writes %s as %s', (share, text) => expect(percent(share)).toBe(text));

  it('never rounds a failure away', () => expect(percent(0.999999)).toBe('99.99%'));
});

describe('latency', () => {
  it.each([
    [0.42, '0.4ms'],
    [9.94, '9.9ms'],
    [9.96, '10ms'],
    [999.4, '999ms'],
    [999.6, '1.0s'],
    [61_000, '61.0s'],
    [null, '-'],
  ])('writes %s ms as %s', (milliseconds, text) => expect(latency(milliseconds)).toBe(text));
});

describe('bytesPerSecond', () => {
  it.each([
    [0, '0.0B/s'],
    [999.94, '999.9B/s'],
    [999.96, '1.0kB/s'],
    [999_949, '999.9kB/s'],
    [999_950, '1.0MB/s'],
    [3_400_000_000, '3400.0MB/s'],
    [null, '-'],
  ])('writes %s as %s', (bytes, text) => expect(bytesPerSecond(bytes)).toBe(text));
});

describe('timeLeft', () => {
  it.each([
    [83_520_000, '23h12m'],
    [185_000, '3m05s'],
    [12_999, '12s'],
    [400, '0s'],
    [-1, '-'],
    [315_360_000_000, '3650d0h'],
  ])('writes %s ms as %s', (milliseconds, text) => expect(timeLeft(milliseconds)).toBe(text));
});

describe('parseDuration', () => {
  it.each([
    ['500ms', 500],
    ['10s', 10_000],
    ['1.5s', 1500],
    ['5m', 300_000],
    ['1h', 3_600_000],
    ['30', 30_000],
    ['0', 0],
  ])('reads %s as %s ms', (text, milliseconds) => expect(parseDuration(text)).toBe(milliseconds));

  it.each(['', 'soon', '-1s', '1d', '5 seconds', '1e9s', '25h'])('refuses "%s"', (text) => {
    expect(() => parseDuration(text)).toThrow(RangeError);
  });
});

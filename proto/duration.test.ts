import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  durationToMs,
  formatGatewayDuration,
  isValidDuration,
  msToDuration,
  parseGatewayDuration,
} from './duration.ts';
import { messageType } from './load.ts';

describe('durations in protobuf', () => {
  it.each([
    [0, '0', 0],
    [1500, '1', 500_000_000],
    [0.25, '0', 250_000],
    [-1500, '-1', -500_000_000],
    [999.9999999, '1', 0],
  ])('writes %d ms as %s s and %d ns', (ms, seconds, nanos) => {
    expect(msToDuration(ms)).toEqual({ seconds, nanos });
  });

  it('keeps every whole millisecond, also over the wire', () => {
    const type = messageType('google.protobuf.Duration');
    const tenThousandYears = 315_576_000_000_000;
    fc.assert(
      fc.property(fc.integer({ min: -tenThousandYears, max: tenThousandYears }), (ms) => {
        const duration = type.decode(type.encode(msToDuration(ms)));
        expect(isValidDuration(duration)).toBe(true);
        expect(durationToMs(duration)).toBe(ms);
      }),
    );
  });

  it('never turns a short time into none', () => {
    expect(durationToMs({ seconds: '0', nanos: 100_000 })).toBeGreaterThan(0);
  });

  it.each([Number.NaN, Number.POSITIVE_INFINITY, 315_576_000_000_001])('refuses %d ms', (ms) => {
    expect(() => msToDuration(ms)).toThrow(RangeError);
  });

  it.each([
    ['1', -1],
    ['-1', 1],
    ['0', 1_000_000_000],
    ['315576000001', 0],
    ['1.5', 0],
    ['', Number.NaN],
  ])('finds no duration in %s s and %d ns', (seconds, nanos) => {
    expect(isValidDuration({ seconds, nanos })).toBe(false);
  });
});

describe('durations in the Gateway API', () => {
  it.each([
    ['0s', 0],
    ['0h', 0],
    ['10s', 10_000],
    ['500ms', 500],
    ['1h30m', 5_400_000],
    ['2h45m10s5ms', 9_910_005],
    ['10s1h', 3_610_000],
    ['99999h', 359_996_400_000],
  ])('reads %s as %d ms', (text, ms) => {
    expect(parseGatewayDuration(text)).toBe(ms);
  });

  it.each(['', '0', '10', 's', '1.5s', '-1s', '+1s', '1 s', '100000s', '1us', '1µs', '1h1m1s1ms1s', '1S', '10s\n'])(
    'reads no duration from %j',
    (text) => expect(parseGatewayDuration(text)).toBeNull(),
  );

  it.each([
    [0, '0s'],
    [90_000, '1m30s'],
    [3_600_001, '1h1ms'],
    [100_000 * 3_600_000, '99999h60m'],
  ])('writes %d ms as %s', (ms, text) => {
    expect(formatGatewayDuration(ms)).toBe(text);
  });

  it('reads what it wrote', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 99_999 * 3_661_001 }), (ms) => {
        expect(parseGatewayDuration(formatGatewayDuration(ms))).toBe(ms);
      }),
    );
  });

  it.each([-1, 0.5, Number.NaN, 99_999 * 3_661_001 + 1])('has no text for %d ms', (ms) => {
    expect(() => formatGatewayDuration(ms)).toThrow(RangeError);
  });
});

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { durationToMs, isValidDuration, msToDuration } from './duration.ts';
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

import { describe, expect, it } from 'vitest';
import { durationMs, durationSchema } from './gateway-duration.ts';

describe('durationSchema', () => {
  it.each(['0s', '500ms', '1h30m', '99999h', '1h2m3s4ms'])('takes %s', (text) => {
    expect(durationSchema.safeParse(text).success).toBe(true);
  });

  it.each([
    '',
    '5',
    '5 s',
    '1.5s',
    '-1s',
    '1d',
    '100000s',
    '1s1s1s1s1s',
    '5 seconds',
    's',
    '0',
    '+1s',
    '1us',
    '1µs',
    '1S',
    '10s\n',
  ])('refuses %j', (text) => {
    const issues = durationSchema.safeParse(text).error?.issues.map(({ message }) => message);
    expect(issues).toEqual(['write a duration such as 500ms, 2s or 1m']);
  });
});

describe('durationMs', () => {
  it.each([
    ['0s', 0],
    ['500ms', 500],
    ['1m', 60_000],
    ['1h30m', 5_400_000],
    ['1h2m3s4ms', 3_723_004],
    ['10s1h', 3_610_000],
    ['99999h', 359_996_400_000],
  ])('reads %s as %d ms', (text, ms) => {
    expect(durationMs(text)).toBe(ms);
  });
});

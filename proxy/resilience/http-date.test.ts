import { describe, expect, it } from 'vitest';
import { parseHttpDate } from './http-date.ts';

const nowMs = Date.parse('2026-01-01T00:00:00Z');

describe('parseHttpDate', () => {
  it.each([
    ['Sun, 06 Nov 1994 08:49:37 GMT', '1994-11-06T08:49:37Z'],
    ['Sunday, 06-Nov-94 08:49:37 GMT', '1994-11-06T08:49:37Z'],
    ['Sun Nov  6 08:49:37 1994', '1994-11-06T08:49:37Z'],
    ['Thursday, 01-Jan-76 00:00:00 GMT', '2076-01-01T00:00:00Z'],
    ['Saturday, 01-Jan-77 00:00:00 GMT', '1977-01-01T00:00:00Z'],
    ['Thu, 29 Feb 2024 23:59:59 GMT', '2024-02-29T23:59:59Z'],
    ['Sat, 31 Dec 2016 23:59:60 GMT', '2017-01-01T00:00:00Z'],
  ])('reads %s', (text, iso) => {
    expect(new Date(parseHttpDate(text, nowMs)).toISOString()).toBe(new Date(iso).toISOString());
  });

  it.each([
    '',
    '120',
    '2026-01-01T00:00:30Z',
    '1 Jan 2027',
    'Thu, 01 Jan 2026 00:00:30',
    'Thu, 01 Jan 2026 00:00:30 +0100',
    'Thu, 1 Jan 2026 00:00:30 GMT',
    'thu, 01 jan 2026 00:00:30 gmt',
    'Fri, 30 Feb 2024 00:00:00 GMT',
    'Thu, 01 Jan 2026 24:00:00 GMT',
    'Thu, 01 Jan 2026 00:00:30 GMT GMT',
  ])('reads %j as no date', (text) => {
    expect(parseHttpDate(text, nowMs)).toBeNaN();
  });
});

import { describe, expect, it } from 'vitest';
import { idleLimitMs } from './keep-alive.ts';

describe('idleLimitMs', () => {
  it.each([
    ['', Number.POSITIVE_INFINITY],
    ['timeout=5', 3000],
    ['timeout=5, max=100', 3000],
    ['max=100, Timeout = "30"', 28_000],
    ['timeout=2', 0],
    ['max=0', -1],
    ['timeout=5, max=0', -1],
    ['nonsense', Number.POSITIVE_INFINITY],
    ['xtimeout=1', Number.POSITIVE_INFINITY],
  ])('reads %j as %d ms', (value, expected) => {
    expect(idleLimitMs(value)).toBe(expected);
  });

  it.each(['timeout=0', 'timeout=1'])('uses a connection with %s for no second request', (value) => {
    expect(idleLimitMs(value)).toBeLessThan(0);
  });
});

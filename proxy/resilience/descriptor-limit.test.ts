import { describe, expect, it } from 'vitest';
import { connectionCap } from './descriptor-limit.ts';

const limits = (soft: string) =>
  `Limit  Soft Limit  Hard Limit  Units\nMax open files            ${soft}      20000      files\n`;

describe('connectionCap', () => {
  it.each([
    ['20000', 9_999],
    ['1024', 511],
    ['1048576', 50_000],
    ['unlimited', 50_000],
    ['2', 1],
  ])('of %s descriptors is %i', (soft, cap) => {
    expect(connectionCap(limits(soft))).toBe(cap);
  });

  it('can be read here', () => {
    expect(connectionCap()).toBeGreaterThan(0);
  });
});

import { describe, expect, it } from 'vitest';
import type { RateLimitSelector } from './rate-limit.ts';
import { rateLimitInWords } from './rate-limit-in-words.ts';

describe('rateLimitInWords', () => {
  it.each<[RateLimitSelector, string]>([
    [{ headers: [{ type: 'Exact', name: 'x-plan', value: 'free' }] }, 'requests with x-plan: free'],
    [{ headers: [{ type: 'Exact', name: 'x-plan', value: 'gold', invert: true }] }, 'requests without x-plan: gold'],
    [{ headers: [{ type: 'RegularExpression', name: 'x-plan', value: 'g.*' }] }, 'requests with x-plan: like g.*'],
    [{ headers: [{ type: 'Distinct', name: 'x-user' }] }, 'each value of x-user'],
    [{ path: { type: 'Exact', value: '/a' } }, 'paths /a'],
    [{ path: { type: 'PathPrefix', value: '/a', invert: true } }, 'paths other than below /a'],
    [{ path: { type: 'RegularExpression', value: '/a|/b' } }, 'paths like /a|/b'],
  ])('says %j', (selector, words) => {
    const rule = { clientSelectors: [selector], limit: { requests: 5, unit: 'Hour' as const } };
    expect(rateLimitInWords([rule], 'by each instance')).toBe(`5 a hour by each instance, for ${words}`);
  });
});

import { describe, expect, it } from 'vitest';
import { BandwidthLimit } from './bandwidth-limit.ts';
import { filterChain } from './filter-chain.ts';
import type { RequestFilter } from './request-filter.ts';

const passing: RequestFilter = { onRequest: () => null };

describe('filterChain', () => {
  it('is null for a route without filters', () => {
    expect(filterChain([])).toBeNull();
  });

  it('keeps the order', () => {
    const pacing = new BandwidthLimit(null, null, null);
    expect(filterChain([passing, pacing])).toEqual([passing, pacing]);
  });

  it('takes one filter that slows bodies down, and no second', () => {
    const filters = [new BandwidthLimit(null, null, null), passing, new BandwidthLimit(null, null, null)];
    expect(() => filterChain(filters)).toThrow('2 filters of a route slow bodies down');
  });
});

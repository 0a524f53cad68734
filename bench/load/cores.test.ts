import { describe, expect, it } from 'vitest';
import { allowedCores, divide } from './cores.ts';

describe('allowedCores', () => {
  it.each([
    ['0-1', [0, 1]],
    ['3', [3]],
    ['0,2-4,9', [0, 2, 3, 4, 9]],
  ])('reads %s', (list, cores) => {
    expect(allowedCores(`Cpus_allowed:\tff\nCpus_allowed_list:\t${list}\nMems_allowed:\t1\n`)).toEqual(cores);
  });

  it('knows none where the kernel does not say', () => {
    expect(allowedCores('Name:\tnode\n')).toEqual([]);
  });
});

describe('divide', () => {
  it('gives the proxy a core that nobody else has', () => {
    expect(divide([0, 1])).toEqual({ proxy: '1', others: '0' });
    expect(divide([2, 3, 5, 8])).toEqual({ proxy: '8', others: '2,3,5' });
  });

  it('does not divide a single core', () => {
    expect(divide([0])).toBeNull();
    expect(divide([])).toBeNull();
  });
});

import { describe, expect, it } from 'vitest';
import { median } from './median.ts';

describe('median', () => {
  it('is the middle of an odd number of values, by size and not by place or spelling', () => {
    expect(median([100, 9, 20])).toBe(20);
    expect(median([7])).toBe(7);
  });

  it('is half-way between the two middle ones of an even number', () => {
    expect(median([4, 1, 3, 2])).toBe(2.5);
  });

  it('ignores how far off an outlier is', () => {
    expect(median([10, 11, 5000])).toBe(11);
  });

  it('is not a number when there is nothing to measure', () => {
    expect(median([])).toBeNaN();
  });

  it('leaves its input in order', () => {
    const values = [3, 1, 2];
    median(values);
    expect(values).toEqual([3, 1, 2]);
  });
});

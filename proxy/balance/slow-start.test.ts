import { describe, expect, it } from 'vitest';
import { warmthAt } from './slow-start.ts';

describe('warmthAt', () => {
  const window = { windowMs: 60_000, aggression: 1, minWeightPercent: 10 };

  it.each<[ageMs: number, warmth: number]>([
    [0, 0.1],
    [6_000, 0.1],
    [15_000, 0.25],
    [45_000, 0.75],
    [60_000, 1],
    [600_000, 1],
  ])('after %d ms of 60 s is %d', (ageMs, warmth) => {
    expect(warmthAt(ageMs, window)).toBeCloseTo(warmth, 9);
  });

  it('grows faster at first with more aggression', () => {
    expect(warmthAt(15_000, { ...window, aggression: 2 })).toBeCloseTo(0.5, 9);
    expect(warmthAt(15_000, { ...window, aggression: 0.5 })).toBeCloseTo(0.1, 9);
  });

  it('is never 0, even where no least share is asked for', () => {
    expect(warmthAt(0, { ...window, minWeightPercent: 0 })).toBeCloseTo(1 / 60, 9);
  });
});

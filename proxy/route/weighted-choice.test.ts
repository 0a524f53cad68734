import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { weightedChoice } from './weighted-choice.ts';

const random = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });

describe('weightedChoice', () => {
  it('gives nine and one of any ten requests at 90 and 10, wherever it starts', () => {
    fc.assert(
      fc.property(random, fc.nat({ max: 30 }), (start, offset) => {
        const split = [
          { destination: 'v1', weight: 90 },
          { destination: 'v2', weight: 10 },
        ];
        const pick = weightedChoice(split, () => start);
        for (let i = 0; i < offset; i++) pick();
        const picked = Array.from({ length: 10 }, pick);
        expect(picked.filter((destination) => destination === 'v1')).toHaveLength(9);
      }),
    );
  });

  it('never names a destination of weight 0', () => {
    const weights = fc.array(fc.nat({ max: 5 }), { minLength: 1, maxLength: 6 });
    fc.assert(
      fc.property(weights, random, (values, start) => {
        fc.pre(values.some((weight) => weight > 0));
        const pick = weightedChoice(
          values.map((weight) => ({ destination: weight, weight })),
          () => start,
        );
        for (let i = 0; i < 60; i++) expect(pick()).toBeGreaterThan(0);
      }),
    );
  });

  it('does not always start with the heaviest destination', () => {
    const split = [
      { destination: 'v1', weight: 90 },
      { destination: 'v2', weight: 10 },
    ];
    const starts = [0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9].map((start) =>
      weightedChoice(split, () => start)(),
    );
    expect(starts.filter((destination) => destination === 'v2')).toHaveLength(1);
  });

  it('refuses a split between nothing', () => {
    expect(() => weightedChoice([], Math.random)).toThrow('no destination has a weight above 0');
    expect(() => weightedChoice([{ destination: 'v1', weight: 0 }], Math.random)).toThrow('no destination');
  });
});

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { AnswerTime, BuildPicker } from './balancer.ts';

/** A candidate whose load the test sets. */
export interface TestCandidate {
  readonly name: string;
  readonly key: string;
  readonly weight: number;
  activeRequests: number;
  warmth: number;
  latency: AnswerTime | null;
}

/** One candidate for each weight, named `0`, `1`, …, all idle and warm. */
export function candidatesOf(weights: readonly number[]): TestCandidate[] {
  return weights.map((weight, index) => ({
    name: String(index),
    key: `10.0.0.${index}:8080`,
    weight,
    activeRequests: 0,
    warmth: 1,
    latency: null,
  }));
}

/** A generator that gives the same numbers in [0, 1) for the same seed (mulberry32). */
export function seededRandom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

const weights = fc.array(fc.integer({ min: 1, max: 20 }), { minLength: 1, maxLength: 12 });
const seed = fc.integer();

/** What every balancer promises, whatever it balances by. */
export function describeBalancer(name: string, build: BuildPicker): void {
  describe(`${name}, as any balancer`, () => {
    it('has nothing to pick from an empty set', () => {
      const picker = build(candidatesOf([]), seededRandom(1));
      expect(picker.pick(null, null)).toBeNull();
    });

    it('picks the only candidate, even when it is excluded', () => {
      const [only] = candidatesOf([3]);
      const picker = build([only as TestCandidate], seededRandom(1));
      expect(picker.pick(null, null)).toBe(only);
      expect(picker.pick(only as TestCandidate, null)).toBe(only);
    });

    it('picks only from its candidates', () => {
      fc.assert(
        fc.property(weights, seed, (values, number) => {
          const candidates = candidatesOf(values);
          const picker = build(candidates, seededRandom(number));
          for (let i = 0; i < 50; i++) expect(candidates).toContain(picker.pick(null, null));
        }),
      );
    });

    it('never picks the excluded candidate while another exists', () => {
      fc.assert(
        fc.property(weights, fc.nat(), seed, (values, choice, number) => {
          fc.pre(values.length > 1);
          const candidates = candidatesOf(values);
          const excluded = candidates[choice % candidates.length] as TestCandidate;
          const picker = build(candidates, seededRandom(number));
          for (let i = 0; i < 50; i++) {
            const picked = picker.pick(i % 3 === 0 ? null : excluded, null);
            if (i % 3 !== 0) expect(picked).not.toBe(excluded);
          }
        }),
      );
    });

    it('reaches every candidate but the excluded one', () => {
      const candidates = candidatesOf([1, 1, 1, 1]);
      for (const excluded of candidates) {
        const picker = build(candidates, seededRandom(7));
        const picked = new Set(Array.from({ length: 200 }, () => picker.pick(excluded, null)));
        expect(picked).toEqual(new Set(candidates.filter((candidate) => candidate !== excluded)));
      }
    });

    it('passes over nobody when the excluded candidate is not of this set', () => {
      const candidates = candidatesOf([1, 1, 2]);
      const [stranger] = candidatesOf([1]);
      const picker = build(candidates, seededRandom(3));
      for (let i = 0; i < 20; i++) expect(candidates).toContain(picker.pick(stranger as TestCandidate, null));
    });

    it('gives equal candidates equal shares', () => {
      const shares = sharesOf(build, [1, 1, 1, 1], 20_000);
      for (const share of shares) expect(Math.abs(share - 0.25)).toBeLessThan(0.02);
    });

    it('gives a heavier candidate at least as much as a lighter one', () => {
      const [light, middle, heavy] = sharesOf(build, [1, 3, 6], 20_000) as [number, number, number];
      expect(heavy).toBeGreaterThanOrEqual(middle);
      expect(middle).toBeGreaterThanOrEqual(light);
    });
  });
}

/** Share of each candidate in `count` picks under no load. */
export function sharesOf(build: BuildPicker, values: readonly number[], count: number): number[] {
  const candidates = candidatesOf(values);
  const picker = build(candidates, seededRandom(42));
  const picks = candidates.map(() => 0);
  for (let i = 0; i < count; i++) {
    const index = Number(picker.pick(null, null)?.name);
    picks[index] = (picks[index] ?? 0) + 1;
  }
  return picks.map((number) => number / count);
}

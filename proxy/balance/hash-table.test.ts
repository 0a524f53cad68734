import { describe, expect, it } from 'vitest';
import type { Candidate } from './balancer.ts';
import { HashKey } from './hash-key.ts';
import { TablePicker } from './hash-table.ts';

const candidate = (key: string): Candidate => ({ key, weight: 1, activeRequests: 0, warmth: 1, latency: null });

/** A table of two members by turns, and how many of its places were looked at. */
function scene(candidates: readonly Candidate[]) {
  const places = Uint32Array.from({ length: 1000 }, (_, place) => place % 2);
  let looks = 0;
  const owner = new Proxy(places, {
    get: (target, name) => {
      if (name !== 'length') looks++;
      return Reflect.get(target, name);
    },
  });
  const members = ['a', 'b'].map((key) => ({ key, weight: 1 }));
  const picker = new TablePicker(candidates, { members, owner, placeOf: (key) => key.low }, () => 0.5);
  const key = new HashKey();
  return { pick: (exclude: Candidate | null) => picker.pick(exclude, key), looks: () => looks };
}

describe('TablePicker', () => {
  it.each(['a', 'b'])('does not search all places for another than the only candidate, %s', (only) => {
    const left = candidate(only);
    const { pick, looks } = scene([left]);
    expect(pick(left)).toBe(left);
    expect(looks()).toBeLessThanOrEqual(2);
  });

  it('goes on to the next place of another', () => {
    const [a, b] = [candidate('a'), candidate('b')];
    const { pick } = scene([a, b]);
    expect([pick(null), pick(a), pick(b)]).toEqual([a, b, a]);
  });
});

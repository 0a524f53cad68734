import { describe, expect, it } from 'vitest';
import { candidatesOf, describeBalancer, sharesOf } from './balancer.contract.ts';
import { buildRandom } from './random.ts';

describeBalancer('random', buildRandom);

describe('buildRandom', () => {
  it('gives each candidate a stretch of [0, 1) as long as its weight', () => {
    const pickAt = (point: number) => buildRandom(candidatesOf([1, 3, 6]), () => point).pick(null, null)?.name;
    expect([0, 0.099, 0.1, 0.399, 0.4, 0.999].map(pickAt)).toEqual(['0', '0', '1', '1', '2', '2']);
  });

  it('cuts the stretch of the excluded candidate out', () => {
    const candidates = candidatesOf([1, 3, 6]);
    const pickAt = (excluded: number, point: number) =>
      buildRandom(candidates, () => point).pick(candidates[excluded] ?? null, null)?.name;
    expect([0, 0.142, 0.143, 0.999].map((point) => pickAt(1, point))).toEqual(['0', '0', '2', '2']);
    expect([0, 0.332, 0.334].map((point) => pickAt(0, point))).toEqual(['1', '1', '2']);
    expect([0, 0.249, 0.251, 0.999].map((point) => pickAt(2, point))).toEqual(['0', '0', '1', '1']);
  });

  it('comes close to the weights over many picks', () => {
    const [one, three, six] = sharesOf(buildRandom, [1, 3, 6], 50_000) as [number, number, number];
    expect(Math.abs(one - 0.1)).toBeLessThan(0.01);
    expect(Math.abs(three - 0.3)).toBeLessThan(0.01);
    expect(Math.abs(six - 0.6)).toBeLessThan(0.01);
  });
});

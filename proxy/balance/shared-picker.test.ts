import { describe, expect, it } from 'vitest';
import type { TestCandidate } from './balancer.contract.ts';
import { candidatesOf, describeBalancer, seededRandom } from './balancer.contract.ts';
import type { BuildPicker } from './balancer.ts';
import { fromTable, keyOf } from './consistent-hash.contract.ts';
import { buildRandom } from './random.ts';
import { ringTable } from './ring-hash.ts';
import { sharedPicker } from './shared-picker.ts';

/** Its first candidates in one share and the others in another, each as large as what it holds. */
const halves: BuildPicker = (candidates, random) => {
  const middle = candidates.length >>> 1;
  const shares = [candidates.slice(0, middle), candidates.slice(middle)].map((part) => ({
    picker: buildRandom(part, random),
    share: part.reduce((sum, { weight }) => sum + weight, 0),
  }));
  return sharedPicker(shares, random);
};

describeBalancer('two shares', halves);

describe('SharedPicker', () => {
  const [a, b] = candidatesOf([1, 1]) as [TestCandidate, TestCandidate];

  it('divides requests by the shares', () => {
    const shares = [
      { picker: buildRandom([a], Math.random), share: 70 },
      { picker: buildRandom([b], Math.random), share: 30 },
    ];
    const at = (point: number) => sharedPicker(shares, () => point).pick(null, null);
    expect([at(0), at(0.699), at(0.7), at(0.999)]).toEqual([a, a, b, b]);
  });

  it('leads a key to the same one each time', () => {
    const build = () =>
      sharedPicker(
        [a, b].map((one) => ({ picker: fromTable(ringTable())([one], Math.random), share: 50 })),
        seededRandom(1),
      );
    for (let i = 0; i < 50; i++) {
      expect(build().pick(null, keyOf(`${i}`))).toBe(build().pick(null, keyOf(`${i}`)));
    }
  });
});

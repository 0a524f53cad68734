import { describe, expect, it } from 'vitest';
import { candidatesOf, describeBalancer, seededRandom } from './balancer.contract.ts';
import type { BuildPicker } from './balancer.ts';
import { describeConsistentHash, fromTable } from './consistent-hash.contract.ts';
import { HashKey } from './hash-key.ts';
import { ringTable } from './ring-hash.ts';

describeBalancer('ring hash', fromTable(ringTable()));
describeConsistentHash('ring hash', fromTable(ringTable()), { unevenness: 0.25, strays: 0.1 });
describeConsistentHash('a ring whose points stay', withPoints(200), { unevenness: 0.25, strays: 0 });

/** A ring that grows and shrinks with its candidates, each of weight 1 having so many points. */
function withPoints(count: number): BuildPicker {
  return (candidates, random) => {
    const total = candidates.reduce((sum, { weight }) => sum + weight, 0);
    return fromTable(ringTable(count * total))(candidates, random);
  };
}

/** From the 64-bit number that it is. */
function hash(value: bigint): HashKey {
  const key = new HashKey();
  key.high = Number(value >> 32n);
  key.low = Number(value & 0xffff_ffffn);
  return key;
}

describe('ringTable', () => {
  // the ring of Envoy's own unit test (ring_hash_lb_test.cc, Basic): port and position of each point
  const published: [port: number, position: bigint][] = [
    [94, 833437586790550860n],
    [92, 928266305478181108n],
    [90, 1033482794131418490n],
    [95, 3551244743356806947n],
    [93, 3851675632748031481n],
    [91, 5583722120771150861n],
    [91, 6311230543546372928n],
    [93, 7700377290971790572n],
    [95, 13144177310400110813n],
    [92, 13444792449719432967n],
    [94, 15516499411664133160n],
    [90, 16117243373044804889n],
  ];
  const envoys = candidatesOf([1, 1, 1, 1, 1, 1]).map((candidate, index) => ({
    ...candidate,
    key: `127.0.0.1:${90 + index}`,
  }));
  const picker = fromTable(ringTable(12))(envoys, () => 0);

  it.each(published)('has a point of port %d at %d, as Envoy has', (port, position) => {
    expect(picker.pick(null, hash(position))?.key).toBe(`127.0.0.1:${port}`);
  });

  it('leads what lies between two points to the second one, and what lies behind the last to the first', () => {
    for (const [index, [, position]] of published.entries()) {
      const [next] = published[(index + 1) % published.length] as [number, bigint];
      expect(picker.pick(null, hash(position + 1n))?.key).toBe(`127.0.0.1:${next}`);
    }
    expect(picker.pick(null, hash(2n ** 64n - 1n))?.key).toBe('127.0.0.1:94');
    expect(picker.pick(null, hash(0n))?.key).toBe('127.0.0.1:94');
  });

  it('is as long as gives the lightest a whole number of points, and no longer than its maximum', () => {
    const counts = (weights: number[], min: number, max: number) => {
      const size = new Map<string, number>();
      const drawn = fromTable(ringTable(min, max))(candidatesOf(weights), seededRandom(2));
      for (let i = 0; i < 20_000; i++) {
        const name = drawn.pick(null, null)?.name ?? '';
        size.set(name, (size.get(name) ?? 0) + 1 / 20_000);
      }
      return size;
    };
    // Envoy: 3 points are not enough for weights 1 and 3, so there are 4
    expect(counts([1, 3], 3, 1024).get('0')).toBeCloseTo(0.25, 1);
    // and with room for two, the first has the one point that it begins and the other the rest
    expect(counts([1, 1, 1], 1, 2).size).toBe(2);
  });
});

import { describe, expect, it } from 'vitest';
import { candidatesOf, describeBalancer } from './balancer.contract.ts';
import { describeConsistentHash, fromTable } from './consistent-hash.contract.ts';
import { HashKey } from './hash-key.ts';
import { maglevTable } from './maglev.ts';

describeBalancer('Maglev', fromTable(maglevTable()));
describeConsistentHash('Maglev', fromTable(maglevTable()), { unevenness: 0.05, strays: 0.05 });

/** Which candidate each place of the table belongs to. */
function table(keys: readonly string[], weights: readonly number[], size: number): number[] {
  const candidates = candidatesOf(weights).map((candidate, index) => ({ ...candidate, key: keys[index] ?? '' }));
  const picker = fromTable(maglevTable(size))(candidates, () => 0);
  return Array.from({ length: size }, (_, place) => {
    const key = new HashKey();
    key.low = place;
    return Number(picker.pick(null, key)?.name);
  });
}

describe('maglevTable', () => {
  const ports = (count: number) => Array.from({ length: count }, (_, index) => `127.0.0.1:${90 + index}`);

  // the tables of Envoy's own unit test, maglev_lb_test.cc
  it.each<[name: string, keys: string[], weights: number[], expected: number[]]>([
    ['Basic', ports(6), [1, 1, 1, 1, 1, 1], [2, 4, 0, 1, 5, 0, 3]],
    ['BasicWithHostName', ['90', '91', '92', '93', '94', '95'], [1, 1, 1, 1, 1, 1], [2, 5, 0, 3, 4, 1, 0]],
    ['Weighted', ports(2), [1, 2], [1, 0, 0, 1, 0, 1, 1, 0, 1, 1, 1, 1, 1, 0, 1, 0, 1]],
    ['LocalityWeightedSameLocalityWeights', ports(2), [1, 1], [1, 0, 0, 1, 0, 1, 1, 0, 0, 1, 0, 1, 0, 0, 1, 0, 1]],
    ['LocalityWeightedDifferentLocalityWeights', ports(2), [8, 2], [1, 0, 0, 0, 0, 0, 1, 0, 0, 1, 0, 1, 0, 0, 0, 0, 0]],
  ])('fills the table as Envoy does: %s', (_name, keys, weights, expected) => {
    expect(table(keys, weights, expected.length)).toEqual(expected);
  });

  it('gives each candidate a place, however much the others weigh', () => {
    const places = table(ports(4), [1, 1, 1, 1_000_000], 65_537);
    for (const index of [0, 1, 2]) expect(places.filter((owner) => owner === index)).toHaveLength(1);
  });
});

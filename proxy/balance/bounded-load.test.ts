import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { describeBalancer } from './balancer.contract.ts';
import type { BuildPicker, Candidate } from './balancer.ts';
import { withBoundedLoad } from './bounded-load.ts';
import { describeConsistentHash, fromTable } from './consistent-hash.contract.ts';
import { HashKey } from './hash-key.ts';
import { maglevTable } from './maglev.ts';
import { xxh64 } from './xxh64.ts';

/** As a cluster has it, with nobody in it but the candidates. */
function bounded(build: BuildPicker, percent: number): BuildPicker {
  return (list, random) => {
    const load = {
      get active() {
        return list.reduce((sum, { activeRequests }) => sum + activeRequests, 0);
      },
    };
    return withBoundedLoad(build, percent, load)(list, random);
  };
}

// hashing and choosing hold within bounds as they do without
describeBalancer('Maglev within bounds', bounded(fromTable(maglevTable()), 125));
describeConsistentHash('Maglev within bounds', bounded(fromTable(maglevTable()), 1_000_000), {
  unevenness: 0.05,
  strays: 0.05,
});

type Loaded = Candidate & { activeRequests: number };

const candidates = (count: number, weightOf = (_i: number) => 1): Loaded[] =>
  Array.from({ length: count }, (_, i) => ({
    key: `10.0.0.${i}:80`,
    weight: weightOf(i),
    activeRequests: 0,
    warmth: 1,
    latency: null,
  }));

function keyOf(text: string): HashKey {
  const key = new HashKey();
  xxh64(text, key);
  return key;
}

const build = (list: readonly Loaded[], percent: number) =>
  bounded(fromTable(maglevTable(251)), percent)(list, () => 0);

describe('bounded loads', () => {
  it('are plain hashing while nobody has more than its share', () => {
    const list = candidates(5);
    const plain = fromTable(maglevTable(251))(list, () => 0);
    for (const { key } of list) expect(build(list, 150).pick(null, keyOf(key))).toBe(plain.pick(null, keyOf(key)));
  });

  it.each([100, 125, 200])('let one key that everybody has load nobody with more than %d %% of the mean', (percent) => {
    const list = candidates(10);
    const picker = build(list, percent);
    for (let request = 1; request <= 200; request++) {
      const picked = picker.pick(null, keyOf('the same'));
      if (picked === null) throw new Error('nobody');
      picked.activeRequests++;
      const most = Math.ceil(Math.ceil((request * percent) / 100) / 10);
      expect(Math.max(...list.map(({ activeRequests }) => activeRequests))).toBeLessThanOrEqual(most);
    }
  });

  it('respect weights', () => {
    const list = candidates(2, (i) => 1 + 2 * i);
    const picker = build(list, 100);
    for (let request = 0; request < 40; request++) {
      const picked = picker.pick(null, keyOf('the same'));
      if (picked !== null) picked.activeRequests++;
    }
    expect(list.map(({ activeRequests }) => activeRequests)).toEqual([10, 30]);
  });

  it('send keys that must leave one candidate to several others, and each always to the same', () => {
    const list = candidates(20);
    const picker = build(list, 120);
    const crowded = picker.pick(null, keyOf('user-0')) as Loaded;
    crowded.activeRequests = 1000;
    const keys = Array.from({ length: 2000 }, (_, i) => keyOf(`user-${i}`));
    const plain = fromTable(maglevTable(251))(list, () => 0);
    const moved = keys.filter((key) => plain.pick(null, key) === crowded);
    const places = moved.map((key) => picker.pick(null, key));
    expect(places).not.toContain(crowded);
    expect(new Set(places).size).toBeGreaterThan(10);
    expect(moved.map((key) => picker.pick(null, key))).toEqual(places);
  });

  it('give everybody more room while the rest of the cluster is busy', () => {
    const list = candidates(4);
    const load = { active: 0 };
    const picker = withBoundedLoad(fromTable(maglevTable(251)), 100, load)(list, () => 0);
    const first = picker.pick(null, keyOf('one')) as Loaded;
    first.activeRequests = 1;
    load.active = 1;
    expect(picker.pick(null, keyOf('one'))).not.toBe(first);
    load.active = 7;
    expect(picker.pick(null, keyOf('one'))).toBe(first);
  });

  it('do not bind requests without a key', () => {
    const list = candidates(2);
    const [first] = list as [Loaded, ...Loaded[]];
    first.activeRequests = 1000;
    const picker = bounded((all) => ({ pick: () => all[0] ?? null }), 100)(list, () => 0);
    expect(picker.pick(null, null)).toBe(first);
  });

  it('never choose whom the last attempt failed on while there is another', () => {
    fc.assert(
      fc.property(
        fc.array(fc.nat(50), { minLength: 2, maxLength: 12 }),
        fc.string(),
        fc.nat(),
        fc.integer({ min: 100, max: 300 }),
        (loads, text, excluded, percent) => {
          const list = candidates(loads.length);
          for (const [i, load] of loads.entries()) (list[i] as Loaded).activeRequests = load;
          const exclude = list[excluded % list.length] as Loaded;
          const picked = build(list, percent).pick(exclude, keyOf(text));
          expect(list).toContain(picked);
          expect(picked).not.toBe(exclude);
        },
      ),
    );
  });
});

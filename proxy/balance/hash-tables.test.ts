import { describe, expect, it } from 'vitest';
import type { Candidate, Picker } from './balancer.ts';
import { fromTable } from './consistent-hash.contract.ts';
import { HashKey } from './hash-key.ts';
import { HashTables } from './hash-tables.ts';
import { maglevTable } from './maglev.ts';
import { ringTable } from './ring-hash.ts';
import { xxh64 } from './xxh64.ts';

const kinds = [
  ['Maglev', maglevTable(65_537), fromTable(maglevTable(65_537))],
  ['ring', ringTable(50_000, 100_000), fromTable(ringTable(50_000, 100_000))],
] as const;

const candidates = (...names: readonly string[]): Candidate[] =>
  names.map((key) => ({ key, weight: 1, activeRequests: 0, warmth: 1, latency: null }));

/** Steps that others have to be given their turn for wait here. */
function scene() {
  const turns: (() => void)[] = [];
  const tables = new HashTables((run) => turns.push(run));
  return {
    tables,
    turns,
    step: () => turns.shift()?.(),
    settle: () => {
      let steps = 0;
      for (let run = turns.shift(); run !== undefined; run = turns.shift()) {
        run();
        steps++;
      }
      return steps;
    },
  };
}

/** Where some keys lead. */
function places(picker: Picker<Candidate>, exclude: Candidate | null = null): (string | undefined)[] {
  const key = new HashKey();
  return Array.from({ length: 500 }, (_, i) => {
    xxh64(`user-${i}`, key);
    return picker.pick(exclude, key)?.key;
  });
}

describe.each(kinds)('HashTables of %s', (_name, plan, build) => {
  const of = (tables: HashTables, list: readonly Candidate[]) =>
    tables.publish(() => tables.balancer(plan)(list, () => 0.5));
  const atOnce = (list: readonly Candidate[]) => places(build(list, () => 0.5));

  it('has the first table at once', () => {
    const { tables, turns } = scene();
    const list = candidates('a:1', 'b:1', 'c:1');
    expect(places(of(tables, list))).toEqual(atOnce(list));
    expect(turns).toEqual([]);
  });

  it('uses the table again while members and weights are the same, with the candidates of now', () => {
    const { tables, turns } = scene();
    of(tables, candidates('a:1', 'b:1'));
    const now = candidates('a:1', 'b:1');
    const picked = of(tables, now).pick(null, new HashKey());
    expect(now).toContain(picked);
    expect([turns, tables.size]).toEqual([[], 1]);
  });

  it('passes over who is gone at once, and gives their places away when the table is whole', () => {
    const { tables, settle } = scene();
    const [a, b, c] = candidates('a:1', 'b:1', 'c:1') as [Candidate, Candidate, Candidate];
    const before = places(of(tables, [a, b, c]));
    const picker = of(tables, [a, c]);
    const meanwhile = places(picker);
    expect(meanwhile).not.toContain('b:1');
    for (const [i, place] of before.entries()) if (place !== 'b:1') expect(meanwhile[i]).toBe(place);
    expect(settle()).toBeGreaterThan(3);
    expect(places(picker)).toEqual(atOnce([a, c]));
    expect(tables.size).toBe(2);
    of(tables, [a, c]);
    expect(tables.size).toBe(1);
  });

  it('sends newcomers nothing until the table is whole', () => {
    const { tables, step, settle } = scene();
    of(tables, candidates('a:1', 'b:1'));
    const picker = of(tables, candidates('a:1', 'b:1', 'c:1'));
    step();
    expect(places(picker)).not.toContain('c:1');
    settle();
    expect(places(picker)).toEqual(atOnce(candidates('a:1', 'b:1', 'c:1')));
  });

  it('builds a table anew for another weight', () => {
    const { tables, settle } = scene();
    of(tables, candidates('a:1', 'b:1'));
    const heavier = candidates('a:1', 'b:1').map((candidate, i) => ({ ...candidate, weight: 1 + i }));
    const picker = of(tables, heavier);
    settle();
    expect(places(picker)).toEqual(atOnce(heavier));
  });

  it('brings a build to its end though there are changes all the while, and then builds the last alone', () => {
    const { tables, step, settle, turns } = scene();
    of(tables, candidates('a:1'));
    of(tables, candidates('a:1', 'b:1'));
    step();
    of(tables, candidates('a:1', 'b:1', 'x:1'));
    const last = of(tables, candidates('a:1', 'b:1', 'c:1'));
    expect(turns).toHaveLength(1);
    while (!places(last).includes('b:1')) expect(step()).toBeUndefined();
    expect(places(last)).not.toContain('c:1');
    settle();
    expect(places(last)).toEqual(atOnce(candidates('a:1', 'b:1', 'c:1')));
    of(tables, candidates('a:1', 'b:1', 'c:1'));
    expect(tables.size).toBe(1);
  });

  it('begins anew at once where nobody is left of those before', () => {
    const { tables, turns } = scene();
    of(tables, candidates('a:1', 'b:1'));
    const others = candidates('c:1', 'd:1');
    expect(places(of(tables, others))).toEqual(atOnce(others));
    expect(turns).toEqual([]);
  });

  it('gives the last one that is left even though it is excluded, and null where nobody is', () => {
    const { tables } = scene();
    const [a, b] = candidates('a:1', 'b:1') as [Candidate, Candidate];
    of(tables, [a, b]);
    expect(new Set(places(of(tables, [a]), a))).toEqual(new Set(['a:1']));
    expect(of(tables, []).pick(null, null)).toBeNull();
    expect(tables.size).toBeLessThanOrEqual(1);
  });

  it('draws a place for requests without a key', () => {
    const { tables } = scene();
    of(tables, candidates('a:1', 'b:1'));
    const picker = of(tables, candidates('b:1', 'c:1'));
    expect(picker.pick(null, null)?.key).toBe('b:1');
  });
});

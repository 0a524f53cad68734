import { describe, expect, it } from 'vitest';
import type { TestCandidate } from './balancer.contract.ts';
import { candidatesOf, seededRandom } from './balancer.contract.ts';
import type { BuildPicker, Picker } from './balancer.ts';
import { HashKey } from './hash-key.ts';
import type { TablePlan } from './hash-table.ts';
import { buildTable, membersOf, TablePicker } from './hash-table.ts';
import { xxh64 } from './xxh64.ts';

export function keyOf(text: string): HashKey {
  const key = new HashKey();
  xxh64(text, key);
  return key;
}

/** A table that is built at once, for these candidates alone; `HashTables` keeps tables and builds large ones step by step. */
export function fromTable(plan: TablePlan): BuildPicker {
  return (candidates, random) => new TablePicker(candidates, buildTable(plan, membersOf(candidates)), random);
}

const keys = Array.from({ length: 20_000 }, (_, index) => keyOf(`user-${index}`));

function owners(picker: Picker<TestCandidate>): (string | undefined)[] {
  return keys.map((key) => picker.pick(null, key)?.key);
}

/** What a balancer by hash promises besides. `strays`: share of keys that may move without need when one of ten leaves. */
export function describeConsistentHash(
  name: string,
  build: BuildPicker,
  { unevenness, strays }: { readonly unevenness: number; readonly strays: number },
): void {
  const over = (candidates: TestCandidate[]) => build(candidates, seededRandom(1));
  const ten = candidatesOf(Array.from({ length: 10 }, () => 1));

  describe(`${name}, as consistent hashing`, () => {
    it('leads the same key to the same candidate, in any proxy and whatever the order of the list', () => {
      expect(owners(over(ten.toReversed()))).toEqual(owners(over(ten)));
    });

    it('moves only the keys of a candidate that leaves, but for a few', () => {
      const before = owners(over(ten));
      const after = owners(over(ten.slice(0, 9)));
      const gone = ten[9]?.key;
      expect(after).not.toContain(gone);
      const moved = before.filter((owner, index) => owner !== gone && owner !== after[index]);
      expect(moved.length / keys.length).toBeLessThanOrEqual(strays);
    });

    it('moves keys only to a candidate that joins, but for a few, and its share of them', () => {
      const before = owners(over(ten.slice(0, 9)));
      const after = owners(over(ten));
      const joined = ten[9]?.key;
      const elsewhere = after.filter((owner, index) => owner !== before[index] && owner !== joined);
      expect(elsewhere.length / keys.length).toBeLessThanOrEqual(strays);
      expect(after.filter((owner) => owner === joined).length / keys.length).toBeGreaterThan(0.1 * (1 - unevenness));
    });

    it('spreads keys by weight', () => {
      const candidates = candidatesOf([1, 1, 2, 4]);
      const found = owners(over(candidates));
      for (const { key, weight } of candidates) {
        const share = found.filter((owner) => owner === key).length / keys.length;
        expect(Math.abs(share / (weight / 8) - 1)).toBeLessThan(unevenness);
      }
    });

    it('leads a key whose candidate is excluded to one other, always the same', () => {
      const picker = over(ten);
      for (const key of keys.slice(0, 500)) {
        const first = picker.pick(null, key);
        const second = picker.pick(first, key);
        expect(second).not.toBe(first);
        expect(picker.pick(first, key)).toBe(second);
      }
    });
  });
}

import type { Candidate, Picker } from './balancer.ts';
import type { HashKey } from './hash-key.ts';

/** Whom places are given to. */
export interface TableMember {
  readonly key: string;
  readonly weight: number;
}

/** Places, each of one member. It is never changed. */
export interface HashTable {
  readonly members: readonly TableMember[];
  /** Of each place the index of its member. */
  readonly owner: Uint32Array;
  /** Where a key belongs; never called of a table without places. */
  placeOf(key: HashKey): number;
}

/** Builds a table in steps of a millisecond or two, so that whoever carries requests meanwhile can do so between them. */
export type TableSteps = Generator<undefined, HashTable>;

/** A kind of table, with its size. */
export interface TablePlan {
  /** Two plans of one name build the same. */
  readonly name: string;
  /** About as many as it has. */
  placesFor(members: readonly TableMember[]): number;
  steps(members: readonly TableMember[]): TableSteps;
}

/** All steps at once. */
export function buildTable({ steps }: TablePlan, members: readonly TableMember[]): HashTable {
  const building = steps(members);
  for (;;) {
    const { done, value } = building.next();
    if (done === true) return value;
  }
}

export function membersOf(candidates: readonly Candidate[]): readonly TableMember[] {
  return candidates.map(({ key, weight }) => ({ key, weight }));
}

/**
 * Chooses by a table. The table may be one of other candidates, as long as some of them are the same: those that are gone are
 * passed over, as an excluded one is, and those that are new get nothing until there is a table of theirs.
 */
export class TablePicker<C extends Candidate> implements Picker<C> {
  readonly #candidates: readonly C[];
  readonly #random: () => number;
  #table: HashTable;
  /** Of each member of the table; null for one that is gone. */
  #owners: readonly (C | null)[] = [];
  #present = 0;

  constructor(candidates: readonly C[], table: HashTable, random: () => number) {
    this.#candidates = candidates;
    this.#random = random;
    this.#table = table;
    this.use(table);
  }

  /** How many of its candidates the table knows. */
  get present(): number {
    return this.#present;
  }

  use(table: HashTable): void {
    const byKey = new Map(this.#candidates.map((candidate) => [candidate.key, candidate]));
    this.#table = table;
    this.#owners = table.members.map(({ key }) => byKey.get(key) ?? null);
    this.#present = this.#owners.filter((owner) => owner !== null).length;
  }

  pick(exclude: C | null, key: HashKey | null): C | null {
    const { owner } = this.#table;
    const owners = this.#owners;
    const size = owner.length;
    if (size === 0 || this.#present === 0) return null;
    // of the only one that there is, all places would be searched in vain
    const passed = this.#present === 1 ? null : exclude;
    let at = key === null ? Math.floor(this.#random() * size) : this.#table.placeOf(key);
    let picked = owners[owner[at] as number] as C | null; // tables have places inside them, of members that they have
    if (picked !== null && picked !== passed) return picked;
    for (let step = 1; step < size; step++) {
      at = at + 1 < size ? at + 1 : 0;
      const next = owners[owner[at] as number] as C | null;
      if (next === null) continue;
      if (next !== passed) return next;
      picked = next;
    }
    return picked;
  }
}

import type { BuildPicker, Candidate, Picker } from './balancer.ts';
import { HashKey } from './hash-key.ts';
import { xxh64 } from './xxh64.ts';

/** Envoy `Maglev.table_size`; a prime number. */
export const defaultMaglevTableSize = 65_537;

/**
 * Consistent hashing by a table: each candidate has a permutation of all places and takes the first free one of it in turn,
 * until the table is full. A key belongs to the place that is its remainder. Shares are more even than on a ring and the
 * choice is one look-up; a change of the candidates moves a few more keys than it must.
 *
 * Candidates take turns in the order of their keys, and one of half the weight takes every second turn, so that every proxy
 * and every Envoy agree. `tableSize` is prime. A request without a key goes to a random place; a key whose candidate is
 * excluded goes on to the next place of another.
 *
 * Source: Eisenbud et al. 2016, "Maglev", section 3.4; Envoy `MAGLEV` (`maglev_lb.cc`).
 */
export function maglev(tableSize: number = defaultMaglevTableSize): BuildPicker {
  return (candidates, random) => new Maglev(candidates, random, tableSize);
}

class Maglev<C extends Candidate> implements Picker<C> {
  readonly #candidates: readonly C[];
  readonly #random: () => number;
  readonly #table: Uint32Array;

  constructor(candidates: readonly C[], random: () => number, tableSize: number) {
    this.#candidates = candidates;
    this.#random = random;
    this.#table = candidates.length === 0 ? new Uint32Array(0) : fillTable(candidates, tableSize);
  }

  pick(exclude: C | null, key: HashKey | null): C | null {
    const table = this.#table;
    const size = table.length;
    if (size === 0) return null;
    let at = key === null ? Math.floor(this.#random() * size) : key.modulo(size);
    let picked = this.#candidates[table[at] as number] as C; // at is below the size
    for (let step = 1; picked === exclude && step < size; step++) {
      at = at + 1 < size ? at + 1 : 0;
      picked = this.#candidates[table[at] as number] as C;
    }
    return picked;
  }
}

const free = 0xffffffff;

interface Turn {
  readonly index: number;
  readonly weight: number;
  readonly skip: number;
  /** Next place of its permutation. */
  place: number;
  /** Takes part in a round once `round * weight` has come so far. */
  target: number;
}

function fillTable(candidates: readonly Candidate[], size: number): Uint32Array {
  const table = new Uint32Array(size).fill(free);
  const heaviest = candidates.reduce((most, { weight }) => Math.max(most, weight), 0);
  const hash = new HashKey();
  const turns = candidates.map(({ key, weight }, index): Turn & { readonly key: string } => {
    xxh64(key, hash);
    const place = hash.modulo(size);
    xxh64(key, hash, 1);
    return { key, index, weight, skip: hash.modulo(size - 1) + 1, place, target: 0 };
  });
  turns.sort((a, b) => (a.key < b.key ? -1 : 1));
  let filled = 0;
  for (let round = 1; filled < size; round++) {
    for (const turn of turns) {
      if (round * turn.weight < turn.target) continue;
      turn.target += heaviest;
      while (table[turn.place] !== free) turn.place = (turn.place + turn.skip) % size;
      table[turn.place] = turn.index;
      if (++filled === size) break;
    }
  }
  return table;
}

import { defaultMaglevPlaces } from '../../proto/hash-table-sizes.ts';
import { HashKey } from './hash-key.ts';
import type { TableMember, TablePlan, TableSteps } from './hash-table.ts';
import { xxh64 } from './xxh64.ts';

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
export function maglevTable(tableSize: number = defaultMaglevPlaces): TablePlan {
  return { name: `maglev ${tableSize}`, placesFor: () => tableSize, steps: (members) => fillTable(members, tableSize) };
}

const free = 0xffffffff;
/** Places that are looked at in one step. */
const PLACES_AT_A_TIME = 16_384;

interface Turn {
  readonly index: number;
  readonly weight: number;
  readonly skip: number;
  /** Next place of its permutation. */
  place: number;
  /** Takes part in a round once `round * weight` has come so far. */
  target: number;
}

function* fillTable(members: readonly TableMember[], tableSize: number): TableSteps {
  const size = members.length === 0 ? 0 : tableSize;
  const owner = new Uint32Array(size).fill(free);
  const turns = makeTurns(members, size);
  const heaviest = members.reduce((most, { weight }) => Math.max(most, weight), 0);
  let filled = 0;
  let looked = 0;
  for (let round = 1; filled < size; round++) {
    for (const turn of turns) {
      if (round * turn.weight < turn.target) continue;
      turn.target += heaviest;
      while (owner[turn.place] !== free) {
        turn.place = (turn.place + turn.skip) % size;
        looked++;
      }
      owner[turn.place] = turn.index;
      if (++filled === size) break;
      if (++looked < PLACES_AT_A_TIME) continue;
      looked = 0;
      yield;
    }
  }
  return { members, owner, placeOf: (key) => key.modulo(size) };
}

function makeTurns(members: readonly TableMember[], size: number): readonly Turn[] {
  const hash = new HashKey();
  const turns = members.map(({ key, weight }, index): Turn & { readonly key: string } => {
    xxh64(key, hash);
    const place = hash.modulo(size);
    xxh64(key, hash, 1);
    return { key, index, weight, skip: hash.modulo(size - 1) + 1, place, target: 0 };
  });
  return turns.sort((a, b) => (a.key < b.key ? -1 : 1));
}

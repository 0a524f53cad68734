import type { Picker } from './balancer.ts';
import type { HashKey } from './hash-key.ts';

/** Candidates of which some requests get one. */
export interface PickerShare<C> {
  readonly picker: Picker<C>;
  /** Whole number above 0; the shares of a picker add up to at most 2^26. */
  readonly share: number;
}

/**
 * Divides requests between pickers, of priority levels or of localities. A request with a key always goes to the same one
 * while the shares stay. Where the one that is chosen has nobody but the excluded candidate, the others are asked in turn.
 */
export class SharedPicker<C> implements Picker<C> {
  readonly #pickers: readonly Picker<C>[];
  /** Of each the end of its stretch; the last is the sum of all. */
  readonly #ends: readonly number[];
  readonly #total: number;
  readonly #random: () => number;

  constructor(shares: readonly PickerShare<C>[], random: () => number) {
    this.#pickers = shares.map(({ picker }) => picker);
    this.#random = random;
    let end = 0;
    this.#ends = shares.map(({ share }) => {
      end += share;
      return end;
    });
    this.#total = end;
  }

  pick(exclude: C | null, key: HashKey | null): C | null {
    const pickers = this.#pickers;
    const point = key === null ? this.#random() * this.#total : key.modulo(this.#total);
    let chosen = 0;
    while (chosen < pickers.length - 1 && point >= (this.#ends[chosen] as number)) chosen++;
    let picked: C | null = null;
    for (let i = 0; i < pickers.length; i++) {
      const candidate = (pickers[(chosen + i) % pickers.length] as Picker<C>).pick(exclude, key);
      if (candidate !== null && candidate !== exclude) return candidate;
      picked ??= candidate;
    }
    return picked;
  }
}

/** The picker of the only share, which need not be asked for, or one for all. */
export function sharedPicker<C>(shares: readonly PickerShare<C>[], random: () => number): Picker<C> {
  const [only, ...others] = shares;
  return only !== undefined && others.length === 0 ? only.picker : new SharedPicker(shares, random);
}

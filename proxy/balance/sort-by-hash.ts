/** Hashes in order, each with what belongs to it. */
export interface SortedHashes {
  readonly high: Uint32Array;
  readonly low: Uint32Array;
  readonly payload: Uint32Array;
}

const digits = 65_536;

/**
 * Sorts 64-bit hashes, given as halves, together with one number each, in steps; equal hashes keep their order.
 *
 * By radix, four passes of 16 bits from the lowest: a ring may have millions of points, and comparing them one with another
 * would hold requests up for seconds.
 */
export function* sortSteps(
  high: Uint32Array,
  low: Uint32Array,
  payload: Uint32Array,
): Generator<undefined, SortedHashes> {
  let from: SortedHashes = { high, low, payload };
  let to: SortedHashes = {
    high: new Uint32Array(high.length),
    low: new Uint32Array(high.length),
    payload: new Uint32Array(high.length),
  };
  for (const [half, shift] of passes) {
    yield;
    distribute(from, to, half, shift);
    [from, to] = [to, from];
  }
  return from;
}

const passes = [
  ['low', 0],
  ['low', 16],
  ['high', 0],
  ['high', 16],
] as const;

function distribute(from: SortedHashes, to: SortedHashes, half: 'high' | 'low', shift: number): void {
  const values = from[half];
  const next = new Uint32Array(digits);
  for (const value of values) {
    const digit = (value >>> shift) & (digits - 1);
    next[digit] = (next[digit] as number) + 1;
  }
  let start = 0;
  for (let digit = 0; digit < digits; digit++) {
    const count = next[digit] as number;
    next[digit] = start;
    start += count;
  }
  for (let i = 0; i < values.length; i++) {
    const digit = ((values[i] as number) >>> shift) & (digits - 1);
    const at = next[digit] as number;
    next[digit] = at + 1;
    to.high[at] = from.high[i] as number;
    to.low[at] = from.low[i] as number;
    to.payload[at] = from.payload[i] as number;
  }
}

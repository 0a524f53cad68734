/**
 * Weighted turns for many entries: each has a deadline, the earliest is next, and its deadline moves on by the inverse of its
 * weight. A choice costs the depth of a heap. Deadlines begin at random points of their first turn, so that proxies with the
 * same weights do not begin alike.
 *
 * Source: earliest deadline first, as Envoy's `EdfScheduler`.
 */
export class EarliestDeadline {
  readonly #turns: Float64Array;
  readonly #deadlines: Float64Array;
  /** A heap of indexes: none is due before the one at half its place. */
  readonly #heap: Uint32Array;

  /** `weights` are above 0. */
  constructor(weights: readonly number[], random: () => number) {
    this.#turns = Float64Array.from(weights, (weight) => 1 / weight);
    this.#deadlines = this.#turns.map((turn) => turn * random());
    this.#heap = Uint32Array.from(weights, (_, index) => index);
    for (let at = (weights.length >>> 1) - 1; at >= 0; at--) this.#sink(at);
  }

  /** Index of the next entry; `skip`, -1 for none, loses no turn. There must be another than that. */
  next(skip: number): number {
    const heap = this.#heap;
    const at = heap[0] === skip ? this.#earlier(1) : 0;
    const index = heap[at] as number;
    this.#deadlines[index] = (this.#deadlines[index] as number) + (this.#turns[index] as number);
    this.#sink(at);
    return index;
  }

  /** The one of a place and the next that is due first. */
  #earlier(at: number): number {
    const heap = this.#heap;
    if (at + 1 >= heap.length) return at;
    return this.#deadlineAt(at + 1) < this.#deadlineAt(at) ? at + 1 : at;
  }

  #deadlineAt(at: number): number {
    return this.#deadlines[this.#heap[at] as number] as number;
  }

  #sink(from: number): void {
    const heap = this.#heap;
    const index = heap[from] as number;
    const deadline = this.#deadlines[index] as number;
    let at = from;
    for (;;) {
      const child = 2 * at + 1;
      if (child >= heap.length) break;
      const first = this.#earlier(child);
      if (this.#deadlineAt(first) >= deadline) break;
      heap[at] = heap[first] as number;
      at = first;
    }
    heap[at] = index;
  }
}

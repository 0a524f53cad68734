import type { CounterStore, Hit } from './counter-store.ts';

/** Counts that are kept at the same time; beyond them the oldest makes room. About 50 MB. */
export const MAX_COUNTS = 200_000;

/** Expired counts are looked for once in so many additions. */
const SWEEP_EVERY = 10_000;

interface Count {
  value: number;
  expiresAtMs: number;
}

/** Counts of this process alone: they begin anew with it, and a second server has its own. */
export class MemoryStore implements CounterStore {
  readonly #counts = new Map<string, Count>();
  readonly #now: () => number;
  readonly #maxCounts: number;
  #untilSweep = SWEEP_EVERY;

  constructor(now: () => number = Date.now, maxCounts = MAX_COUNTS) {
    this.#now = now;
    this.#maxCounts = maxCounts;
  }

  get size(): number {
    return this.#counts.size;
  }

  async add(hits: readonly Hit[]): Promise<readonly number[]> {
    const nowMs = this.#now();
    this.#untilSweep -= hits.length;
    if (this.#untilSweep <= 0) this.#sweep(nowMs);
    return hits.map((hit) => this.#add(hit, nowMs));
  }

  close(): Promise<void> {
    this.#counts.clear();
    return Promise.resolve();
  }

  #add({ key, hits, ttlSeconds }: Hit, nowMs: number): number {
    const expiresAtMs = nowMs + ttlSeconds * 1000;
    const known = this.#counts.get(key);
    if (known !== undefined && known.expiresAtMs > nowMs) {
      known.value += hits;
      known.expiresAtMs = expiresAtMs;
      return known.value;
    }
    this.#counts.delete(key); // an expired one goes to the end
    this.#counts.set(key, { value: hits, expiresAtMs });
    if (this.#counts.size > this.#maxCounts) this.#counts.delete(this.#counts.keys().next().value as string); // not empty
    return hits;
  }

  #sweep(nowMs: number): void {
    this.#untilSweep = SWEEP_EVERY;
    for (const [key, { expiresAtMs }] of this.#counts) if (expiresAtMs <= nowMs) this.#counts.delete(key);
  }
}

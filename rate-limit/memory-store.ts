import type { CounterStore, Hit } from './counter-store.ts';

/** Counts that are kept at the same time; beyond them the oldest of whoever has most makes room. About 60 MB. */
export const MAX_COUNTS = 200_000;

/** Expired counts are looked for once in so many additions. */
const SWEEP_EVERY = 10_000;

interface Count {
  value: number;
  expiresAtMs: number;
  /** Who counted it first. */
  readonly asker: string;
}

/**
 * Counts of this process alone: they begin anew with it, and a second server has its own. Nobody can make it forget the
 * counts of others, their own limits among them, by counting a great many things.
 */
export class MemoryStore implements CounterStore {
  readonly #counts = new Map<string, Count>();
  /** The keys of each asker, the oldest first. */
  readonly #keys = new Map<string, Set<string>>();
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

  async add(hits: readonly Hit[], asker = ''): Promise<readonly number[]> {
    const nowMs = this.#now();
    this.#untilSweep -= hits.length;
    if (this.#untilSweep <= 0) this.#sweep(nowMs);
    return hits.map((hit) => this.#add(hit, asker, nowMs));
  }

  close(): Promise<void> {
    this.#counts.clear();
    this.#keys.clear();
    return Promise.resolve();
  }

  #add({ key, hits, ttlSeconds }: Hit, asker: string, nowMs: number): number {
    const expiresAtMs = nowMs + ttlSeconds * 1000;
    const known = this.#counts.get(key);
    if (known !== undefined && known.expiresAtMs > nowMs) {
      known.value += hits;
      known.expiresAtMs = expiresAtMs;
      return known.value;
    }
    if (known !== undefined) this.#forget(key, known); // an expired one goes to the end
    this.#counts.set(key, { value: hits, expiresAtMs, asker });
    const keys = this.#keys.get(asker);
    if (keys === undefined) this.#keys.set(asker, new Set([key]));
    else keys.add(key);
    if (this.#counts.size > this.#maxCounts) this.#makeRoom();
    return hits;
  }

  #makeRoom(): void {
    let most = new Set<string>();
    for (const keys of this.#keys.values()) if (keys.size > most.size) most = keys;
    const [oldest] = most;
    const count = this.#counts.get(oldest ?? '');
    if (oldest !== undefined && count !== undefined) this.#forget(oldest, count);
  }

  #forget(key: string, { asker }: Count): void {
    this.#counts.delete(key);
    const keys = this.#keys.get(asker);
    keys?.delete(key);
    if (keys?.size === 0) this.#keys.delete(asker);
  }

  #sweep(nowMs: number): void {
    this.#untilSweep = SWEEP_EVERY;
    for (const [key, count] of this.#counts) if (count.expiresAtMs <= nowMs) this.#forget(key, count);
  }
}

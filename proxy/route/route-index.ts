import type { RequestHead } from '../message-head.ts';
import { headerIn } from './header-matcher.ts';
import type { RouteEntry } from './route-entry.ts';
import { entryTakes } from './route-entry.ts';

/** Up to here entries are tried one after the other, which is faster than looking anything up. */
export const MAX_TRIED_IN_ORDER = 3;

/** Positions in the list of entries, ascending. */
type Positions = readonly number[];

/**
 * Finds the first of many entries that takes a request, without trying those that cannot: by the whole path, by each of its
 * beginnings that some entry names, and, among entries of one path, by the value of a header that they all name. What is left
 * (patterns, paths without regard to case, entries for every path) is tried in order, and only before the best one found.
 *
 * A path that is too long for a pattern takes no entry that stands behind that pattern: its rule may be the one that refuses or
 * limits, and whoever makes his path long enough must not come past it (CVE-2026-73552 is the like of it in Envoy).
 *
 * What a look-up costs depends on the lengths of prefixes that there are and on the entries that nothing tells apart, not on
 * the number of entries. Hot path: `bench/route/route-table.ts`.
 */
export class RouteIndex<D> {
  readonly #entries: readonly RouteEntry<D>[];
  readonly #exact = new Map<string, Candidates<D>>();
  readonly #prefixes = new Map<string, Candidates<D>>();
  /** Lengths of the prefixes, ascending. */
  readonly #prefixLengths: readonly number[];
  readonly #others: Candidates<D>;
  /** The longest path that every pattern can take, and the position of the first pattern. */
  readonly #maxJudged: number;
  readonly #firstPattern: number;

  /** `entries` are in order of precedence. */
  constructor(entries: readonly RouteEntry<D>[]) {
    this.#entries = entries;
    const exact = new Map<string, number[]>();
    const prefixes = new Map<string, number[]>();
    const others: number[] = [];
    for (const [position, { path }] of entries.entries()) {
      const key = entries.length > MAX_TRIED_IN_ORDER ? path.key : null;
      if (key === null) others.push(position);
      else addTo(key.kind === 'exact' ? exact : prefixes, key.value, position);
    }
    for (const [value, positions] of exact) this.#exact.set(value, new Candidates(entries, positions));
    for (const [value, positions] of prefixes) this.#prefixes.set(value, new Candidates(entries, positions));
    this.#prefixLengths = [...new Set([...prefixes.keys()].map(({ length }) => length))].sort((a, b) => a - b);
    this.#others = new Candidates(entries, others);
    const bounds = entries.map(({ path }) => path.maxLength);
    this.#maxJudged = bounds.reduce((least, bound) => Math.min(least, bound), Number.POSITIVE_INFINITY);
    this.#firstPattern = bounds.findIndex((bound) => bound < Number.POSITIVE_INFINITY);
  }

  /** Null when none takes it. `target` is path and query of `head`; the path ends before `pathEnd`. */
  find(head: RequestHead, target: string, pathEnd: number): RouteEntry<D> | null {
    let best = this.#entries.length;
    if (this.#exact.size > 0) {
      const path = pathEnd === target.length ? target : target.slice(0, pathEnd);
      best = this.#exact.get(path)?.firstBefore(best, head, target, pathEnd) ?? best;
    }
    for (let i = 0; i < this.#prefixLengths.length; i++) {
      const length = this.#prefixLengths[i] as number; // i is below the length
      if (length > pathEnd) break;
      const candidates = this.#prefixes.get(target.slice(0, length));
      if (candidates !== undefined) best = candidates.firstBefore(best, head, target, pathEnd);
    }
    best = this.#others.firstBefore(best, head, target, pathEnd);
    if (pathEnd > this.#maxJudged && best > this.#firstPattern) return null;
    return this.#entries[best] ?? null;
  }
}

interface ByHeader {
  readonly name: string;
  readonly byValue: ReadonlyMap<string, Positions>;
}

/** Entries between which the path does not decide. */
class Candidates<D> {
  readonly #entries: readonly RouteEntry<D>[];
  /** Tried in order. */
  readonly #plain: Positions;
  /** Entries that want one value of one header, by that value; null where there are few. */
  readonly #byHeader: readonly ByHeader[] | null;

  constructor(entries: readonly RouteEntry<D>[], positions: Positions) {
    this.#entries = entries;
    if (positions.length <= MAX_TRIED_IN_ORDER) {
      this.#plain = positions;
      this.#byHeader = null;
      return;
    }
    const plain: number[] = [];
    const byName = new Map<string, Map<string, number[]>>();
    for (const position of positions) {
      const wanted = (entries[position] as RouteEntry<D>).headers.map(({ wantedValue }) => wantedValue);
      // of several headers the last: the first is the method, which tells few entries apart
      const last = wanted.findLast((value) => value !== null) ?? null;
      if (last === null) plain.push(position);
      else {
        const byValue = byName.get(last.name) ?? new Map<string, number[]>();
        byName.set(last.name, byValue);
        addTo(byValue, last.value, position);
      }
    }
    this.#plain = plain;
    this.#byHeader = byName.size === 0 ? null : [...byName].map(([name, byValue]) => ({ name, byValue }));
  }

  /** The first that takes the request, if it stands before `limit`; else `limit`. */
  firstBefore(limit: number, head: RequestHead, target: string, pathEnd: number): number {
    let best = this.#firstOf(this.#plain, limit, head, target, pathEnd);
    if (this.#byHeader === null) return best;
    for (let i = 0; i < this.#byHeader.length; i++) {
      const { name, byValue } = this.#byHeader[i] as ByHeader; // i is below the length
      const value = headerIn(head, name);
      const positions = value === null ? undefined : byValue.get(value);
      if (positions !== undefined) best = this.#firstOf(positions, best, head, target, pathEnd);
    }
    return best;
  }

  #firstOf(positions: Positions, limit: number, head: RequestHead, target: string, pathEnd: number): number {
    for (let i = 0; i < positions.length; i++) {
      const position = positions[i] as number; // i is below the length
      if (position >= limit) return limit;
      if (entryTakes(this.#entries[position] as RouteEntry<D>, head, target, pathEnd)) return position;
    }
    return limit;
  }
}

function addTo(lists: Map<string, number[]>, key: string, position: number): void {
  const list = lists.get(key);
  if (list === undefined) lists.set(key, [position]);
  else list.push(position);
}

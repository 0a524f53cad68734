const BUCKETS = 32;
const WAYS = 4;

/**
 * Remembers by hash the last hundred or so fields that were sent without being indexed. It may forget, and once in a few
 * million times it takes one field for another: then something is indexed too late or too early, which is always allowed.
 */
export class RecentFields {
  readonly #hashes = new Int32Array(BUCKETS * WAYS);
  #next = 0;

  /** Whether the field has been here before; from now on it has. */
  hasSeen(name: string, value: string): boolean {
    const hash = mix(mix(0x811c9dc5, name), value);
    const bucket = ((hash ^ (hash >>> 16)) & (BUCKETS - 1)) * WAYS;
    for (let way = 0; way < WAYS; way++) {
      if (this.#hashes[bucket + way] === hash) return true;
    }
    this.#hashes[bucket + (this.#next++ & (WAYS - 1))] = hash;
    return false;
  }
}

/** FNV-1a. */
function mix(seed: number, text: string): number {
  let hash = seed;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  return hash;
}

import { regexParts } from './safe-regex.ts';

/** How many patterns may be compiled in one turn of the event loop. */
export interface PatternRoom {
  /** Different ones. */
  readonly patterns: number;
  /** In all of them together, as `patternParts` counts them. */
  readonly parts: number;
}

/**
 * Of all routes of a service port, and of one route document: 0.1 to 0.3 s at the worst, where 20 000 patterns without a
 * bound held up everything for seconds.
 */
export const routeRoom: PatternRoom = { patterns: 1_000, parts: 65_536 };

/** Of one BackendTrafficPolicy. */
export const policyRoom: PatternRoom = { patterns: 128, parts: 8_192 };

/** Of one xDS resource: routes with the retries of a policy, or a port with the limits of some eight of them. */
export const resourceRoom: PatternRoom = {
  patterns: routeRoom.patterns + policyRoom.patterns,
  parts: routeRoom.parts + policyRoom.parts,
};

/**
 * What is left of such room, so that no number of patterns holds an event loop up. Equal patterns count once.
 */
export class PatternBudget {
  readonly #room: PatternRoom;
  readonly #taken = new Set<string>();
  #parts = 0;
  #isExceeded = false;

  constructor(room: PatternRoom) {
    this.#room = room;
  }

  /** Whether there was no room for something. */
  get isExceeded(): boolean {
    return this.#isExceeded;
  }

  /** Takes all of them, or none when there is not so much room left. Compiles nothing. */
  take(patterns: readonly string[]): boolean {
    const added = new Set(patterns.filter((pattern) => !this.#taken.has(pattern)));
    let parts = this.#parts;
    let isEnough = this.#taken.size + added.size <= this.#room.patterns;
    for (const pattern of isEnough ? added : []) parts += regexParts(pattern);
    isEnough &&= parts <= this.#room.parts;
    if (!isEnough) {
      this.#isExceeded = true;
      return false;
    }
    for (const pattern of added) this.#taken.add(pattern);
    this.#parts = parts;
    return true;
  }
}

/** Both bounds, whichever was met, so that nobody meets the other one next. */
export function roomInWords({ patterns, parts }: PatternRoom): string {
  return `at most ${patterns} different patterns and ${parts} parts in them together`;
}

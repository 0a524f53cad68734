import type { Clock } from '../clock.ts';
import { systemClock } from '../clock.ts';

/** What a use of a service that was not declared can meet: its route table, or what its port carries. */
export type OnDemandAnswer<Table> =
  | Table
  /** The control plane says that there is no such service. */
  | 'absent'
  /** No answer within the wait; the control plane is away or slow. Not the same as absent: nothing is known. */
  | 'unknown';

export interface OnDemandOptions {
  /** Names subscribed at a time beyond the declared ones; the least recently used one makes room. Default 1000. */
  readonly maxNames?: number;
  /** How long a first use waits for its answer. Default 5000. */
  readonly waitMs?: number;
  /** Requests that may wait at a time, over all names; one more is answered `unknown` at once. Default 1000. */
  readonly maxWaiting?: number;
  /** Whether an answer could come now. While it could not, a name that was once waited for in vain is not waited for. */
  readonly isConnected?: () => boolean;
  readonly clock?: Clock;
}

/**
 * Resources by name, asked for on first use: route tables, and what ports carry.
 *
 * A name is asked for once; whoever uses it meanwhile waits for the same answer. That a service does not exist is
 * remembered like an answer, and since the name stays subscribed it is corrected as soon as it does exist. Declared
 * names are there from the start and never make room.
 *
 * The bounds keep a program that calls one made-up host after the other from growing either plane.
 */
export class OnDemandResources<Table extends object> {
  readonly #entries = new Map<string, Entry<Table>>();
  readonly #waiting = new Map<string, Wait<Table>>();
  readonly #want: (name: string) => void;
  readonly #release: (name: string) => void;
  readonly #maxNames: number;
  readonly #waitMs: number;
  readonly #maxWaiting: number;
  readonly #isConnected: () => boolean;
  readonly #clock: Clock;
  #pinned = 0;
  #waiters = 0;
  #uses = 0;

  /** `want` and `release` subscribe and unsubscribe; both must not call back in here before they return. */
  constructor(want: (name: string) => void, release: (name: string) => void, options: OnDemandOptions = {}) {
    this.#want = want;
    this.#release = release;
    this.#maxNames = options.maxNames ?? 1_000;
    this.#waitMs = options.waitMs ?? 5_000;
    this.#maxWaiting = options.maxWaiting ?? 1_000;
    this.#isConnected = options.isConnected ?? (() => true);
    this.#clock = options.clock ?? systemClock;
  }

  /** Asks for a name that was declared, now and for good. */
  declare(name: string): void {
    const entry = this.#entries.get(name) ?? this.#add(name);
    if (entry.isPinned) return;
    entry.isPinned = true;
    this.#pinned++;
  }

  /** Asks for a name that an earlier run had asked for on demand, as if it had just been used. */
  remember(name: string): void {
    if (this.#entries.has(name)) return;
    this.#makeRoom();
    this.#add(name);
  }

  /** The table at once where the answer is known, otherwise a promise that never rejects. */
  resolve(name: string): OnDemandAnswer<Table> | Promise<OnDemandAnswer<Table>> {
    let entry = this.#entries.get(name);
    if (entry === undefined) {
      this.#makeRoom();
      entry = this.#add(name);
    }
    entry.lastUse = ++this.#uses;
    if (entry.answer !== null) return entry.answer;
    return entry.wasInVain && !this.#isConnected() ? 'unknown' : this.#wait(name);
  }

  /** An answer came, the first or a newer one. */
  settle(name: string, answer: Table | 'absent'): void {
    const entry = this.#entries.get(name);
    if (entry === undefined) return;
    entry.answer = answer;
    this.#wake(name, answer);
  }

  #add(name: string): Entry<Table> {
    const entry = { answer: null, isPinned: false, wasInVain: false, lastUse: ++this.#uses };
    this.#entries.set(name, entry);
    this.#want(name);
    return entry;
  }

  #makeRoom(): void {
    if (this.#entries.size - this.#pinned < this.#maxNames) return;
    let oldestName: string | null = null;
    let oldestUse = Number.POSITIVE_INFINITY;
    for (const [name, { isPinned, lastUse }] of this.#entries) {
      if (isPinned || lastUse >= oldestUse) continue;
      oldestName = name;
      oldestUse = lastUse;
    }
    if (oldestName === null) return;
    this.#entries.delete(oldestName);
    this.#wake(oldestName, 'unknown');
    this.#release(oldestName);
  }

  #wait(name: string): Promise<OnDemandAnswer<Table>> | 'unknown' {
    if (this.#waiters >= this.#maxWaiting) return 'unknown';
    let wait = this.#waiting.get(name);
    if (wait === undefined) {
      const { promise, resolve } = withResolver<OnDemandAnswer<Table>>();
      const cancelTimer = this.#clock.after(this.#waitMs, () => this.#giveUp(name));
      wait = { promise, resolve, cancelTimer, waiters: 0 };
      this.#waiting.set(name, wait);
    }
    wait.waiters++;
    this.#waiters++;
    return wait.promise;
  }

  #giveUp(name: string): void {
    const entry = this.#entries.get(name);
    if (entry !== undefined) entry.wasInVain = true;
    this.#wake(name, 'unknown');
  }

  #wake(name: string, answer: OnDemandAnswer<Table>): void {
    const wait = this.#waiting.get(name);
    if (wait === undefined) return;
    this.#waiting.delete(name);
    this.#waiters -= wait.waiters;
    wait.cancelTimer();
    wait.resolve(answer);
  }
}

interface Entry<Table> {
  answer: Table | 'absent' | null;
  isPinned: boolean;
  /** Somebody waited for it to the end. */
  wasInVain: boolean;
  lastUse: number;
}

interface Wait<Table> {
  readonly promise: Promise<OnDemandAnswer<Table>>;
  readonly resolve: (answer: OnDemandAnswer<Table>) => void;
  readonly cancelTimer: () => void;
  waiters: number;
}

/** `Promise.withResolvers`, which Node 20 does not have. */
function withResolver<T>(): { promise: Promise<T>; resolve: (value: T) => void } {
  let resolve: (value: T) => void = () => {};
  const promise = new Promise<T>((fulfil) => {
    resolve = fulfil;
  });
  return { promise, resolve };
}

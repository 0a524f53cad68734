/** Resolution of every deadline. Fine enough for time-outs, coarse enough that a tick is cheap. */
export const tickMs = 10;
/** A power of two, so that a tick finds its slot with a mask. One turn takes 10.24 s. */
const slotCount = 1024;

/**
 * One thing that must happen at a certain time unless it is cancelled first. Made once and armed many times: a
 * connection holds one for its whole life. It is its own list node, so arming and cancelling allocate nothing.
 */
export class Deadline {
  readonly onExpire: () => void;
  /** Tick at which it is due; meaningful only while armed. Written by the wheel. */
  dueTick = 0;
  /** Neighbours in a slot's ring, null while not armed. Written by the wheel. */
  previous: Deadline | null = null;
  next: Deadline | null = null;

  /** `onExpire` runs once for each arming that is not cancelled; it may arm this or other deadlines. */
  constructor(onExpire: () => void) {
    this.onExpire = onExpire;
  }

  get isArmed(): boolean {
    return this.next !== null;
  }
}

/**
 * All deadlines of the process behind one timer: arming and cancelling cost a few writes, whereas a timer of Node's own
 * costs a map look-up and a list per duration.
 *
 * A deadline never fires early, and late by at most two ticks plus whatever the event loop is late. A deadline further
 * away than one turn of the wheel is looked at once per turn and stays. The timer runs only while something is armed
 * and never keeps the process alive.
 *
 * ```
 *   slot        0     1     2   …  1023
 *               │     │     │
 *   ring of     ◯     ◯     ◯        each slot is the head of a ring of deadlines
 *   deadlines         a⇄b            due at tick 1, 1025, 2049 …
 * ```
 *
 * Hot path: `bench/resilience/timer-wheel.ts`; reading the clock is most of what arming costs.
 *
 * Source: Varghese and Lauck 1987, "Hashed and Hierarchical Timing Wheels", scheme 6.
 */
export class TimerWheel {
  readonly #now: () => number;
  readonly #startMs: number;
  readonly #slots: Deadline[] = Array.from({ length: slotCount }, ringHead);
  /** Deadlines that have come due and have not run yet. */
  readonly #due = ringHead();
  #lastTick = 0;
  #armedCount = 0;
  #timer: NodeJS.Timeout | null = null;

  /** `now` is a clock in milliseconds that never goes back. */
  constructor(now: () => number = monotonicMs) {
    this.#now = now;
    this.#startMs = now();
  }

  /** Number of deadlines that are armed now. */
  get armedCount(): number {
    return this.#armedCount;
  }

  /**
   * Lets `deadline` expire `ms` milliseconds from now, instead of whenever it was to expire before.
   * Negative values count as 0; even then it expires on a later tick, never within this call.
   */
  arm(deadline: Deadline, ms: number): void {
    const nowMs = this.#now() - this.#startMs;
    const dueTick = Math.max(Math.ceil((nowMs + ms) / tickMs), this.#lastTick + 1);
    if (deadline.next !== null) {
      // Later than before: it may stay in its slot and is moved when that slot comes round. This keeps the usual
      // case, an idle time-out pushed back by every request, at one write.
      const movesBack = dueTick >= deadline.dueTick;
      deadline.dueTick = dueTick;
      if (movesBack) return;
      unlink(deadline);
    } else {
      deadline.dueTick = dueTick;
      this.#armedCount++;
    }
    if (this.#timer === null) this.#startTicking();
    link(this.#slotOf(deadline), deadline);
  }

  /** Milliseconds until `deadline` expires, too many by a tick at most; infinite when it is not armed. */
  leftMs(deadline: Deadline): number {
    if (deadline.next === null) return Number.POSITIVE_INFINITY;
    return deadline.dueTick * tickMs + this.#startMs - this.#now();
  }

  /** Takes back an arming; does nothing when the deadline is not armed. */
  cancel(deadline: Deadline): void {
    if (deadline.next === null) return;
    unlink(deadline);
    this.#armedCount--;
  }

  /** Runs everything that has come due. The wheel's own timer calls this; a test may, after moving its clock. */
  advance(): void {
    const currentTick = Math.floor((this.#now() - this.#startMs) / tickMs);
    // After a stall of more than one turn each slot still needs only one look.
    const firstTick = Math.max(this.#lastTick + 1, currentTick - slotCount + 1);
    this.#lastTick = currentTick;
    for (let tick = firstTick; tick <= currentTick; tick++) this.#collect(tick, currentTick);
    this.#runDue();
    if (this.#armedCount === 0) this.#stopTicking();
  }

  /** Moves what is due from the slot to the due list, and what was pushed back to the slot it belongs in now. */
  #collect(tick: number, currentTick: number): void {
    const head = this.#slots[tick & (slotCount - 1)] as Deadline; // masked into range
    for (let deadline = head.next as Deadline; deadline !== head; ) {
      const following = deadline.next as Deadline; // a ring has no end
      if (deadline.dueTick <= currentTick) {
        unlink(deadline);
        link(this.#due, deadline);
      } else {
        const slot = this.#slotOf(deadline);
        if (slot !== head) {
          unlink(deadline);
          link(slot, deadline);
        }
      }
      deadline = following;
    }
  }

  /**
   * Takes one at a time from the list, because each callback may cancel or arm any other. A callback that throws is a
   * bug elsewhere; those behind it stay on the list and run on the next tick. One that an earlier callback has pushed
   * back goes to its slot instead.
   */
  #runDue(): void {
    for (let deadline = this.#due.next as Deadline; deadline !== this.#due; deadline = this.#due.next as Deadline) {
      unlink(deadline);
      if (deadline.dueTick > this.#lastTick) {
        link(this.#slotOf(deadline), deadline);
        continue;
      }
      this.#armedCount--;
      deadline.onExpire();
    }
  }

  #slotOf(deadline: Deadline): Deadline {
    return this.#slots[deadline.dueTick & (slotCount - 1)] as Deadline; // masked into range
  }

  #startTicking(): void {
    this.#timer = setInterval(() => this.advance(), tickMs);
    this.#timer.unref();
  }

  /** Only a tick that finds the wheel empty stops it: requests that come and go must not start a timer each. */
  #stopTicking(): void {
    if (this.#timer !== null) clearInterval(this.#timer);
    this.#timer = null;
  }
}

function monotonicMs(): number {
  return performance.now();
}

/** The empty ring: a node that is its own neighbour and never runs. */
function ringHead(): Deadline {
  const head = new Deadline(doNothing);
  head.previous = head;
  head.next = head;
  return head;
}

function doNothing(): void {}

function link(head: Deadline, deadline: Deadline): void {
  const last = head.previous as Deadline; // a ring has no end
  deadline.previous = last;
  deadline.next = head;
  last.next = deadline;
  head.previous = deadline;
}

function unlink(deadline: Deadline): void {
  const previous = deadline.previous as Deadline; // only called while in a ring
  const next = deadline.next as Deadline;
  previous.next = next;
  next.previous = previous;
  deadline.previous = null;
  deadline.next = null;
}

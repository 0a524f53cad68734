import type { TimerWheel } from '../resilience/timer-wheel.ts';
import { Deadline } from '../resilience/timer-wheel.ts';

/** Where the bytes of one direction come from. */
export interface Flow {
  pause(): void;
  resume(): void;
}

/**
 * One direction of bodies that may be held up for a while, besides by whoever takes the bytes: it flows again when neither of
 * the two stands in its way. Used again for later requests.
 */
export class HeldFlow {
  readonly #wheel: TimerWheel;
  readonly #flow: Flow;
  readonly #hold: Deadline;
  /** Whoever takes the bytes has asked to wait. */
  #isStopped = false;

  constructor(wheel: TimerWheel, flow: Flow) {
    this.#wheel = wheel;
    this.#flow = flow;
    this.#hold = new Deadline(() => {
      if (!this.#isStopped) flow.resume();
    });
  }

  get isHeld(): boolean {
    return this.#hold.isArmed;
  }

  /** From now on for so long, whatever was said before. */
  hold(ms: number): void {
    this.#wheel.arm(this.#hold, ms);
    this.#flow.pause();
  }

  /** Whoever takes the bytes has asked to wait. */
  stop(): void {
    this.#isStopped = true;
  }

  /** They may come again; false where they are held up. */
  mayFlow(): boolean {
    this.#isStopped = false;
    return !this.#hold.isArmed;
  }

  /** The request is over. */
  end(): void {
    this.#isStopped = false;
    this.#wheel.cancel(this.#hold);
  }
}

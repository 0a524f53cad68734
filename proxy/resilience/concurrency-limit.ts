import { limitReached } from './limit-reached.ts';

/** Counts how many of something are in use and refuses more than `max`. */
export class ConcurrencyLimit {
  /** Lowering it below `active` takes nothing back; it refuses until enough are released. */
  max: number;
  /** What users call it: a field below `circuitBreaker`; '' for what is no setting. */
  readonly name: string;
  #active = 0;
  #overflows = 0;

  constructor(max: number, name = '') {
    this.max = max;
    this.name = name;
  }

  /** Number in use. */
  get active(): number {
    return this.#active;
  }

  /** How often one was refused, since start. */
  get overflows(): number {
    return this.#overflows;
  }

  /** How many more would be granted; never negative. */
  get remaining(): number {
    return Math.max(this.max - this.#active, 0);
  }

  /** Why the next one is refused, in words for those who are. */
  get refusal(): string {
    return limitReached(this);
  }

  /** Takes one, or counts an overflow and returns false. Every true must be met by one `release`. */
  tryAcquire(): boolean {
    if (this.#active >= this.max) {
      this.#overflows++;
      return false;
    }
    this.#active++;
    return true;
  }

  /** Gives one back. Giving back what was never taken is a bug that would open the circuit for good, so it throws. */
  release(): void {
    if (this.#active === 0) throw new Error('released more than was acquired');
    this.#active--;
  }
}

/** Checks that one process has under way at most. */
export const MAX_CHECKS_UNDER_WAY = 32;

/**
 * Lets so many checks be under way at once, whatever the number of endpoints: the others wait in the order in which they
 * came, and their time-outs begin when they do. Shared by all clusters of a process.
 */
export class CheckGate {
  readonly #limit: number;
  readonly #waiting = new Set<() => void>();
  #underWay = 0;

  constructor(limit = MAX_CHECKS_UNDER_WAY) {
    this.#limit = limit;
  }

  /** Calls `begin` when there is room, perhaps at once; whoever has begun must `leave`. Returns how to wait no longer. */
  enter(begin: () => void): () => void {
    if (this.#underWay < this.#limit) {
      this.#underWay++;
      begin();
    } else {
      this.#waiting.add(begin);
    }
    return () => this.#waiting.delete(begin);
  }

  /** A check has ended. */
  leave(): void {
    const [next] = this.#waiting;
    if (next === undefined) {
      this.#underWay--;
      return;
    }
    this.#waiting.delete(next);
    next();
  }
}

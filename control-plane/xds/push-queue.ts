/** Something that has to be worked on, once, however often it is asked for before its turn. */
export interface Flushable {
  flush(): void;
}

/** Streams worked on before the event loop gets its turn: about a millisecond's work, mostly. */
const sliceSize = 16;
/** So much time at most, but for the one stream that exceeds it: large route tables are made for the first who asks. */
const sliceMs = 10;

/**
 * Flushes streams one after the other, in slices, so that a push to a thousand sidecars does not hold up renewals and
 * joins. A stream waits in it once; what comes meanwhile is part of the same flush.
 */
export class PushQueue {
  readonly #onError: (error: unknown) => void;
  readonly #now: () => number;
  readonly #waiting = new Set<Flushable>();
  #immediate: NodeJS.Immediate | null = null;

  /** `onError` is told of a flush that threw, which is a bug; the others go on. */
  constructor(onError: (error: unknown) => void, now: () => number = Date.now) {
    this.#onError = onError;
    this.#now = now;
  }

  add(stream: Flushable): void {
    this.#waiting.add(stream);
    this.#immediate ??= setImmediate(() => this.#drain());
  }

  delete(stream: Flushable): void {
    this.#waiting.delete(stream);
  }

  #drain(): void {
    this.#immediate = null;
    let rest = sliceSize;
    const until = this.#now() + sliceMs;
    for (const stream of this.#waiting) {
      this.#waiting.delete(stream);
      try {
        stream.flush();
      } catch (error) {
        this.#onError(error);
      }
      rest -= 1;
      if (rest === 0 || this.#now() >= until) {
        break;
      }
    }
    if (this.#waiting.size > 0) {
      this.#immediate ??= setImmediate(() => this.#drain());
    }
  }
}

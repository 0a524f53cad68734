export interface DebounceOptions {
  /** Silence that ends the wait. Default 10 ms: long enough for the parts of one `apply`. */
  readonly quietMs?: number;
  /** Longest wait since the first call. Default 100 ms: a stream of changes does not hold back the first of them. */
  readonly maxMs?: number;
  readonly now?: () => number;
}

/** Joins calls that come in quick succession into one. Figures: shorter than Istio's 100 ms and 10 s, which users feel. */
export class Debounce {
  readonly #action: (firstCallMs: number) => void;
  readonly #quietMs: number;
  readonly #maxMs: number;
  readonly #now: () => number;
  #firstMs: number | null = null;
  #timer: NodeJS.Timeout | null = null;

  /** `action` gets the time of the first call that it answers. */
  constructor(
    action: (firstCallMs: number) => void,
    { quietMs = 10, maxMs = 100, now = Date.now }: DebounceOptions = {},
  ) {
    this.#action = action;
    this.#quietMs = quietMs;
    this.#maxMs = maxMs;
    this.#now = now;
  }

  call(): void {
    const nowMs = this.#now();
    this.#firstMs ??= nowMs;
    clearTimeout(this.#timer ?? undefined);
    const restMs = Math.max(0, this.#firstMs + this.#maxMs - nowMs);
    this.#timer = setTimeout(() => this.#run(), Math.min(this.#quietMs, restMs));
  }

  close(): void {
    clearTimeout(this.#timer ?? undefined);
    this.#firstMs = null;
  }

  #run(): void {
    const firstMs = this.#firstMs ?? this.#now();
    this.#firstMs = null;
    this.#action(firstMs);
  }
}

import { ApiError } from './status.ts';

/** Watches and long polls under way: each holds a connection, so there is a bound, and closing the server ends them. */
export class OpenStreams {
  readonly #max: number;
  readonly #open = new Set<AbortController>();

  /** Default 256. */
  constructor(max = 256) {
    this.#max = max;
  }

  /** A place that is taken until `end` is called; `signal` aborts when the caller goes or the server closes. @throws ApiError 429 */
  take(caller: AbortSignal): { readonly signal: AbortSignal; end(): void } {
    if (this.#open.size >= this.#max) {
      throw new ApiError('TooManyRequests', `${this.#max} watches and long polls are under way: try again later`);
    }
    const controller = new AbortController();
    this.#open.add(controller);
    const end = () => {
      this.#open.delete(controller);
      caller.removeEventListener('abort', end);
      controller.abort();
    };
    caller.addEventListener('abort', end);
    if (caller.aborted) end();
    return { signal: controller.signal, end };
  }

  get count(): number {
    return this.#open.size;
  }

  close(): void {
    for (const controller of this.#open) controller.abort();
    this.#open.clear();
  }
}

/** What has arrived and was not yet looked at; whoever looks first waits for it. */
export class MessageQueue<T> {
  readonly #messages: T[] = [];
  readonly #waiting: ((message: T) => void)[] = [];

  push(message: T): void {
    const waiting = this.#waiting.shift();
    if (waiting === undefined) this.#messages.push(message);
    else waiting(message);
  }

  /** The next one in order of arrival. */
  next(): Promise<T> {
    const message = this.#messages.shift();
    if (message !== undefined) return Promise.resolve(message);
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  /** How many have arrived that nobody has looked at. */
  get size(): number {
    return this.#messages.length;
  }
}

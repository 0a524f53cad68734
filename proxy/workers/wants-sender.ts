import type { FromWorker } from './messages.ts';

/**
 * Tells the main process which RouteConfigurations this worker has begun to use, and which it has let go of: what changes in
 * one turn of the event loop goes out together, and nothing while the last message has not been read. Of a name only its
 * newest state is kept, so there are never more than there are names.
 */
export class WantsSender {
  readonly #send: (message: FromWorker) => void;
  /** By name, whether it is wanted; not told yet. */
  readonly #untold = new Map<string, boolean>();
  #isScheduled = false;
  #isUnread = false;

  constructor(send: (message: FromWorker) => void) {
    this.#send = send;
  }

  want(name: string): void {
    this.#change(name, true);
  }

  release(name: string): void {
    this.#change(name, false);
  }

  taken(): void {
    this.#isUnread = false;
    this.#flush();
  }

  #change(name: string, isWanted: boolean): void {
    this.#untold.set(name, isWanted);
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    setImmediate(() => {
      this.#isScheduled = false;
      this.#flush();
    });
  }

  #flush(): void {
    if (this.#isUnread || this.#untold.size === 0) return;
    const names = (isWanted: boolean) => [...this.#untold].filter(([, is]) => is === isWanted).map(([name]) => name);
    this.#send({ kind: 'wants', wanted: names(true), released: names(false) });
    this.#untold.clear();
    this.#isUnread = true;
  }
}

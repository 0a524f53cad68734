import type { ResourceName } from '../xds/delta-state.ts';
import type { FromWorker } from './messages.ts';

/**
 * Tells the main process which resources this worker has begun to use, and which it has let go of: what changes in
 * one turn of the event loop goes out together, and nothing while the last message has not been read. Of a name only its
 * newest state is kept, so there are never more than there are names.
 */
export class WantsSender {
  readonly #send: (message: FromWorker) => void;
  /** By type and name, whether it is wanted; not told yet. */
  readonly #untold = new Map<string, { readonly name: ResourceName; readonly isWanted: boolean }>();
  #isScheduled = false;
  #isUnread = false;

  constructor(send: (message: FromWorker) => void) {
    this.#send = send;
  }

  want(name: ResourceName): void {
    this.#change(name, true);
  }

  release(name: ResourceName): void {
    this.#change(name, false);
  }

  taken(): void {
    this.#isUnread = false;
    this.#flush();
  }

  #change({ typeUrl, name }: ResourceName, isWanted: boolean): void {
    this.#untold.set(`${typeUrl} ${name}`, { name: { typeUrl, name }, isWanted });
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    setImmediate(() => {
      this.#isScheduled = false;
      this.#flush();
    });
  }

  #flush(): void {
    if (this.#isUnread || this.#untold.size === 0) return;
    const all = [...this.#untold.values()];
    const names = (wanted: boolean) => all.filter(({ isWanted }) => isWanted === wanted).map(({ name }) => name);
    this.#send({ kind: 'wants', wanted: names(true), released: names(false) });
    this.#untold.clear();
    this.#isUnread = true;
  }
}

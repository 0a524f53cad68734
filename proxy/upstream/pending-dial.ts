import type { Failure } from '../failure.ts';
import type { OpenedTransport } from '../transport/open-transport.ts';
import type { DialResult } from './dial.ts';

/**
 * Who has dialled. `isCounted`: the connection takes a place among the cluster's; a pool without any is allowed one that
 * does not.
 */
export interface Dialler {
  adopt(transport: OpenedTransport, isCounted: boolean): void;
  giveUp(failure: Failure, detail: string, isCounted: boolean): void;
}

/** A connection that is being opened, and whether it is counted. */
export class PendingDial implements DialResult {
  readonly #dialler: Dialler;
  readonly #isCounted: boolean;

  constructor(dialler: Dialler, isCounted: boolean) {
    this.#dialler = dialler;
    this.#isCounted = isCounted;
  }

  onConnected(transport: OpenedTransport): void {
    this.#dialler.adopt(transport, this.#isCounted);
  }

  onDialFailed(failure: Failure, detail: string): void {
    this.#dialler.giveUp(failure, detail, this.#isCounted);
  }
}

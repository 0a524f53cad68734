import type { Http2Stream } from './http2-stream.ts';

/**
 * The streams of a connection that have something to send and wait for the connection's window or its socket: one frame
 * each in turn, so that none takes all of a window.
 */
export class SendRound {
  readonly #waiting: Http2Stream[] = [];
  #isRunning = false;

  get isEmpty(): boolean {
    return this.#waiting.length === 0;
  }

  add(stream: Http2Stream): void {
    if (stream.isWaiting) return;
    stream.isWaiting = true;
    this.#waiting.push(stream);
  }

  /** Goes on as long as `canSend` says so. */
  run(canSend: () => boolean): void {
    if (this.#isRunning) return; // a receiver that is told to go on sends more
    this.#isRunning = true;
    while (this.#waiting.length > 0 && canSend()) {
      const stream = this.#waiting.shift() as Http2Stream; // there is one
      stream.isWaiting = false;
      if (stream.sendQueued()) this.add(stream);
    }
    this.#isRunning = false;
  }

  clear(): void {
    for (const stream of this.#waiting.splice(0)) stream.isWaiting = false;
  }
}

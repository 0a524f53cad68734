import type { FrameOutput } from './frame-output.ts';

/** The protocol's first window of a connection; a larger one is made by WINDOW_UPDATE (RFC 9113 section 6.9.2). */
const FIRST_WINDOW = 65_535;

/**
 * What the peer may send on a connection as a whole. Bytes are given back as they arrive, in steps of half a window, also
 * those that a paused stream holds, until all that is held amounts to a window: a slow reader stops only its own stream.
 */
export class ReceiveWindow {
  readonly #output: FrameOutput;
  readonly #size: number;
  #left = FIRST_WINDOW;
  #unreturned = 0;
  #held = 0;

  constructor(output: FrameOutput, size: number) {
    this.#output = output;
    this.#size = Math.max(size, FIRST_WINDOW);
  }

  /** Announces the window; once, behind the first SETTINGS. */
  announce(): void {
    if (this.#size === FIRST_WINDOW) return;
    this.#output.writeWindowUpdate(0, this.#size - FIRST_WINDOW);
    this.#left = this.#size;
  }

  /** DATA has come; false when the peer has overrun the window. */
  take(bytes: number): boolean {
    this.#left -= bytes;
    if (this.#left < 0) return false;
    this.#unreturned += bytes;
    return true;
  }

  /** Gives back what has been taken, when it is time. */
  giveBack(): void {
    if (this.#unreturned * 2 < this.#size || this.#held > this.#size) return;
    this.#output.writeWindowUpdate(0, this.#unreturned);
    this.#left += this.#unreturned;
    this.#unreturned = 0;
  }

  /** `bytes` more are held for paused receivers; fewer when negative. */
  hold(bytes: number): void {
    this.#held += bytes;
    if (bytes < 0) this.giveBack();
  }
}

import type { Buffer } from 'node:buffer';
import type { BodyPace, WaitingBody } from '../filter/shared-bandwidth.ts';
import { ByteQueue } from '../http2/byte-queue.ts';

/** Where a body comes from and where it goes. */
export interface BodyFlow {
  /** False asks to hold back until `unblock`. */
  send(buffer: Buffer, start: number, end: number, owned: boolean): boolean;
  end(trailers: string): void;
  pauseSource(): void;
  /** Never within a call that the source has made. */
  resumeSource(): void;
}

/**
 * One body on its way through a limit of bandwidth. What may not go on yet is kept, and its source is not read meanwhile: at
 * the most what one read has brought.
 *
 * ```
 *   source ─▶ [kept ≤ one read] ─▶ as much as the bandwidth allows ─▶ receiver
 *      ◀─ pause, while anything is kept or the receiver takes nothing ─┘
 * ```
 */
export class PacedBody implements WaitingBody {
  readonly pace: BodyPace;
  readonly #flow: BodyFlow;
  readonly #now: () => number;
  readonly #kept = new ByteQueue();
  #trailers: string | null = null;
  #isBlocked = false;
  #isOver = false;
  #hasBegun = false;
  #wasHeld = false;
  #beganAtMs = 0;
  #heldSinceMs = 0;
  /** What the limit has added. */
  delayMs = 0;
  /** From the first byte to the end. */
  transferMs = 0;

  constructor(pace: BodyPace, flow: BodyFlow, now: () => number) {
    this.pace = pace;
    this.#flow = flow;
    this.#now = now;
    pace.counters.enabled++;
  }

  get waitingBytes(): number {
    return this.#isBlocked ? 0 : this.#kept.length;
  }

  /** More has come from the source. */
  take(buffer: Buffer, start: number, end: number, owned: boolean): void {
    if (this.#isOver || start === end) return;
    const { bandwidth, counters } = this.pace;
    if (!this.#hasBegun) this.#begin();
    counters.incomingBytes += end - start;
    const isFree = this.#kept.length === 0 && !this.#isBlocked;
    const passed = isFree ? bandwidth.take(end - start) : 0;
    if (passed > 0) this.#send(buffer, start, start + passed, owned);
    if (this.#isOver) return;
    if (start + passed < end) this.#keep(buffer, start + passed, end, owned);
    if (this.#isBlocked || this.#kept.length > 0) this.#flow.pauseSource();
  }

  #begin(): void {
    this.#hasBegun = true;
    this.#beganAtMs = this.#now();
    this.pace.counters.pending++;
  }

  #keep(buffer: Buffer, start: number, end: number, owned: boolean): void {
    const { bandwidth, counters } = this.pace;
    if (this.#kept.length === 0) this.#heldSinceMs = this.#now();
    if (!this.#wasHeld) {
      this.#wasHeld = true;
      counters.enforced++;
    }
    this.#kept.push(buffer, start, end, owned);
    if (!this.#isBlocked) bandwidth.join(this);
  }

  pass(bytes: number): void {
    let left = bytes;
    while (left > 0 && !this.#isOver) {
      const piece = this.#kept.first();
      if (piece === undefined) break;
      const size = Math.min(left, piece.length);
      this.#kept.skip(size);
      left -= size;
      this.#send(piece, 0, size, true);
    }
    if (this.#isOver || this.#kept.length > 0) return;
    this.delayMs += this.#now() - this.#heldSinceMs;
    if (this.#trailers !== null) this.#finish(this.#trailers);
    else if (!this.#isBlocked) this.#flow.resumeSource();
  }

  #send(buffer: Buffer, start: number, end: number, owned: boolean): void {
    this.pace.counters.allowedBytes += end - start;
    if (!this.#flow.send(buffer, start, end, owned)) this.#isBlocked = true;
  }

  /** The source has said all: the end goes on behind what is kept. */
  end(trailers: string): void {
    if (this.#isOver) return;
    if (this.#kept.length > 0) this.#trailers = trailers;
    else this.#finish(trailers);
  }

  #finish(trailers: string): void {
    this.cancel();
    this.#flow.end(trailers);
  }

  /** The receiver takes nothing until `unblock`. */
  block(): void {
    this.#isBlocked = true;
    this.#flow.pauseSource();
  }

  unblock(): void {
    if (this.#isOver) return;
    this.#isBlocked = false;
    if (this.#kept.length > 0) this.pace.bandwidth.join(this);
    else this.#flow.resumeSource();
  }

  /** Nobody waits for it any more; what is kept is dropped. */
  cancel(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.pace.bandwidth.leave(this);
    this.#kept.clear();
    if (!this.#hasBegun) return;
    this.pace.counters.pending--;
    this.transferMs = this.#now() - this.#beganAtMs;
  }
}

import type { Buffer } from 'node:buffer';
import type { BodyPace } from '../filter/shared-bandwidth.ts';
import type { BodyFlow } from './paced-body.ts';
import { PacedBody } from './paced-body.ts';

/**
 * One body on its way through the limits of several filters, one behind the other: all of them hold, so the slowest decides.
 *
 * ```
 *   source ─▶ first ─▶ … ─▶ last ─▶ receiver
 *      ◀─ pause ─┴◀─ block ──┴◀─ block ─┘
 * ```
 */
export class PacedWay {
  /** From the source to the receiver. */
  readonly bodies: readonly PacedBody[];
  readonly #first: PacedBody;
  readonly #last: PacedBody;

  /** `paces`: one at least, in the order in which the body meets them. */
  constructor(paces: readonly BodyPace[], flow: BodyFlow, now: () => number) {
    const bodies: PacedBody[] = [];
    for (const [index, pace] of paces.entries()) {
      const { send, end } = index === paces.length - 1 ? flow : onTo(() => bodies[index + 1]);
      const { pauseSource, resumeSource } = index === 0 ? flow : backTo(bodies[index - 1] as PacedBody); // made just before
      bodies.push(new PacedBody(pace, { send, end, pauseSource, resumeSource }, now));
    }
    this.bodies = bodies;
    this.#first = bodies[0] as PacedBody; // one at least
    this.#last = bodies.at(-1) as PacedBody; // likewise
  }

  /** Something waits for its turn. */
  get isHolding(): boolean {
    return this.bodies.some(({ waitingBytes }) => waitingBytes > 0);
  }

  /** More has come from the source. */
  take(buffer: Buffer, start: number, end: number, owned: boolean): void {
    this.#first.take(buffer, start, end, owned);
  }

  /** The source has said all. */
  end(trailers: string): void {
    this.#first.end(trailers);
  }

  /** The receiver takes nothing until `unblock`. */
  block(): void {
    this.#last.block();
  }

  unblock(): void {
    this.#last.unblock();
  }

  /** Nobody waits for it any more; what is kept is dropped. */
  cancel(): void {
    for (const body of this.bodies) body.cancel();
  }
}

/** The next of them is made after the one that gives to it. */
function onTo(next: () => PacedBody | undefined): Pick<BodyFlow, 'send' | 'end'> {
  return {
    send: (buffer, start, end, owned) => {
      next()?.take(buffer, start, end, owned);
      return true; // where it takes no more it has said so by `block`
    },
    end: (trailers) => next()?.end(trailers),
  };
}

function backTo(before: PacedBody): Pick<BodyFlow, 'pauseSource' | 'resumeSource'> {
  return { pauseSource: () => before.block(), resumeSource: () => before.unblock() };
}

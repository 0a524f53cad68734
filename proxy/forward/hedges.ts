import type { Failure } from '../failure.ts';
import type { ResponseHead, UpstreamStream } from '../message-head.ts';
import { localOrigin } from '../resilience/outlier/outcome.ts';
import type { Attempt, AttemptOwner } from './attempt.ts';

/** Who has sent its request to several endpoints. */
export interface HedgeOwner {
  /** One of them has answered: whether that is thrown away, because another one may do better. */
  losesWith(attempt: Attempt, head: ResponseHead): boolean;
  /** Or else this attempt is the one that counts, and is nobody else's any more. */
  onHedgeWon(attempt: Attempt, head: ResponseHead): void;
  /** One goes on beside others no more: it gives back the retry of the budget that it held. */
  releaseHedge(): void;
  /** The last of them has failed, in this way. */
  onHedgesFailed(failure: Failure): void;
}

/**
 * Attempts that have run out of their time and go on while another one is made. Whichever answers first wins; the others are
 * reset. They have been sent whole, and nothing but their answers is of interest.
 *
 * Source: Envoy `HedgePolicy.hedge_on_per_try_timeout`; Dean and Barroso 2013, "The Tail at Scale", hedged requests.
 */
export class Hedges implements AttemptOwner {
  readonly #owner: HedgeOwner;
  readonly #attempts = new Set<Attempt>();

  constructor(owner: HedgeOwner) {
    this.#owner = owner;
  }

  get size(): number {
    return this.#attempts.size;
  }

  add(attempt: Attempt): void {
    attempt.cancelDeadlines();
    attempt.owner = this;
    this.#attempts.add(attempt);
  }

  /** The others have lost, or nobody waits any more. */
  giveUp(): void {
    for (const attempt of this.#attempts) {
      this.#take(attempt);
      attempt.leave(false);
    }
  }

  #take(attempt: Attempt): void {
    this.#attempts.delete(attempt);
    this.#owner.releaseHedge();
  }

  onAttemptAnswer(attempt: Attempt, head: ResponseHead): void {
    this.#take(attempt);
    if (this.#owner.losesWith(attempt, head)) attempt.reject(head, true);
    else this.#owner.onHedgeWon(attempt, head);
  }

  onAttemptFailure(attempt: Attempt, failure: Failure): void {
    this.#take(attempt);
    attempt.report(localOrigin.failed);
    attempt.leave(false);
    if (this.#attempts.size === 0) this.#owner.onHedgesFailed(failure);
  }

  /** Which attempt will be answered is not known yet, so none of them can speak for the others. */
  onAttemptInterim(_head: ResponseHead): void {}
  /** These never come: it has been sent, whole, and has no time of its own any more. */
  onAttemptReady(_attempt: Attempt, _stream: UpstreamStream): void {}
  onAttemptDrain(): void {}
  onAttemptTimeout(): void {}
}

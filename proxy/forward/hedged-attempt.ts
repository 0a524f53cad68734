import type { Buffer } from 'node:buffer';
import type { Endpoint } from '../cluster/endpoint.ts';
import type { Failure } from '../failure.ts';
import type { ResponseHead, ResponseReceiver, UpstreamStream } from '../message-head.ts';

/** Who has sent the request to several endpoints. */
export interface HedgeOwner {
  /** An answer: to be adopted, which passes on what follows of it, or let go. */
  onHedgeAnswer(attempt: HedgedAttempt, head: ResponseHead): void;
  onHedgeFailure(attempt: HedgedAttempt, failure: Failure): void;
}

/**
 * An attempt that has run out of its time and goes on while another one is made. Whichever answers first wins; the others are
 * reset. It has been sent whole, and nothing but its answer is of interest.
 *
 * Source: Envoy `HedgePolicy.hedge_on_per_try_timeout`; Dean and Barroso 2013, "The Tail at Scale", hedged requests.
 */
export class HedgedAttempt implements ResponseReceiver {
  readonly endpoint: Endpoint;
  readonly stream: UpstreamStream;
  /** By the environment's `now`. */
  readonly triedAtMs: number;
  readonly #owner: HedgeOwner;

  constructor(owner: HedgeOwner, endpoint: Endpoint, stream: UpstreamStream, triedAtMs: number) {
    this.#owner = owner;
    this.endpoint = endpoint;
    this.stream = stream;
    this.triedAtMs = triedAtMs;
    stream.redirect(this);
  }

  /** Gives it up: the connection carries another request where the whole answer is there. */
  leave(isAnswered: boolean): void {
    this.endpoint.activeRequests--;
    if (isAnswered) this.stream.release();
    else this.stream.abort();
  }

  onResponse(head: ResponseHead): void {
    this.#owner.onHedgeAnswer(this, head);
  }

  onUpstreamFailure(failure: Failure): void {
    this.endpoint.activeRequests--;
    this.#owner.onHedgeFailure(this, failure);
  }

  /** Which attempt will be answered is not known yet, so none of them can speak for the others. */
  onInterimResponse(_head: ResponseHead): void {}
  /** These three never come: an answer is adopted or let go when it begins, and the request has been sent. */
  onResponseBody(_buffer: Buffer, _start: number, _end: number, _owned: boolean): void {}
  onResponseEnd(_trailers: string): void {}
  onUpstreamDrain(): void {}
}

import type { Buffer } from 'node:buffer';
import type { AnswerWatch, FilterAnswer, FilterWatch, RequestWatch } from '../filter/request-filter.ts';
import { refused } from '../filter/request-filter.ts';
import type { ResponseHead } from '../message-head.ts';
import type { TimerWheel } from '../resilience/timer-wheel.ts';
import type { Flow } from './held-flow.ts';
import { HeldFlow } from './held-flow.ts';

/**
 * The filters that look at the bodies of a request and of its answer, as a chain: each is asked about each piece, and the one
 * that holds it up longest decides. Used again for later requests.
 */
export class BodyWatches {
  readonly request: HeldFlow;
  readonly answer: HeldFlow;
  readonly #ofRequest: RequestWatch[] = [];
  readonly #ofAnswer: AnswerWatch[] = [];

  constructor(wheel: TimerWheel, request: Flow, answer: Flow) {
    this.request = new HeldFlow(wheel, request);
    this.answer = new HeldFlow(wheel, answer);
  }

  get isHolding(): boolean {
    return this.request.isHeld || this.answer.isHeld;
  }

  add({ request, answer }: FilterWatch): void {
    if (request !== null) this.#ofRequest.push(request);
    if (answer !== null) this.#ofAnswer.push(answer);
  }

  /** The next bytes of the request: null where they go on, otherwise the answer of the first who refuses them. */
  takeRequest(buffer: Buffer, start: number, end: number): FilterAnswer | null {
    let holdMs = 0;
    for (const watch of this.#ofRequest) {
      const verdict = watch.takes(buffer, start, end);
      if (verdict === refused && watch.refusal !== null) return watch.refusal;
      if (verdict > holdMs) holdMs = verdict;
    }
    if (holdMs > 0) this.request.hold(holdMs);
    return null;
  }

  beginAnswer(head: ResponseHead): void {
    let holdMs = 0;
    for (const watch of this.#ofAnswer) holdMs = Math.max(holdMs, watch.begins(head));
    if (holdMs > 0 && !head.isComplete) this.answer.hold(holdMs);
  }

  takeAnswer(buffer: Buffer, start: number, end: number): void {
    let holdMs = 0;
    for (const watch of this.#ofAnswer) holdMs = Math.max(holdMs, watch.takes(buffer, start, end));
    if (holdMs > 0) this.answer.hold(holdMs);
  }

  /** The request is over. */
  end(): void {
    this.#ofRequest.length = 0;
    this.#ofAnswer.length = 0;
    this.request.end();
    this.answer.end();
  }
}

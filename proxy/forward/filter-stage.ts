import type { Buffer } from 'node:buffer';
import type { Failure } from '../failure.ts';
import type {
  EndedRequest,
  FilterAnswer,
  FilterEdit,
  FilteredRequest,
  FilterReply,
  FilterVerdict,
  FilterWait,
  FilterWatch,
  RequestFilter,
} from '../filter/request-filter.ts';
import type { ResponseHead } from '../message-head.ts';
import type { TimerWheel } from '../resilience/timer-wheel.ts';
import type { HeaderEdit } from '../route/route.ts';
import { BodyWatches } from './body-watches.ts';
import type { Flow } from './held-flow.ts';

/** A request as its filters have it. */
export interface FilteredExchange extends FilteredRequest, EndedRequest {
  /** All filters have let it go on. */
  onPassed(): void;
  /** One of them refuses it, at once or when it has begun to go on. */
  onRefused(answer: FilterAnswer): void;
  /** One of them answers it, and that is no failure. */
  onReplied(reply: FilterReply): void;
  /** It was held up; for the log. */
  noteHoldUp(failure: Failure): void;
}

/**
 * What the filters of its route make of a request: they are asked one after the other, and may hold it up, answer it, change
 * its answer or watch the bodies. Made for the first request of an exchange whose route has filters, and used again.
 *
 * ```
 *   begin ─ filter ─ filter ─ … ─► onPassed          end ─ onEnd of those that have let it go on
 *             │ wait      └──────► onRefused, onReplied
 *             └─ (time passes) ─ filter ─ …
 * ```
 */
export class FilterStage {
  readonly #exchange: FilteredExchange;
  readonly #wheel: TimerWheel;
  readonly #request: Flow;
  readonly #answer: Flow;
  #filters: readonly RequestFilter[] = [];
  /** As many have let the request go on. */
  #passed = 0;
  #edit: HeaderEdit | null = null;
  /** While a filter holds the request up: makes the outcome be of no interest. */
  #cancelWait: (() => void) | null = null;
  /** Null where no filter looks at the bodies; the other one is made for the first request that has such a filter. */
  #watches: BodyWatches | null = null;
  #spareWatches: BodyWatches | null = null;

  /** `request` and `answer` are where the bodies come from. */
  constructor(exchange: FilteredExchange, wheel: TimerWheel, request: Flow, answer: Flow) {
    this.#exchange = exchange;
    this.#wheel = wheel;
    this.#request = request;
    this.#answer = answer;
  }

  /** Header lines of the answer, whoever gives it, as the filters want them. */
  edit(lines: string): string {
    return this.#edit === null ? lines : this.#edit.apply(lines);
  }

  /** A body is held up: silence is no sign of anything. */
  get isHolding(): boolean {
    return this.#watches?.isHolding === true;
  }

  begin(filters: readonly RequestFilter[]): void {
    this.#filters = filters;
    this.#passed = 0;
    this.#edit = null;
    this.#ask();
  }

  #ask(): void {
    const filters = this.#filters;
    for (; this.#passed < filters.length; this.#passed++) {
      const filter = filters[this.#passed] as RequestFilter; // below the length
      if (!this.#heed(filter.onRequest(this.#exchange))) return;
    }
    this.#exchange.onPassed();
  }

  /** Whether the request goes on at once. */
  #heed(verdict: FilterVerdict): boolean {
    if (verdict === null) return true;
    switch (verdict.kind) {
      case 'edit':
        this.#addEdit(verdict);
        return true;
      case 'watch':
        this.#addWatch(verdict);
        return true;
      case 'answer':
        this.#exchange.onRefused(verdict);
        return false;
      case 'reply':
        this.#exchange.onReplied(verdict);
        return false;
      case 'wait':
        this.#holdUp(verdict);
        return false;
    }
  }

  #addEdit({ edit }: FilterEdit): void {
    const before = this.#edit;
    this.#edit = before === null ? edit : { apply: (block) => edit.apply(before.apply(block)) };
  }

  #addWatch(watch: FilterWatch): void {
    this.#spareWatches ??= new BodyWatches(this.#wheel, this.#request, this.#answer);
    this.#watches = this.#spareWatches;
    this.#watches.add(watch);
  }

  #holdUp({ failure, start }: FilterWait): void {
    if (!this.#exchange.head.isComplete) this.#request.pause();
    this.#cancelWait = start((verdict) => {
      this.#cancelWait = null;
      if (failure !== null) this.#exchange.noteHoldUp(failure);
      if (!this.#heed(verdict)) return;
      this.#passed++;
      this.#ask();
    });
  }

  /** The next bytes of the request's body have come: whether they may go on. */
  takeRequest(buffer: Buffer, start: number, end: number): boolean {
    const refusal = this.#watches === null ? null : this.#watches.takeRequest(buffer, start, end);
    if (refusal === null) return true;
    this.#exchange.onRefused(refusal);
    return false;
  }

  /** The service has begun to answer, and these would be the lines for the client. */
  onAnswer(head: ResponseHead, lines: string): string {
    this.#watches?.beginAnswer(head);
    return this.edit(lines);
  }

  takeAnswer(buffer: Buffer, start: number, end: number): void {
    this.#watches?.takeAnswer(buffer, start, end);
  }

  /** Whoever takes the request's body asks to wait. */
  requestStopped(): void {
    this.#watches?.request.stop();
  }

  /** And takes it again: whether it may be read. */
  mayReadRequest(): boolean {
    return this.#watches === null || this.#watches.request.mayFlow();
  }

  /** As those two, for the client and the answer. */
  answerStopped(): void {
    this.#watches?.answer.stop();
  }

  mayReadAnswer(): boolean {
    return this.#watches === null || this.#watches.answer.mayFlow();
  }

  /** The request is over, however it ended. */
  end(): void {
    if (this.#cancelWait !== null) {
      this.#cancelWait();
      this.#cancelWait = null;
    }
    if (this.#watches !== null) {
      this.#watches.end();
      this.#watches = null;
    }
    const filters = this.#filters;
    for (let i = 0; i < this.#passed; i++) filters[i]?.onEnd?.(this.#exchange);
    this.#passed = 0;
    this.#edit = null;
  }
}

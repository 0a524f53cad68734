import type { Buffer } from 'node:buffer';
import type {
  FilterAnswer,
  FilterEdit,
  FilterPace,
  FilterReply,
  FilterVerdict,
  FilterWait,
  FilterWatch,
  RequestFilter,
} from '../filter/request-filter.ts';
import type { ResponseHead } from '../message-head.ts';
import type { HeaderEdit } from '../route/route.ts';
import type { ExchangeRecord } from './exchange-record.ts';
import { PacedBodies } from './paced-bodies.ts';
import type { BodyFlow } from './paced-body.ts';

/** Who is responsible for a request, and does with it what its filters say. */
export interface FilterOwner {
  /** All filters have let it go on. */
  onPassed(): void;
  /** One of them refuses it, at once or when it has begun to go on. */
  onRefused(answer: FilterAnswer): void;
  /** One of them answers it, and that is no failure. */
  onReplied(reply: FilterReply): void;
}

/**
 * What the filters of its route make of a request: they are asked one after the other, and may hold it up, answer it, change
 * its answer, watch the body or slow bodies down. Made for the first request of an exchange whose route has filters, and used again.
 *
 * ```
 *   begin ─ filter ─ filter ─ … ─► onPassed          end ─ onEnd of those that have let it go on
 *             │ wait      └──────► onRefused, onReplied
 *             └─ (time passes) ─ filter ─ …
 * ```
 */
export class FilterStage {
  readonly #owner: FilterOwner;
  readonly #record: ExchangeRecord;
  readonly #now: () => number;
  readonly #request: BodyFlow;
  readonly #answer: BodyFlow;
  #filters: readonly RequestFilter[] = [];
  /** As many have let the request go on. */
  #passed = 0;
  #edit: HeaderEdit | null = null;
  /** While a filter holds the request up: makes the outcome be of no interest. */
  #cancelWait: (() => void) | null = null;
  /** Look at the request's body. */
  readonly #watches: FilterWatch[] = [];
  /** Slow bodies down. */
  readonly #paces: FilterPace[] = [];
  /** Null where no filter slows bodies down, or some have not been asked yet. */
  #paced: PacedBodies | null = null;

  /** `flows` are the ways of the bodies, behind the filters; `now` is in monotonic milliseconds. */
  constructor(
    owner: FilterOwner,
    record: ExchangeRecord,
    flows: { readonly request: BodyFlow; readonly answer: BodyFlow },
    now: () => number,
  ) {
    this.#owner = owner;
    this.#record = record;
    this.#now = now;
    this.#request = flows.request;
    this.#answer = flows.answer;
  }

  /** Header lines of the answer, whoever gives it, as the filters want them. */
  edit(lines: string): string {
    return this.#edit === null ? lines : this.#edit.apply(lines);
  }

  /** A body is held up: silence is no sign of anything. */
  get isHolding(): boolean {
    return this.#paced?.isHolding === true;
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
      if (!this.#heed(filter.onRequest(this.#record))) return;
    }
    if (this.#paces.length > 0) {
      this.#paced = new PacedBodies(this.#paces, this.#record.head, this.#request, this.#answer, this.#now);
    }
    this.#owner.onPassed();
  }

  /** Whether the request goes on at once. */
  #heed(verdict: FilterVerdict): boolean {
    if (verdict === null) return true;
    switch (verdict.kind) {
      case 'edit':
        this.#addEdit(verdict);
        return true;
      case 'watch':
        this.#watches.push(verdict);
        return true;
      case 'pace':
        this.#paces.push(verdict);
        return true;
      case 'answer':
        this.#owner.onRefused(verdict);
        return false;
      case 'reply':
        this.#owner.onReplied(verdict);
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

  #holdUp({ failure, start }: FilterWait): void {
    if (!this.#record.head.isComplete) this.#request.pauseSource();
    this.#cancelWait = start((verdict) => {
      this.#cancelWait = null;
      if (failure !== null) this.#record.failure = failure;
      this.#record.passedAtMs = this.#now();
      if (!this.#heed(verdict)) return;
      this.#passed++;
      this.#ask();
    });
  }

  /** The next bytes of the request's body have come: whether they go on now. */
  takeRequest(buffer: Buffer, start: number, end: number, owned: boolean): boolean {
    for (const watch of this.#watches) {
      if (watch.takes(buffer, start, end)) continue;
      this.#owner.onRefused(watch.refusal);
      return false;
    }
    const paced = this.#paced === null ? null : this.#paced.request;
    if (paced === null) return true;
    paced.take(buffer, start, end, owned);
    return false;
  }

  /** Its end has come: whether that goes on now. */
  endRequest(trailers: string): boolean {
    const paced = this.#paced === null ? null : this.#paced.request;
    paced?.end(trailers);
    return paced === null;
  }

  /** The service has begun to answer, and these would be the lines for the client. The head may lose its body: `afterHead`. */
  onAnswer(head: ResponseHead, lines: string): string {
    this.#paced?.onAnswer(head);
    const filters = this.#filters;
    for (let i = 0; i < this.#passed; i++) filters[i]?.onAnswer?.(this.#record);
    return this.edit(lines);
  }

  afterHead(): void {
    this.#paced?.afterHead();
  }

  /** As those two of the request. */
  takeAnswer(buffer: Buffer, start: number, end: number, owned: boolean): boolean {
    const paced = this.#paced === null ? null : this.#paced.answer;
    if (paced === null) return true;
    paced.take(buffer, start, end, owned);
    return false;
  }

  endAnswer(trailers: string): boolean {
    const paced = this.#paced === null ? null : this.#paced.answer;
    paced?.end(trailers);
    return paced === null;
  }

  /** Whoever takes the request's body asks to wait. */
  requestStopped(): void {
    this.#paced?.request?.block();
  }

  /** And takes it again: whether it may be read at once; otherwise it will be. */
  mayReadRequest(): boolean {
    const paced = this.#paced === null ? null : this.#paced.request;
    paced?.unblock();
    return paced === null;
  }

  /** As those two, for the client and the answer. */
  answerStopped(): void {
    this.#paced?.answer?.block();
  }

  mayReadAnswer(): boolean {
    const paced = this.#paced === null ? null : this.#paced.answer;
    paced?.unblock();
    return paced === null;
  }

  /** The request is over, however it ended. */
  end(): void {
    if (this.#cancelWait !== null) {
      this.#cancelWait();
      this.#cancelWait = null;
    }
    if (this.#watches.length > 0) this.#watches.length = 0;
    if (this.#paced !== null) {
      this.#paced.cancel();
      this.#paced = null;
    }
    if (this.#paces.length > 0) {
      for (const { release } of this.#paces) release?.();
      this.#paces.length = 0;
    }
    const filters = this.#filters;
    for (let i = 0; i < this.#passed; i++) filters[i]?.onEnd?.(this.#record);
    this.#passed = 0;
    this.#edit = null;
  }
}

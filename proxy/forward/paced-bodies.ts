import { Buffer } from 'node:buffer';
import type { FilterPace } from '../filter/request-filter.ts';
import type { BodyPace } from '../filter/shared-bandwidth.ts';
import type { RequestHead, ResponseHead } from '../message-head.ts';
import type { BodyFlow, PacedBody } from './paced-body.ts';
import { PacedWay } from './paced-way.ts';

/** The bodies of a request and of its answer under limits of bandwidth; null for one that is under none. */
export class PacedBodies {
  readonly request: PacedWay | null;
  readonly #paces: readonly FilterPace[];
  readonly #answerFlow: BodyFlow;
  readonly #now: () => number;
  #answer: PacedWay | null = null;
  /** What came with the head of the answer. */
  #first = '';
  #isWhole = false;

  /** `paces`: in the order of the filters, which the answer meets the other way round. */
  constructor(paces: readonly FilterPace[], head: RequestHead, request: BodyFlow, answer: BodyFlow, now: () => number) {
    this.#paces = paces;
    this.#answerFlow = answer;
    this.#now = now;
    const hasMore = !head.isComplete || head.upgrade !== '';
    this.request = hasMore ? wayThrough(pacesOf(paces, 'request'), request, now) : null;
  }

  /** Of the answer, from `onAnswer` on. */
  get answer(): PacedWay | null {
    return this.#answer;
  }

  /** Something waits for its turn. */
  get isHolding(): boolean {
    return this.request?.isHolding === true || this.#answer?.isHolding === true;
  }

  /** Takes the bytes of the body out of the head: they come behind it, with `afterHead`. */
  onAnswer(head: ResponseHead): void {
    if (head.isComplete && head.body === '') return;
    const { send, pauseSource, resumeSource, end } = this.#answerFlow;
    const withTrailers = (trailers: string) => end(trailers + this.#delayTrailers());
    const flow = { send, pauseSource, resumeSource, end: withTrailers };
    this.#answer = wayThrough(pacesOf(this.#paces, 'response').toReversed(), flow, this.#now);
    if (this.#answer === null) return;
    this.#first = head.body;
    this.#isWhole = head.isComplete;
    head.body = '';
    head.isComplete = false;
  }

  /** The head of the answer has been sent. */
  afterHead(): void {
    const answer = this.#answer;
    if (answer === null) return;
    const first = Buffer.from(this.#first, 'latin1');
    this.#first = '';
    answer.take(first, 0, first.length, true);
    if (this.#isWhole) answer.end('');
  }

  /** Said behind the last byte, when all bodies of the way are over. */
  #delayTrailers(): string {
    let lines = '';
    for (const { request, response, trailerPrefix } of this.#paces) {
      if (trailerPrefix === null) continue;
      const start = trailerPrefix === '' ? 'bandwidth' : `${trailerPrefix}-bandwidth`;
      lines += linesOf(`${start}-request`, bodyAt(this.request, request));
      lines += linesOf(`${start}-response`, bodyAt(this.#answer, response));
    }
    return lines;
  }

  /** The request is over. */
  cancel(): void {
    this.request?.cancel();
    this.#answer?.cancel();
  }
}

function pacesOf(paces: readonly FilterPace[], direction: 'request' | 'response'): BodyPace[] {
  return paces.flatMap((pace) => pace[direction] ?? []);
}

function wayThrough(paces: readonly BodyPace[], flow: BodyFlow, now: () => number): PacedWay | null {
  return paces.length === 0 ? null : new PacedWay(paces, flow, now);
}

function bodyAt(way: PacedWay | null, pace: BodyPace | null): PacedBody | null {
  return way?.bodies.find((body) => body.pace === pace) ?? null;
}

/** Envoy `enable_response_trailers`; nothing of a body that was not held up. */
function linesOf(start: string, body: PacedBody | null): string {
  if (body === null || body.delayMs === 0) return '';
  return `${start}-delay-ms: ${Math.round(body.transferMs)}\r\n${start}-filter-delay-ms: ${Math.round(body.delayMs)}\r\n`;
}

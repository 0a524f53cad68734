import { Buffer } from 'node:buffer';
import type { FilterPace } from '../filter/request-filter.ts';
import type { RequestHead, ResponseHead } from '../message-head.ts';
import type { BodyFlow } from './paced-body.ts';
import { PacedBody } from './paced-body.ts';

/** The bodies of a request and of its answer under a limit of bandwidth; null for one that is under none. */
export class PacedBodies {
  readonly request: PacedBody | null;
  readonly #pace: FilterPace;
  readonly #answerFlow: BodyFlow;
  readonly #now: () => number;
  #answer: PacedBody | null = null;
  /** What came with the head of the answer. */
  #first = '';
  #isWhole = false;

  constructor(pace: FilterPace, head: RequestHead, request: BodyFlow, answer: BodyFlow, now: () => number) {
    this.#pace = pace;
    this.#answerFlow = answer;
    this.#now = now;
    const hasMore = !head.isComplete || head.upgrade !== '';
    this.request = pace.request === null || !hasMore ? null : new PacedBody(pace.request, request, now);
  }

  /** Of the answer, from `onAnswer` on. */
  get answer(): PacedBody | null {
    return this.#answer;
  }

  /** Something waits for its turn. */
  get isHolding(): boolean {
    return (this.request?.waitingBytes ?? 0) > 0 || (this.#answer?.waitingBytes ?? 0) > 0;
  }

  /** Takes the bytes of the body out of the head: they come behind it, with `afterHead`. */
  onAnswer(head: ResponseHead): void {
    const { response } = this.#pace;
    if (response === null || (head.isComplete && head.body === '')) return;
    const { send, pauseSource, resumeSource, end } = this.#answerFlow;
    const withTrailers = (trailers: string) => end(trailers + this.#delayTrailers());
    this.#answer = new PacedBody(response, { send, pauseSource, resumeSource, end: withTrailers }, this.#now);
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

  #delayTrailers(): string {
    const { trailerPrefix } = this.#pace;
    if (trailerPrefix === null) return '';
    const start = trailerPrefix === '' ? 'bandwidth' : `${trailerPrefix}-bandwidth`;
    return linesOf(`${start}-request`, this.request) + linesOf(`${start}-response`, this.#answer);
  }

  /** The request is over. */
  cancel(): void {
    this.request?.cancel();
    this.#answer?.cancel();
  }
}

/** Envoy `enable_response_trailers`; nothing of a body that was not held up. */
function linesOf(start: string, body: PacedBody | null): string {
  if (body === null || body.delayMs === 0) return '';
  return `${start}-delay-ms: ${Math.round(body.transferMs)}\r\n${start}-filter-delay-ms: ${Math.round(body.delayMs)}\r\n`;
}

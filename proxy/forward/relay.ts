import type { Buffer } from 'node:buffer';
import type { Failure } from '../failure.ts';
import type { DownstreamStream, RequestHead, ResponseHead } from '../message-head.ts';
import type { HeaderEdit } from '../route/route.ts';
import type { AnswerReceiver } from './answer-receiver.ts';
import { ExchangeRecord } from './exchange-record.ts';
import type { FilterStage } from './filter-stage.ts';
import type { DownstreamPeer, ForwardEnvironment } from './forward-environment.ts';
import type { Mirrors } from './mirrors.ts';
import type { BodyFlow } from './paced-body.ts';
import type { RequestDeadline } from './request-deadline.ts';
import type { StallWatch } from './stall-watch.ts';
import { UpstreamRequest } from './upstream-request.ts';

/** Who is responsible for a request, and hears how it comes to its end. */
export interface RelayOwner {
  /** The answer is whole, and so is the request; the end is still to be told to the client, with these trailers. */
  onAnswered(trailers: string): void;
  /** As `AnswerReceiver` has these two. */
  onCutOff(): void;
  onNoAnswer(failure: Failure, detail: string): void;
  /** More has come of a request than there is any place for. */
  onUnwanted(): void;
}

/**
 * What goes between client and upstream once a request is on its way: its body one way, the answer the other way, each held
 * back as long as the other side takes no more; or the bytes of a tunnel. Filters and mirrors get their share here.
 *
 * ```
 *   client ─ takeRequest ─ filters ─┬───────────────▶ UpstreamRequest
 *      ▲                            └─ mirrors              │
 *      └────── filters ◀── onAnswer … onAnswerEnd ◀─────────┘
 * ```
 */
export class Relay implements AnswerReceiver {
  readonly upstream: UpstreamRequest;
  readonly record: ExchangeRecord;
  /** What the filters of its route make of the request; null where that has none. */
  filters: FilterStage | null = null;
  mirrors: Mirrors | null = null;
  /** Changes to the answer: those of the route with those of its destination. */
  responseHeaders: HeaderEdit | null = null;
  /** The client has got a part of an upstream's answer. */
  hasBegun = false;
  /** The protocol was changed: bytes go both ways until each side has ended. */
  isTunnel = false;
  /** One of the two sides of a tunnel has, and has been told so. */
  hasTunnelAnswerEnded = false;
  readonly #environment: ForwardEnvironment;
  readonly #stream: DownstreamStream;
  readonly #owner: RelayOwner;
  readonly #deadline: RequestDeadline;
  readonly #stalls: StallWatch;

  constructor(
    environment: ForwardEnvironment,
    peer: DownstreamPeer,
    stream: DownstreamStream,
    owner: RelayOwner,
    deadline: RequestDeadline,
    stalls: StallWatch,
  ) {
    this.upstream = new UpstreamRequest(environment, peer, this);
    this.record = new ExchangeRecord(environment, peer, this.upstream);
    this.#environment = environment;
    this.#stream = stream;
    this.#owner = owner;
    this.#deadline = deadline;
    this.#stalls = stalls;
  }

  /** A request has come. */
  begin(head: RequestHead): void {
    this.record.begin(head);
    this.upstream.begin(head, this.record.startedAtMs);
    this.responseHeaders = null;
    this.hasBegun = false;
    this.isTunnel = false;
    this.hasTunnelAnswerEnded = false;
  }

  takeRequest(buffer: Buffer, start: number, end: number, owned: boolean): void {
    this.record.requestBytes += end - start;
    this.#stalls.touch();
    if (this.filters !== null && !this.filters.takeRequest(buffer, start, end, owned)) return;
    this.#passRequest(buffer, start, end, owned);
  }

  #passRequest(buffer: Buffer, start: number, end: number, owned: boolean): void {
    if (this.mirrors !== null) this.mirrors.sendBody(buffer, start, end);
    // answered already: the rest is not wanted; before that, reading is paused and nothing can arrive
    if (!this.upstream.sendBody(buffer, start, end, owned)) this.#owner.onUnwanted();
  }

  endRequest(trailers: string): void {
    if (this.filters === null || this.filters.endRequest(trailers)) this.#passRequestEnd(trailers);
  }

  #passRequestEnd(trailers: string): void {
    if (this.mirrors !== null) this.mirrors.end(trailers);
    this.upstream.endRequest(trailers);
    if (!this.isTunnel) this.#deadline.onRequestEnd();
    else if (this.hasTunnelAnswerEnded) this.#owner.onAnswered('');
  }

  pauseRequest(): void {
    if (this.filters !== null) this.filters.requestStopped();
    this.#stream.pauseRequest();
  }

  resumeRequest(): void {
    if (this.filters === null || this.filters.mayReadRequest()) this.#stream.resumeRequest();
  }

  #pauseAnswer(): void {
    if (this.filters !== null) this.filters.answerStopped();
    this.upstream.pauseResponse();
  }

  resumeAnswer(): void {
    if (this.filters === null || this.filters.mayReadAnswer()) this.upstream.resumeResponse();
  }

  touch(): void {
    this.#stalls.touch();
  }

  leftMs(): number {
    return this.#deadline.leftMs();
  }

  onInterimAnswer(head: ResponseHead): void {
    this.#stream.sendInterim(head);
  }

  onAnswer(head: ResponseHead): void {
    const { record, upstream } = this;
    record.status = head.status;
    record.grpcStatus = upstream.grpcStatus;
    if (upstream.isExhausted) record.failure = 'retryLimitExceeded';
    record.respondedAtMs = this.#environment.now();
    record.responseBytes = head.body.length;
    const lines = this.#linesFor(head);
    this.hasBegun = true;
    if (head.framing === 'tunnel') this.#beginTunnel();
    const isFlowing = this.#stream.sendResponse(head, lines);
    if (head.isComplete) {
      record.endedAtMs = record.respondedAtMs;
      this.#owner.onAnswered('');
      return;
    }
    if (!isFlowing) this.#pauseAnswer();
    if (this.filters !== null) this.filters.afterHead();
  }

  /** The header lines of the answer as the client gets them. */
  #linesFor(head: ResponseHead): string {
    const { record, upstream, responseHeaders } = this;
    let lines = head.block;
    if (responseHeaders !== null) lines = responseHeaders.apply(lines);
    if (this.filters !== null) lines = this.filters.onAnswer(head, lines);
    if (this.#environment.direction === 'outbound') {
      lines += `x-envoy-upstream-service-time: ${Math.round(record.respondedAtMs - record.passedAtMs)}\r\n`;
    }
    const { answerLines } = upstream;
    return answerLines === '' ? lines : lines + answerLines;
  }

  /** The request counts as 101 whatever the upstream's version calls it, and is recorded when the tunnel ends. */
  #beginTunnel(): void {
    this.record.status = 101;
    this.isTunnel = true;
    this.#deadline.cancelAnswer();
    if (!this.record.head.isComplete) this.resumeRequest();
  }

  onAnswerBody(buffer: Buffer, start: number, end: number, owned: boolean): void {
    this.record.responseBytes += end - start;
    this.#stalls.touch();
    if (this.filters !== null && !this.filters.takeAnswer(buffer, start, end, owned)) return;
    if (!this.#stream.sendResponseBody(buffer, start, end, owned)) this.#pauseAnswer();
  }

  onAnswerEnd(trailers: string): void {
    if (this.filters === null || this.filters.endAnswer(trailers)) this.#passAnswerEnd(trailers);
  }

  #passAnswerEnd(trailers: string): void {
    if (this.isTunnel && !this.upstream.isRequestEnded) {
      this.hasTunnelAnswerEnded = true;
      this.#stream.endResponse('');
      return;
    }
    this.record.grpcStatus = this.upstream.grpcStatus;
    this.#owner.onAnswered(trailers);
  }

  onCutOff(): void {
    this.#owner.onCutOff();
  }

  onNoAnswer(failure: Failure, detail: string): void {
    this.#owner.onNoAnswer(failure, detail);
  }

  /** The request is over, whatever the client has got. */
  finish(status: number): void {
    const { upstream, mirrors, record } = this;
    record.status = status;
    upstream.finish(status);
    if (mirrors !== null) {
      if (!upstream.isRequestEnded) mirrors.abort();
      this.mirrors = null;
    }
    if (record.endedAtMs === 0) record.endedAtMs = this.#environment.now();
    if (this.filters !== null) {
      this.filters.end();
      this.filters = null;
    }
    this.#environment.recorder.record(record);
  }

  /** The way of the request's body behind its filters, and that of the answer's. */
  flows(): { readonly request: BodyFlow; readonly answer: BodyFlow } {
    const stream = this.#stream;
    const { upstream } = this;
    return {
      request: {
        send: (buffer, start, end, owned) => {
          this.#passRequest(buffer, start, end, owned);
          return true; // who takes no more has said so by `pauseRequest`
        },
        end: (trailers) => this.#passRequestEnd(trailers),
        pauseSource: () => stream.pauseRequest(),
        resumeSource: () => stream.resumeRequest(),
      },
      answer: {
        send: (buffer, start, end, owned) => {
          this.#stalls.touch();
          return stream.sendResponseBody(buffer, start, end, owned);
        },
        end: (trailers) => this.#passAnswerEnd(trailers),
        pauseSource: () => upstream.pauseResponse(),
        resumeSource: () => upstream.resumeResponse(),
      },
    };
  }
}

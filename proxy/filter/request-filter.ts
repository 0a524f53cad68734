import type { Buffer } from 'node:buffer';
import type { Failure } from '../failure.ts';
import type { RequestHead } from '../message-head.ts';
import type { BodyPace } from './shared-bandwidth.ts';

/** A request as filters see it: valid during the call alone. */
export interface FilteredRequest {
  readonly head: RequestHead;
  /** Who sent it, as far as that was verified. */
  readonly peer: {
    /** SPIFFE id; empty on connections without mTLS. */
    readonly principal: string;
    readonly address: string;
  };
}

/** The request is not forwarded, and answered by the sidecar. */
export interface FilterAnswer {
  readonly kind: 'answer';
  /** Names the reason, in the answer as in the access log. */
  readonly failure: Failure;
  /** HTTP status; 0 is the failure's own. */
  readonly status: number;
  /** gRPC status for those who call; -1 is the failure's own. */
  readonly grpcStatus: number;
  readonly detail: string;
  /** Header lines beside those of every answer, each ending in CRLF. */
  readonly lines: string;
  /** The document that asks for this, as `RouteOrigin` writes it; empty where the route's own rule does. */
  readonly rule: string;
}

/** The request is held up. */
export interface FilterWait {
  readonly kind: 'wait';
  /** Why, for the access log when it is answered after all; null says nothing. */
  readonly failure: Failure | null;
  /**
   * Begins to wait. `resume` is called once, never within this call; null, an edit and a pace let the request go on. What is
   * returned makes it not be called any more.
   */
  start(resume: (verdict: FilterAnswer | FilterEdit | FilterPace | null) => void): () => void;
}

/** The request is answered by the sidecar, as its rule asks for: no failure. */
export interface FilterReply {
  readonly kind: 'reply';
  readonly status: number;
  /** Header lines, each ending in CRLF. */
  readonly lines: string;
}

/** The request may go on, and its answer is changed, whoever gives it. */
export interface FilterEdit {
  readonly kind: 'edit';
  readonly edit: { apply(block: string): string };
}

/**
 * The request may go on as long as its body is as it should be. Several filters of a route may say this: they are asked about
 * each piece in their order.
 */
export interface FilterWatch {
  readonly kind: 'watch';
  /** Whether the next bytes of the body, in the framing of the head, may go on too. */
  takes(buffer: Buffer, start: number, end: number): boolean;
  /** For a request of which they may not; where an answer has begun, that is cut off. */
  readonly refusal: FilterAnswer;
}

/**
 * The request may go on, and its body and its answer's no faster than these allow; null leaves one alone. Several filters of a
 * route may say this: the slowest decides. What the sidecar answers itself is not held up.
 */
export interface FilterPace {
  readonly kind: 'pace';
  /** Behind what came with the head. */
  readonly request: BodyPace | null;
  readonly response: BodyPace | null;
  /** Begins the names of trailers of the answer that tell how long it took; null for none. */
  readonly trailerPrefix: string | null;
  /** Called once when the request is over, however it ended; null where nobody wants to know. */
  readonly release: (() => void) | null;
}

/** What a filter says of a request; null, which costs nothing, is that it may go on. */
export type FilterVerdict = FilterAnswer | FilterReply | FilterWait | FilterEdit | FilterWatch | FilterPace | null;

/**
 * A rule that a route has for its requests, asked once for each before it is forwarded, redirected or answered. One filter
 * serves all requests of its route at the same time.
 *
 * A route without filters has null for a list of them: one comparison. Filters are asked in the order in which they stand
 * (`compile-filters.ts` puts them into that of `proto/filter-order.ts`), until one answers.
 *
 * Source: Envoy `StreamDecoderFilter::decodeHeaders`.
 */
export interface RequestFilter {
  onRequest(request: FilteredRequest): FilterVerdict;
  /** The service has begun to answer a request that this filter has let go on: of how it ended, only that is known. */
  onAnswer?(request: EndedRequest): void;
  /** A request is over that this filter has let go on, however it ended. */
  onEnd?(request: EndedRequest): void;
}

/** How a request ended: valid during the call alone. Times are monotonic milliseconds. */
export interface EndedRequest {
  readonly head: RequestHead;
  /** What the client got; 0 when it went away before. */
  readonly status: number;
  /** -1 where it was no gRPC call, or nobody said. */
  readonly grpcStatus: number;
  readonly startedAtMs: number;
  /** When filters that had held it up let it go on; the same as that where none had. */
  readonly passedAtMs: number;
  /** 0 where the service has not answered. */
  readonly respondedAtMs: number;
  readonly endedAtMs: number;
}

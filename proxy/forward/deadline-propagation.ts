import type { OutgoingRequest } from '../message-head.ts';
import { expectedTimeLine, grpcTimeoutLine, withoutGrpcTimeout } from './expected-time.ts';

/**
 * Tells each attempt until when its answer is of use, for an upstream that can give up earlier (gRPC, "deadline propagation").
 * Used again for later requests.
 */
export class DeadlinePropagation {
  /** There is something to tell. */
  isNeeded = false;
  #startedAtMs = 0;
  /** For all attempts and for one; 0 for no bound. */
  #timeoutMs = 0;
  #tryMs = 0;
  /** What a call of gRPC has, from the beginning of the request; 0 for no bound. */
  #callMs = 0;
  /** That is not what its caller said. */
  #isCallBounded = false;

  /** A request has come. */
  begin(startedAtMs: number): void {
    this.#startedAtMs = startedAtMs;
    this.#callMs = 0;
  }

  /** It has so long for all its attempts, and each of those so long; 0 for no bound. */
  bound(timeoutMs: number, tryMs: number): void {
    this.#timeoutMs = timeoutMs;
    this.#tryMs = tryMs;
    this.isNeeded = timeoutMs > 0 || tryMs > 0 || this.#callMs > 0;
  }

  /** A call of gRPC that has so long, from its beginning; `isBounded` where that is not what its caller said. */
  boundCall(callMs: number, isBounded: boolean): void {
    this.#callMs = callMs;
    this.#isCallBounded = isBounded;
    this.isNeeded = true;
  }

  /**
   * Writes it into a request that is about to be sent, and that is given up in `leftMs`: infinite as long as the client is still
   * sending, since the time for all attempts runs from the end of the request (Envoy, `downstream_request_complete_time_`).
   */
  tell(request: OutgoingRequest, nowMs: number, leftMs: number): void {
    const elapsedMs = nowMs - this.#startedAtMs;
    const allMs = this.#timeoutMs > 0 ? Math.min(this.#timeoutMs, leftMs) : Number.POSITIVE_INFINITY;
    request.attemptBlock += expectedTimeLine(allMs, this.#tryMs);
    if (this.#callMs === 0 || (elapsedMs < 1 && !this.#isCallBounded)) return;
    request.block = withoutGrpcTimeout(request.block);
    request.attemptBlock += grpcTimeoutLine(this.#callMs, elapsedMs);
  }
}

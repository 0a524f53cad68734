import { Deadline } from '../resilience/timer-wheel.ts';
import type { ForwardEnvironment } from './forward-environment.ts';

/**
 * When a request has to be over, attempts and all: at the deadline of its call (`grpc-timeout`), which counts from its
 * beginning, or at its route's timeout, which counts from the end of the request; whichever is earlier. And when its stream
 * has to be, answered or not. What held a request up before it was sent, as a filter may, is part of the time from its beginning.
 * Used again for later requests.
 *
 * Source: Envoy `ConnectionManagerImpl::ActiveStream::refreshDurationTimeout`.
 */
export class RequestDeadline {
  readonly #environment: Pick<ForwardEnvironment, 'wheel' | 'now'>;
  readonly #onExpire: () => void;
  /** Made when it is first needed: most routes have no timeout. */
  #deadline: Deadline | null = null;
  /** By the environment's `now`; 0 for none. */
  #callEndsAtMs = 0;
  /** From the end of the request; 0 for none. */
  #routeMs = 0;
  readonly #onStreamExpire: () => void;
  #stream: Deadline | null = null;

  constructor(
    environment: Pick<ForwardEnvironment, 'wheel' | 'now'>,
    onExpire: () => void,
    onStreamExpire: () => void = onExpire,
  ) {
    this.#environment = environment;
    this.#onExpire = onExpire;
    this.#onStreamExpire = onStreamExpire;
  }

  /** For a request that began at `startedAtMs`, whatever becomes of it. */
  armForStream(durationMs: number, startedAtMs: number): void {
    this.#stream ??= new Deadline(this.#onStreamExpire);
    this.#environment.wheel.arm(this.#stream, startedAtMs + durationMs - this.#environment.now());
  }

  /** For a call that began at `startedAtMs`. */
  armForCall(timeoutMs: number, startedAtMs: number): void {
    this.#callEndsAtMs = startedAtMs + timeoutMs;
    this.#arm(this.#callEndsAtMs - this.#environment.now());
  }

  /** From the end of the request on, which is now where that `hasEnded`; 0 is no bound. */
  armForRoute(timeoutMs: number, hasEnded: boolean): void {
    this.#routeMs = timeoutMs;
    if (hasEnded) this.onRequestEnd();
  }

  onRequestEnd(): void {
    const routeMs = this.#routeMs;
    if (routeMs === 0) return;
    if (this.#callEndsAtMs === 0 || routeMs < this.#callEndsAtMs - this.#environment.now()) this.#arm(routeMs);
  }

  #arm(timeoutMs: number): void {
    this.#deadline ??= new Deadline(this.#onExpire);
    this.#environment.wheel.arm(this.#deadline, timeoutMs);
  }

  /** Milliseconds until the first of its ends; infinite for none. */
  leftMs(): number {
    const { wheel } = this.#environment;
    const answerMs = this.#deadline === null ? Number.POSITIVE_INFINITY : wheel.leftMs(this.#deadline);
    return this.#stream === null ? answerMs : Math.min(answerMs, wheel.leftMs(this.#stream));
  }

  /** The request is over. */
  cancel(): void {
    this.cancelAnswer();
    if (this.#stream !== null) this.#environment.wheel.cancel(this.#stream);
  }

  /** It has become a tunnel, which may take its time. */
  cancelAnswer(): void {
    this.#callEndsAtMs = 0;
    this.#routeMs = 0;
    if (this.#deadline !== null) this.#environment.wheel.cancel(this.#deadline);
  }
}

import { Deadline } from '../resilience/timer-wheel.ts';
import type { ForwardEnvironment } from './forward-environment.ts';

/**
 * When a request has to be over, attempts and all: at the deadline of its call (`grpc-timeout`), which counts from its
 * beginning, or at its route's timeout, which counts from the end of the request; whichever is earlier. Used again for
 * later requests.
 */
export class RequestDeadline {
  readonly #environment: Pick<ForwardEnvironment, 'wheel' | 'now'>;
  readonly #onExpire: () => void;
  /** Made when it is first needed: most routes have no timeout. */
  #deadline: Deadline | null = null;
  /** By the environment's `now`; 0 for none. */
  #callEndsAtMs = 0;

  constructor(environment: Pick<ForwardEnvironment, 'wheel' | 'now'>, onExpire: () => void) {
    this.#environment = environment;
    this.#onExpire = onExpire;
  }

  /** For a call that began at `startedAtMs`. */
  armForCall(timeoutMs: number, startedAtMs: number): void {
    this.#callEndsAtMs = startedAtMs + timeoutMs;
    this.#arm(timeoutMs);
  }

  /** From now on, for a request that has ended. */
  armForRoute(timeoutMs: number): void {
    if (this.#callEndsAtMs === 0 || timeoutMs < this.#callEndsAtMs - this.#environment.now()) this.#arm(timeoutMs);
  }

  #arm(timeoutMs: number): void {
    this.#deadline ??= new Deadline(this.#onExpire);
    this.#environment.wheel.arm(this.#deadline, timeoutMs);
  }

  /** The request is over, or has become a tunnel. */
  cancel(): void {
    this.#callEndsAtMs = 0;
    if (this.#deadline !== null) this.#environment.wheel.cancel(this.#deadline);
  }
}

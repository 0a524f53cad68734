import type { Failure } from '../failure.ts';
import type { RequestHead, ResponseHead } from '../message-head.ts';
import { backOffMs } from '../resilience/back-off.ts';
import type { CircuitBreaker } from '../resilience/circuit-breaker.ts';
import type { RetryPolicy } from '../resilience/retry-policy.ts';
import {
  isConnectionsFault,
  mayRepeat,
  mayRetryAnswer,
  mayRetryFailure,
  mayRetryGrpcStatus,
} from '../resilience/retry-policy.ts';
import { neverAgain, retryWaitMs } from '../resilience/retry-wait.ts';
import type { ForwardEnvironment } from './forward-environment.ts';

/**
 * Whether and when one request is tried again: what its policy says of how an attempt went, as often as that allows, and
 * within the budget of its cluster, of which it holds one retry from the first on. Used again for later requests.
 *
 * Waits are in milliseconds, or `neverAgain`. That what was sent can be sent once more is for the caller to know.
 */
export class Retries {
  /** Null where nothing is retried. */
  policy: RetryPolicy | null = null;
  /** The last answer is one that would have been tried again, had an attempt been left. */
  isExhausted = false;
  readonly #random: () => number;
  #breaker!: CircuitBreaker;
  #head!: RequestHead;
  #holdsRetry = false;
  #hasAskedAgain = false;

  constructor({ random }: Pick<ForwardEnvironment, 'random'>) {
    this.#random = random;
  }

  /** A request comes to its cluster. */
  begin(policy: RetryPolicy | null, breaker: CircuitBreaker, head: RequestHead): void {
    this.policy = policy;
    this.#breaker = breaker;
    this.#head = head;
    this.isExhausted = false;
  }

  /** Whether an answer has to be looked at. */
  concerns(status: number, grpcStatus: number): boolean {
    const { policy } = this;
    return policy !== null && (status >= 400 || grpcStatus > 0 || policy.looksAtEveryAnswer);
  }

  /** Whether an answer is one that is thrown away where there is anything better. */
  isFailure({ status, block }: ResponseHead, grpcStatus: number): boolean {
    const { policy } = this;
    if (policy === null) return false;
    const { method } = this.#head;
    if (mayRetryAnswer(policy, status, block, method)) return true;
    return grpcStatus > 0 && mayRetryGrpcStatus(policy, grpcStatus, block, method);
  }

  /** Whether the request goes to the same endpoint once more, whatever its policy says. True once. */
  asksAgain(failure: Failure): boolean {
    if (this.#hasAskedAgain || !isConnectionsFault(failure, this.policy, this.#head.method)) return false;
    this.#hasAskedAgain = true;
    return true;
  }

  /** After so many attempts, the last of which was answered with a failure; another one must begin before `leftMs` are over. */
  waitAfterAnswer({ block }: ResponseHead, attempts: number, leftMs: number): number {
    const { policy } = this;
    if (policy === null || this.#isTooLong(policy) || !this.#mayTry(policy, attempts)) return neverAgain;
    const waitMs = retryWaitMs(policy, block, this.#head.isGrpc, attempts, Date.now(), this.#random);
    if (waitMs !== neverAgain && waitMs < leftMs) return waitMs;
    // an answer is not thrown away for a try that its server forbids, or that would come too late
    this.#release();
    return neverAgain;
  }

  /** After so many attempts, the last of which brought no answer; `isUnsent`: its endpoint has got nothing of it. */
  waitAfterFailure(failure: Failure, isUnsent: boolean, attempts: number): number {
    const { policy } = this;
    if (policy === null || !mayRetryFailure(policy, failure, this.#head.method, isUnsent)) return neverAgain;
    if (!isUnsent && this.#isTooLong(policy)) return neverAgain;
    return this.#mayTry(policy, attempts) ? this.#usualMs(policy, attempts) : neverAgain;
  }

  /** Beside an attempt that has run out of its time and goes on; that one then holds a retry, which `releaseHedge` gives back. */
  waitToHedge(attempts: number): number {
    const { policy } = this;
    if (policy === null || !mayRepeat(policy, this.#head.method)) return neverAgain;
    if (attempts > policy.maxRetries || this.#isTooLong(policy) || !this.#breaker.tryAcquireRetry()) return neverAgain;
    return this.#usualMs(policy, attempts);
  }

  releaseHedge(): void {
    this.#breaker.retries.release();
  }

  #usualMs({ backOffBaseMs, backOffMaxMs }: RetryPolicy, attempts: number): number {
    return backOffMs(attempts, backOffBaseMs, backOffMaxMs, this.#random);
  }

  /** What came with the head could always be sent once more, but a body that the policy finds too long for that is not. */
  #isTooLong({ replayBytes }: RetryPolicy): boolean {
    return this.#head.body.length > replayBytes;
  }

  /** Takes from the budget when so. */
  #mayTry(policy: RetryPolicy, attempts: number): boolean {
    if (attempts > policy.maxRetries) return false;
    this.#holdsRetry ||= this.#breaker.tryAcquireRetry();
    return this.#holdsRetry;
  }

  /** No attempt is left for an answer that was a failure. */
  hasRunOutAfter(attempts: number): boolean {
    return this.policy !== null && attempts > this.policy.maxRetries;
  }

  /** The request was tried again, and that has helped. */
  get haveHelped(): boolean {
    return this.#holdsRetry && !this.isExhausted;
  }

  #release(): void {
    if (this.#holdsRetry) this.#breaker.retries.release();
    this.#holdsRetry = false;
  }

  /** The request is over, or goes elsewhere. */
  end(): void {
    this.#release();
    this.policy = null;
    this.#hasAskedAgain = false;
  }
}

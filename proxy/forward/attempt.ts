import type { Buffer } from 'node:buffer';
import type { Cluster } from '../cluster/cluster.ts';
import type { Endpoint, UpstreamProtocol } from '../cluster/endpoint.ts';
import type { Failure } from '../failure.ts';
import { grpcStatusIn, httpStatusOf } from '../message/grpc.ts';
import type { ResponseHead, ResponseReceiver, UpstreamStream } from '../message-head.ts';
import type { Outcome } from '../resilience/outlier/outcome.ts';
import { localOrigin } from '../resilience/outlier/outcome.ts';
import { Deadline } from '../resilience/timer-wheel.ts';
import type { AnswerReceiver } from './answer-receiver.ts';
import type { ForwardEnvironment } from './forward-environment.ts';

/** Who makes attempts, and decides what is done about how each of them went. */
export interface AttemptOwner {
  /** It has a connection, and the request is to be sent through it. */
  onAttemptReady(attempt: Attempt, stream: UpstreamStream): void;
  onAttemptInterim(head: ResponseHead): void;
  /** Its endpoint has answered: `accept` lets the answer through, `reject` and `leave` end the attempt. */
  onAttemptAnswer(attempt: Attempt, head: ResponseHead): void;
  /** It takes more of the request's body. */
  onAttemptDrain(): void;
  /** Its time is over before it was answered; it goes on until it is left. */
  onAttemptTimeout(attempt: Attempt, failure: 'perTryTimeout' | 'perTryIdleTimeout'): void;
  /** It has failed before it was answered, and is still to be left. */
  onAttemptFailure(attempt: Attempt, failure: Failure, detail: string): void;
}

/** What all attempts of one request have in common; written again for the next request. */
export class AttemptPlan {
  cluster!: Cluster;
  protocol: UpstreamProtocol = 'http1';
  isHighPriority = false;
  isGrpc = false;
  /**
   * Until an attempt is answered, and without a byte from its endpoint; 0 for no bound. They hold for the wait for a connection,
   * and then from the end of the request: a client that takes its time is no fault of the endpoint (Envoy,
   * `create_per_try_timeout_on_request_complete_`).
   */
  timeoutMs = 0;
  idleTimeoutMs = 0;
}

/**
 * One try to get a request answered by one endpoint: the stream that carries it, the time that it has, and the books of the
 * endpoint and its cluster, which are active requests, answer times and outcomes. Used again for the next try.
 *
 * ```
 *   start ─ connecting ─ onAttemptReady ─ waiting ─ onAttemptAnswer ─ accept ─ answered ─► answer, to the receiver
 *               │                            │             └─ reject ─┐                       │
 *               └── onAttemptFailure, onAttemptTimeout ─── leave ─────┴──────── idle ◀── leave
 * ```
 */
export class Attempt implements ResponseReceiver {
  /** Whom it is made at. */
  endpoint!: Endpoint;
  /** Null while there is none, or none any more. */
  stream: UpstreamStream | null = null;
  phase: 'idle' | 'connecting' | 'waiting' | 'answered' = 'idle';
  /** How a call ended; -1 where it was none, or nobody said. */
  grpcStatus = -1;
  /** Somebody else takes over an attempt that goes on beside others. */
  owner: AttemptOwner;
  readonly #environment: ForwardEnvironment;
  readonly #plan: AttemptPlan;
  readonly #receiver: AnswerReceiver;
  #status = 0;
  /** By the environment's `now`; 0 for an attempt whose time the balancer did not want to know when it began. */
  #startedAtMs = 0;
  /** These two are made when they are first needed. */
  #timeout: Deadline | null = null;
  #idle: Deadline | null = null;
  #idleTimeoutMs = 0;

  /** `receiver` hears of the body of an answer that was accepted. */
  constructor(environment: ForwardEnvironment, plan: AttemptPlan, owner: AttemptOwner, receiver: AnswerReceiver) {
    this.#environment = environment;
    this.#plan = plan;
    this.owner = owner;
    this.#receiver = receiver;
  }

  start(endpoint: Endpoint): void {
    const plan = this.#plan;
    this.endpoint = endpoint;
    this.phase = 'connecting';
    this.grpcStatus = -1;
    endpoint.beginRequest();
    endpoint.requestsTotal++;
    this.#startedAtMs = endpoint.latency === null ? 0 : this.#environment.now();
    this.#idleTimeoutMs = plan.idleTimeoutMs;
    this.#armDeadlines();
    endpoint.poolFor(plan.protocol, plan.isHighPriority).acquire(this);
  }

  #armDeadlines(): void {
    const { timeoutMs } = this.#plan;
    if (timeoutMs > 0) {
      this.#timeout ??= new Deadline(() => this.#onTimeout('perTryTimeout'));
      this.#environment.wheel.arm(this.#timeout, timeoutMs);
    }
    if (this.#idleTimeoutMs > 0) this.#armIdle();
  }

  /** The request has come to its end: from here on the endpoint is what is waited for. */
  onRequestEnd(): void {
    if (this.phase === 'waiting') this.#armDeadlines();
  }

  /** Something has come from the endpoint. */
  #armIdle(): void {
    this.#idle ??= new Deadline(() => this.#onTimeout('perTryIdleTimeout'));
    this.#environment.wheel.arm(this.#idle, this.#idleTimeoutMs);
  }

  onStream(stream: UpstreamStream): void {
    this.stream = stream;
    this.phase = 'waiting';
    this.#plan.cluster.reportConnected(this.endpoint);
    this.owner.onAttemptReady(this, stream);
  }

  onPoolFailure(failure: Failure, detail: string): void {
    if (failure !== 'upstreamOverflow') this.#plan.cluster.counters.connectFailures++;
    this.owner.onAttemptFailure(this, failure, detail);
  }

  onInterimResponse(head: ResponseHead): void {
    this.owner.onAttemptInterim(head);
  }

  onResponse(head: ResponseHead): void {
    if (this.#timeout !== null) this.#environment.wheel.cancel(this.#timeout);
    if (this.#idleTimeoutMs > 0) this.#armIdle();
    this.#learnAnswerTime(head.status >= 500);
    if (head.status >= 429 || this.endpoint.check !== null) {
      this.#plan.cluster.heedAnswer(this.endpoint, head.status, head.block);
    }
    if (this.#plan.isGrpc && head.isComplete) this.grpcStatus = grpcStatusIn(head.block);
    this.owner.onAttemptAnswer(this, head);
  }

  /** The answer is the one for the client, who gets what follows of it. */
  accept({ status, isComplete }: ResponseHead): void {
    this.phase = 'answered';
    this.#status = status;
    // a call says only at its end how it went
    if (!this.#plan.isGrpc || isComplete || status >= 500) this.#reportAnswer(status);
  }

  /** The answer is thrown away. */
  reject({ status, isComplete }: ResponseHead, isRequestEnded: boolean): void {
    this.#reportAnswer(status);
    this.leave(isComplete && isRequestEnded);
  }

  onResponseBody(buffer: Buffer, start: number, end: number, owned: boolean): void {
    if (this.#idleTimeoutMs > 0) this.#armIdle();
    this.#receiver.onAnswerBody(buffer, start, end, owned);
  }

  /** The client takes no more for now: that nothing comes is not the endpoint's doing. */
  pauseResponse(): void {
    if (this.#idle !== null) this.#environment.wheel.cancel(this.#idle);
    this.stream?.pauseResponse();
  }

  resumeResponse(): void {
    if (this.#idleTimeoutMs > 0 && this.phase === 'answered') this.#armIdle();
    this.stream?.resumeResponse();
  }

  onResponseEnd(trailers: string): void {
    this.#idleTimeoutMs = 0; // some of it may wait here for its turn
    if (this.#idle !== null) this.#environment.wheel.cancel(this.#idle);
    if (this.#plan.isGrpc && this.#status < 500) {
      this.grpcStatus = grpcStatusIn(trailers);
      this.#reportAnswer(this.#status);
    }
    this.#receiver.onAnswerEnd(trailers);
  }

  onUpstreamDrain(): void {
    this.owner.onAttemptDrain();
  }

  onUpstreamFailure(failure: Failure): void {
    this.stream = null;
    if (this.phase === 'answered') {
      this.report(localOrigin.failed);
      this.#receiver.onCutOff();
    } else this.owner.onAttemptFailure(this, failure, '');
  }

  #onTimeout(failure: 'perTryTimeout' | 'perTryIdleTimeout'): void {
    const { counters } = this.#plan.cluster;
    if (failure === 'perTryTimeout') counters.perTryTimeouts++;
    else counters.perTryIdleTimeouts++;
    this.endpoint.requestsTimeout++;
    if (this.phase === 'answered') {
      this.report(localOrigin.timedOut);
      this.#receiver.onCutOff();
    } else this.owner.onAttemptTimeout(this, failure);
  }

  /** The endpoint of a call counts by how that ended. */
  #reportAnswer(status: number): void {
    this.report(this.grpcStatus > 0 && status < 500 ? httpStatusOf(this.grpcStatus) : status);
  }

  report(outcome: Outcome): void {
    this.#plan.cluster.reportOutcome(this.endpoint, outcome);
  }

  /** It has brought no answer. */
  reportFailure(outcome: Outcome): void {
    this.#learnAnswerTime(true);
    this.report(outcome);
  }

  /** The balancer hears how long the endpoint took to answer, or to fail. */
  #learnAnswerTime(isFailure: boolean): void {
    const { latency } = this.endpoint;
    if (latency === null || this.#startedAtMs === 0) return;
    latency.observe(this.#environment.now() - this.#startedAtMs, isFailure);
  }

  /** From here on it has all the time that the request has; until `onRequestEnd`, where the client is still sending. */
  cancelDeadlines(): void {
    const { wheel } = this.#environment;
    if (this.#timeout !== null) wheel.cancel(this.#timeout);
    if (this.#idle !== null) wheel.cancel(this.#idle);
  }

  /** Ends it, once. `isOver`: request and answer are whole, and the connection may carry another request. */
  leave(isOver: boolean): void {
    this.cancelDeadlines();
    const { phase, stream, endpoint } = this;
    if (phase === 'idle') return;
    this.stream = null;
    this.phase = 'idle';
    endpoint.endRequest();
    if (stream !== null) {
      if (isOver) stream.release();
      else stream.abort();
    } else if (phase === 'connecting') {
      endpoint.poolFor(this.#plan.protocol, this.#plan.isHighPriority).cancel(this);
    }
  }
}

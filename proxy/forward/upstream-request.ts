import type { Buffer } from 'node:buffer';
import type { Cluster } from '../cluster/cluster.ts';
import type { Endpoint } from '../cluster/endpoint.ts';
import { whyNoEndpoint } from '../cluster/no-endpoint.ts';
import type { Failure } from '../failure.ts';
import { hopsLine } from '../message/hops.ts';
import { sourceOf } from '../message/source-address.ts';
import type { RequestHead, ResponseHead, UpstreamStream } from '../message-head.ts';
import { OutgoingRequest } from '../message-head.ts';
import type { CircuitBreaker } from '../resilience/circuit-breaker.ts';
import { localOrigin } from '../resilience/outlier/outcome.ts';
import { policyFor } from '../resilience/retry-policy.ts';
import { neverAgain } from '../resilience/retry-wait.ts';
import { Deadline } from '../resilience/timer-wheel.ts';
import type { RequestPathRewrite, RequestRefusal } from '../route/path-rewrite.ts';
import type { EditedDestination, ForwardAction, HeaderEdit } from '../route/route.ts';
import type { RouteSession } from '../route/session-state.ts';
import type { AnswerReceiver } from './answer-receiver.ts';
import type { AttemptOwner } from './attempt.ts';
import { Attempt, AttemptPlan } from './attempt.ts';
import { DeadlinePropagation } from './deadline-propagation.ts';
import { EndpointChoice } from './endpoint-choice.ts';
import type { LookUpOwner } from './endpoint-look-up.ts';
import { EndpointLookUp } from './endpoint-look-up.ts';
import type { DownstreamPeer, ForwardEnvironment } from './forward-environment.ts';
import type { HedgeOwner } from './hedges.ts';
import { Hedges } from './hedges.ts';
import { OutgoingBody } from './outgoing-body.ts';
import { fillOutgoingRequest, protocolTowards } from './outgoing-request.ts';
import type { RequestBounds } from './request-controls.ts';
import { Retries } from './retries.ts';

/**
 * A request on its upstream side: attempts at the endpoints of one cluster until one is answered or none is left. It decides
 * what comes next; what it asks is `EndpointLookUp` and `EndpointChoice` where to, `Retries` whether again and when, and `OutgoingBody` what of the
 * body can be sent again. How one attempt goes is `Attempt`'s; those that go on beside another are `Hedges`'.
 *
 * ```
 *   attempt ─ choice ─ Attempt ─ onAttemptReady ─ onAttemptAnswer ─ accept ─► receiver: onAnswer … onAnswerEnd
 *      ▲                  │                            │ reject
 *      └─── back-off ◀────┴─ onAttemptFailure ─────────┴──► onNoAnswer
 * ```
 *
 * A request whose body is not kept whole is sent once: only what can be sent again unchanged is ever retried. One object per
 * exchange, used again as that is.
 */
export class UpstreamRequest implements AttemptOwner, HedgeOwner, LookUpOwner {
  /** These two are null until the request has come so far, and stay for the record when it is over. */
  cluster: Cluster | null = null;
  endpoint: Endpoint | null = null;
  attempts = 0;
  /** What is sent, after `enter`. */
  readonly outgoing = new OutgoingRequest();
  readonly #environment: ForwardEnvironment;
  readonly #countsHops: boolean;
  readonly #peer: DownstreamPeer;
  readonly #receiver: AnswerReceiver;
  readonly #body = new OutgoingBody(this.outgoing);
  readonly #choice = new EndpointChoice();
  readonly #propagation = new DeadlinePropagation();
  readonly #plan = new AttemptPlan();
  readonly #retries: Retries;
  readonly #lookUp: EndpointLookUp;
  #head!: RequestHead;
  /** The one that is under way, or was the last. */
  #attempt: Attempt;
  /** Made for the first request that is hedged, and used again; as is the next one for retries. */
  #hedges: Hedges | null = null;
  #backOff: Deadline | null = null;
  #phase: Phase = 'idle';
  /** Of the request's priority; it has one from `enter` on. */
  #breaker: CircuitBreaker | null = null;
  #holdsRequest = false;

  constructor(environment: ForwardEnvironment, peer: DownstreamPeer, receiver: AnswerReceiver) {
    this.#environment = environment;
    this.#countsHops = environment.countsHops;
    this.#peer = peer;
    this.#receiver = receiver;
    this.#retries = new Retries(environment);
    this.#lookUp = new EndpointLookUp(environment, this);
    this.#attempt = new Attempt(environment, this.#plan, this, receiver);
  }

  /** How a call ended; -1 where it was none, or nobody said. */
  get grpcStatus(): number {
    return this.#attempt.grpcStatus;
  }

  /** The client has said all that it will: its request, or its side of a tunnel. */
  get isRequestEnded(): boolean {
    return this.#body.isEnded;
  }

  /** The answer is one that would have been tried again, had an attempt been left. */
  get isExhausted(): boolean {
    return this.#retries.isExhausted;
  }

  /** Header lines for the answer, so that the client's next request finds the same endpoint. */
  get answerLines(): string {
    return this.#choice.answerLines(this.endpoint);
  }

  /** A request has come; where it goes is not known yet. */
  begin(head: RequestHead, startedAtMs: number): void {
    this.#head = head;
    this.cluster = null;
    this.endpoint = null;
    this.attempts = 0;
    this.#attempt.grpcStatus = -1;
    this.#body.begin(head.isComplete);
    this.#choice.begin();
    this.#propagation.begin(startedAtMs);
  }

  /** Finds the endpoint that the client was answered by before, and its destination; null where it is not to be had. */
  resume(session: RouteSession<EditedDestination<Cluster>>): EditedDestination<Cluster> | null {
    return this.#choice.resume(session, this.#head);
  }

  /**
   * Counts the request in at its cluster. Null, or why it does not go there: the circuit breaker has no room, or its route makes
   * no request of it. `edit` and `pathRewrite` are the route's or those of one of its destinations, and so are `bounds` unless
   * the request says otherwise.
   */
  enter(
    cluster: Cluster,
    action: ForwardAction<Cluster>,
    edit: HeaderEdit | null,
    pathRewrite: RequestPathRewrite | null,
    bounds: RequestBounds,
  ): RequestRefusal | null {
    const head = this.#head;
    const breaker = action.isHighPriority ? cluster.highBreaker : cluster.breaker;
    this.cluster = cluster;
    this.#breaker = breaker;
    if (!breaker.requests.tryAcquire()) return { failure: 'upstreamOverflow', detail: breaker.requests.refusal };
    this.#holdsRequest = true;
    cluster.counters.requestsTotal++;
    const policy = policyFor(bounds.retry, head);
    const timeoutMs = policy === null ? 0 : policy.perTryTimeoutMs;
    const plan = this.#plan;
    plan.cluster = cluster;
    plan.protocol = protocolTowards(cluster, head);
    plan.isHighPriority = action.isHighPriority;
    plan.isGrpc = head.isGrpc;
    plan.timeoutMs = timeoutMs;
    plan.idleTimeoutMs = policy === null ? 0 : policy.perTryIdleTimeoutMs;
    this.#retries.begin(policy, breaker, head);
    this.#propagation.bound(bounds.timeoutMs, policy?.hedgesOnTryTimeout === true ? 0 : timeoutMs);
    if (action.hashPolicies !== null) {
      this.#choice.hash(action.hashPolicies, head, sourceOf(this.#peer.address, this.#environment.ownPeerMetadata));
    }
    const { serviceHost } = cluster.config;
    const refusal = fillOutgoingRequest(this.outgoing, head, action, edit, pathRewrite, serviceHost, this.#peer);
    if (refusal !== null) return refusal;
    if (!head.isComplete && !this.#body.keep(head, policy, plan.protocol === 'http2')) this.#countAbandoned(cluster);
    return null;
  }

  /** A call of gRPC that has so long, from its beginning; `isBounded` where that is not what its caller said. */
  boundCall(callMs: number, isBounded: boolean): void {
    this.#propagation.boundCall(callMs, isBounded);
  }

  /** Tries an endpoint; only after `enter`. */
  attempt(): void {
    const { cluster } = this.#plan;
    if (this.#lookUp.begin(cluster, this.#head.authority)) {
      this.#phase = 'resolving';
      if (!this.#head.isComplete) this.#receiver.pauseRequest();
      return;
    }
    const endpoint =
      this.attempts === 0
        ? this.#choice.first(cluster)
        : this.#choice.next(cluster, this.endpoint, this.#retries.policy?.hostDraws ?? 0);
    if (endpoint !== null) this.#attemptAt(endpoint);
    else {
      cluster.counters.noneHealthy++;
      const { failure, detail } = whyNoEndpoint(cluster);
      if (this.#choice.isBound) this.#giveUp('sessionLost', '');
      else this.#giveUp(failure, detail);
    }
  }

  onNamesKnown(): void {
    this.attempt();
  }

  onEndpointFound(endpoint: Endpoint): void {
    this.#attemptAt(endpoint);
  }

  onNoEndpointFound(failure: Failure, detail: string): void {
    this.#giveUp(failure, detail);
  }

  #attemptAt(endpoint: Endpoint): void {
    const attempt = this.#attempt;
    this.endpoint = endpoint;
    this.attempts++;
    this.#phase = 'trying';
    attempt.start(endpoint);
    if (attempt.phase === 'connecting' && !this.#head.isComplete) this.#receiver.pauseRequest();
  }

  onAttemptReady(attempt: Attempt, stream: UpstreamStream): void {
    const { outgoing, attempts } = this;
    outgoing.attemptBlock = attempts > 1 ? `x-envoy-attempt-count: ${attempts}\r\n` : '';
    if (!stream.isReused && attempt.endpoint.config.isMeshed) {
      outgoing.attemptBlock += `x-heddle-peer: ${this.#environment.ownPeerMetadata}\r\n`;
    }
    const head = this.#head;
    // spelled out, so that what cannot go round costs no call
    if (head.hops > 0 || (this.#countsHops && head.requestId !== '')) {
      outgoing.attemptBlock += hopsLine(head, attempt.endpoint.config, this.#countsHops);
    }
    if (this.#propagation.isNeeded) this.#propagation.tell(outgoing, this.#environment.now(), this.#receiver.leftMs());
    if (!this.#body.isEnded && head.upgrade === '') attempt.cancelDeadlines();
    const isFlowing = stream.send(attempt, outgoing);
    if (head.isComplete || head.upgrade !== '') return; // of a tunnel, nothing is sent before the answer
    const isReplayed = attempts === 1 || this.#body.sendAgain(stream, () => attempt.stream === stream);
    if (isFlowing && isReplayed) this.#receiver.resumeRequest();
    else this.#receiver.pauseRequest();
  }

  /** False where there is nobody to send it to: before an attempt, when reading is paused, and after the answer. */
  sendBody(buffer: Buffer, start: number, end: number, owned: boolean): boolean {
    const { stream } = this.#attempt;
    if (stream === null) return false;
    if (!this.#body.pass(buffer, start, end)) this.#countAbandoned(this.#plan.cluster);
    if (!stream.sendBody(buffer, start, end, owned)) this.#receiver.pauseRequest();
    return true;
  }

  #countAbandoned({ counters }: Cluster): void {
    if (this.#retries.policy !== null) counters.replaysAbandoned++;
  }

  endRequest(trailers: string): void {
    this.#body.end(trailers);
    this.#attempt.stream?.endRequest(trailers);
    this.#attempt.onRequestEnd();
  }

  pauseResponse(): void {
    this.#attempt.pauseResponse();
  }

  resumeResponse(): void {
    this.#attempt.resumeResponse();
  }

  onAttemptDrain(): void {
    this.#receiver.resumeRequest();
  }

  onAttemptInterim(head: ResponseHead): void {
    this.#receiver.onInterimAnswer(head);
  }

  onAttemptAnswer(attempt: Attempt, head: ResponseHead): void {
    this.#receiver.touch();
    if (this.#retries.concerns(head.status, attempt.grpcStatus) && this.#throwsAway(attempt, head)) return;
    if (this.#hedges !== null) this.#hedges.giveUp();
    attempt.accept(head);
    if (head.framing === 'tunnel') this.#body.isEnded = false;
    this.#body.clear(); // answered: it is never sent again
    this.#receiver.onAnswer(head);
  }

  /** Whether the answer is a failure for which there is, or may be, a better one. */
  #throwsAway(attempt: Attempt, head: ResponseHead): boolean {
    const retries = this.#retries;
    const { isEnded, isSpent } = this.#body;
    if (!retries.isFailure(head, attempt.grpcStatus)) return false;
    const waitMs = isSpent ? neverAgain : retries.waitAfterAnswer(head, this.attempts, this.#receiver.leftMs());
    if (waitMs === neverAgain && !this.#isHedging) {
      if (retries.hasRunOutAfter(this.attempts)) {
        retries.isExhausted = true;
        this.#plan.cluster.counters.retriesExhausted++;
      }
      return false;
    }
    attempt.reject(head, isEnded);
    if (waitMs === neverAgain) this.#phase = 'idle';
    else this.#tryAgainIn(waitMs);
    return true;
  }

  onAttemptFailure(attempt: Attempt, failure: Failure, detail: string): void {
    const { isSpent } = this.#body;
    if (!isSpent && this.#retries.asksAgain(failure)) {
      attempt.leave(false);
      this.#plan.cluster.counters.requestsRetried++;
      this.#attemptAt(attempt.endpoint);
      return;
    }
    if (failure !== 'upstreamOverflow') {
      attempt.reportFailure(isTimeout(failure) ? localOrigin.timedOut : localOrigin.failed);
    }
    const isUnsent = attempt.phase === 'connecting';
    attempt.leave(false);
    const waitMs = isSpent ? neverAgain : this.#retries.waitAfterFailure(failure, isUnsent, this.attempts);
    if (waitMs === neverAgain) this.#giveUp(failure, detail);
    else this.#tryAgainIn(waitMs);
  }

  #tryAgainIn(waitMs: number): void {
    this.#plan.cluster.counters.requestsRetried++;
    this.#phase = 'backing-off';
    if (!this.#head.isComplete) this.#receiver.pauseRequest();
    this.#backOff ??= new Deadline(() => this.attempt());
    this.#environment.wheel.arm(this.#backOff, waitMs);
  }

  /** No attempt follows, but one that has begun already may be answered. */
  #giveUp(failure: Failure, detail: string): void {
    this.#phase = 'idle';
    if (!this.#isHedging) this.#receiver.onNoAnswer(failure, detail);
  }

  /**
   * With hedging the time of a try is no end of it (Envoy): it goes on, beside another one where the request may be repeated
   * and the budget allows one more.
   */
  onAttemptTimeout(attempt: Attempt, failure: 'perTryTimeout' | 'perTryIdleTimeout'): void {
    const { policy } = this.#retries;
    const isHedged = failure === 'perTryTimeout' && attempt.phase === 'waiting' && policy?.hedgesOnTryTimeout === true;
    if (!isHedged) {
      this.onAttemptFailure(attempt, failure, '');
      return;
    }
    attempt.report(localOrigin.timedOut);
    const isSentWhole = this.#body.isEnded && !this.#body.isSpent;
    const waitMs = isSentWhole ? this.#retries.waitToHedge(this.attempts) : neverAgain;
    if (waitMs === neverAgain) return;
    this.#hedges ??= new Hedges(this);
    this.#hedges.add(attempt);
    this.#plan.cluster.counters.requestsHedged++;
    this.#attempt = new Attempt(this.#environment, this.#plan, this, this.#receiver);
    this.#tryAgainIn(waitMs);
  }

  get #isHedging(): boolean {
    return this.#hedges !== null && this.#hedges.size > 0;
  }

  losesWith(attempt: Attempt, head: ResponseHead): boolean {
    this.#receiver.touch();
    return this.#retries.isFailure(head, attempt.grpcStatus) && (this.#isHedging || this.#phase !== 'idle');
  }

  onHedgeWon(attempt: Attempt, head: ResponseHead): void {
    this.#attempt.leave(false);
    this.#cancelBackOff();
    this.#lookUp.cancel();
    this.#attempt = attempt;
    this.endpoint = attempt.endpoint;
    attempt.owner = this;
    this.#phase = 'trying';
    this.onAttemptAnswer(attempt, head);
  }

  onHedgesFailed(failure: Failure): void {
    if (this.#phase === 'idle') this.#receiver.onNoAnswer(failure, '');
  }

  releaseHedge(): void {
    this.#retries.releaseHedge();
  }

  #cancelBackOff(): void {
    if (this.#backOff !== null) this.#environment.wheel.cancel(this.#backOff);
  }

  /** The request is given up for a reason of time: an endpoint that has not answered yet is counted as having failed. */
  blame(): void {
    if (this.#attempt.phase === 'waiting') this.#attempt.reportFailure(localOrigin.timedOut);
  }

  /** Request and answer are whole: the connection may carry another. Then comes `finish`. */
  complete(): void {
    if (this.#retries.haveHelped) this.#plan.cluster.counters.retriesSucceeded++;
    this.#attempt.leave(this.#body.isEnded);
  }

  /** Gives back all that is held, and counts the status that the client got; an attempt under way is given up. */
  finish(status: number): void {
    const { cluster } = this;
    this.#attempt.leave(false);
    if (this.#hedges !== null) this.#hedges.giveUp();
    this.#cancelBackOff();
    if (cluster !== null) {
      if (this.#holdsRequest) this.#breaker?.requests.release();
      const byClass = cluster.counters.responsesByClass;
      const index = Math.floor(status / 100);
      byClass[index] = (byClass[index] ?? 0) + 1;
    }
    this.#holdsRequest = false;
    this.#retries.end();
    this.#body.clear();
    this.#phase = 'idle';
    this.#lookUp.cancel();
  }
}

function isTimeout(failure: Failure): boolean {
  return failure === 'perTryTimeout' || failure === 'perTryIdleTimeout' || failure === 'connectTimeout';
}

/** What the next attempt waits for; `idle`: for nothing, there is none or it is over. */
type Phase = 'idle' | 'resolving' | 'trying' | 'backing-off';

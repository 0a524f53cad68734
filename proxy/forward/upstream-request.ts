import type { Buffer } from 'node:buffer';
import type { HashKey } from '../balance/hash-key.ts';
import type { Cluster } from '../cluster/cluster.ts';
import type { Endpoint, UpstreamProtocol } from '../cluster/endpoint.ts';
import type { Failure } from '../failure.ts';
import { grpcStatusIn, httpStatusOf } from '../message/grpc.ts';
import { sourceOf } from '../message/source-address.ts';
import type { RequestHead, ResponseHead, ResponseReceiver, UpstreamStream } from '../message-head.ts';
import { OutgoingRequest } from '../message-head.ts';
import { backOffMs } from '../resilience/back-off.ts';
import type { CircuitBreaker } from '../resilience/circuit-breaker.ts';
import type { Outcome } from '../resilience/outlier/outcome.ts';
import { localOrigin } from '../resilience/outlier/outcome.ts';
import type { RetryPolicy } from '../resilience/retry-policy.ts';
import {
  defaultReplayBytes,
  isConnectionsFault,
  mayRepeat,
  mayRetryAnswer,
  mayRetryFailure,
  mayRetryGrpcStatus,
  policyFor,
} from '../resilience/retry-policy.ts';
import { neverAgain, retryWaitMs } from '../resilience/retry-wait.ts';
import { Deadline } from '../resilience/timer-wheel.ts';
import { RequestAffinity } from '../route/hash-policy.ts';
import type { PathRewrite } from '../route/path-rewrite.ts';
import type { EditedDestination, ForwardAction, HeaderEdit } from '../route/route.ts';
import type { RouteSession } from '../route/session-state.ts';
import type { SessionToken } from '../route/session-token.ts';
import { expectedTimeLine, grpcTimeoutLine, withoutGrpcTimeout } from './expected-time.ts';
import type { DownstreamPeer, ForwardEnvironment } from './forward-environment.ts';
import type { HedgeOwner } from './hedged-attempt.ts';
import { HedgedAttempt } from './hedged-attempt.ts';
import { fillOutgoingRequest, protocolTowards } from './outgoing-request.ts';
import { ReplayBuffer } from './replay-buffer.ts';
import type { RequestBounds } from './request-controls.ts';

/** Who has the client, and hears of the one attempt that counts. */
export interface AnswerReceiver {
  /** The body of the request is to come, or to be held back until it is asked for again. */
  resumeRequest(): void;
  pauseRequest(): void;
  /** An upstream has answered, whether or not that answer is passed on. */
  touch(): void;
  /** Milliseconds until it gives the request up; infinite for no bound. */
  leftMs(): number;
  /** Before the answer: 100, 103 and their like. */
  onInterimAnswer(head: ResponseHead): void;
  /** The answer for the client has begun; `head.isComplete` says that neither body nor end will be announced. */
  onAnswer(head: ResponseHead): void;
  onAnswerBody(buffer: Buffer, start: number, end: number, owned: boolean): void;
  onAnswerEnd(trailers: string): void;
  /** The answer broke off after `onAnswer`. */
  onCutOff(): void;
  /** No attempt has brought an answer, and there will be no other. */
  onNoAnswer(failure: Failure, detail: string): void;
}

/**
 * A request on its upstream side: attempts at the endpoints of one cluster, one at a time, until one is answered or none
 * is left; and the books of it, which are the cluster's circuit breaker, counters and outlier detection.
 *
 * ```
 *   attempt ─ pick ─ acquire ─ onStream ─ onResponse ─► onAnswer … onAnswerEnd
 *      ▲                │           │
 *      └── back-off ◀─ #attemptFailed (or a status that may be retried) ─► onNoAnswer
 * ```
 *
 * A request whose body is not kept whole is sent once: only what can be sent again unchanged is ever retried. One object per
 * exchange, used again as that is.
 */
export class UpstreamRequest implements ResponseReceiver, HedgeOwner {
  /** These two are null until the request has come so far, and stay for the record when it is over. */
  cluster: Cluster | null = null;
  endpoint: Endpoint | null = null;
  attempts = 0;
  /** How a call ended; -1 where it was none, or nobody said. */
  grpcStatus = -1;
  /** The client has said all that it will: its request, or its side of a tunnel. */
  isRequestEnded = false;
  /** The answer is one that would have been tried again, had an attempt been left. */
  isExhausted = false;
  readonly #environment: ForwardEnvironment;
  readonly #peer: DownstreamPeer;
  readonly #receiver: AnswerReceiver;
  readonly #request = new OutgoingRequest();
  readonly #affinity = new RequestAffinity();
  #head!: RequestHead;
  /** What consistent hashing goes by. */
  #key: HashKey | null = null;
  #session: RouteSession<EditedDestination<Cluster>> | null = null;
  /** What the client has brought; null for nothing. */
  #token: SessionToken | null = null;
  /** Takes the first attempt. */
  #sessionEndpoint: Endpoint | null = null;
  #policy: RetryPolicy | null = null;
  /** For all attempts; 0 for none. */
  #timeoutMs = 0;
  /** That or the time of one attempt is bounded, and the upstream is told. */
  #tellsTime = false;
  /** What a call of gRPC has, from the beginning of the request; 0 for no bound. */
  #callTimeoutMs = 0;
  /** That is not what its caller said. */
  #isCallBounded = false;
  #startedAtMs = 0;
  #looksAtEveryAnswer = false;
  #protocol: UpstreamProtocol = 'http1';
  #stream: UpstreamStream | null = null;
  #phase: Phase = 'idle';
  #status = 0;
  /** Part of the request has gone to an upstream and is nowhere else any more. */
  #isBodyStreamed = false;
  /** What the body is kept in; null where the request came whole, or could never be repeated. */
  #replay: ReplayBuffer | null = null;
  /** Made for the first request that needs one, and used again. */
  #replayBuffer: ReplayBuffer | null = null;
  #hasAskedAgain = false;
  /** Endpoints that have failed this request before the last one did; null for none. */
  #failedBefore: Endpoint[] | null = null;
  /** By the environment's `now`; of attempts whose time the balancer wants to know. */
  #triedAtMs = 0;
  /** Of the request's priority; it has one from `enter` on. */
  #breaker: CircuitBreaker | null = null;
  #isHighPriority = false;
  /** Attempts that have run out of their time and go on; each holds one retry of the budget. Null for none. */
  #hedged: Set<HedgedAttempt> | null = null;
  #holdsRequest = false;
  #holdsRetry = false;
  /** Tells answers of asynchronous look-ups apart from those of requests that are over. */
  #generation = 0;
  #tryTimeout: Deadline | null = null;
  #tryIdle: Deadline | null = null;
  /** 0 where the attempt under way has no such bound. */
  #tryIdleMs = 0;
  #backOff: Deadline | null = null;

  constructor(environment: ForwardEnvironment, peer: DownstreamPeer, receiver: AnswerReceiver) {
    this.#environment = environment;
    this.#peer = peer;
    this.#receiver = receiver;
  }

  /** What is sent, after `enter`. */
  get outgoing(): OutgoingRequest {
    return this.#request;
  }

  /** A request has come; where it goes is not known yet. */
  begin(head: RequestHead, startedAtMs: number): void {
    this.#head = head;
    this.#startedAtMs = startedAtMs;
    this.#callTimeoutMs = 0;
    this.cluster = null;
    this.endpoint = null;
    this.attempts = 0;
    this.grpcStatus = -1;
    this.isRequestEnded = head.isComplete;
    this.isExhausted = false;
    this.#isBodyStreamed = false;
    this.#hasAskedAgain = false;
    this.#failedBefore = null;
    this.#key = null;
    this.#session = null;
    this.#token = null;
    this.#sessionEndpoint = null;
    this.#affinity.answerLines = '';
  }

  /** Header lines for the answer, so that the client's next request finds the same endpoint. */
  get answerLines(): string {
    const { answerLines } = this.#affinity;
    if (this.#session === null || this.endpoint === null) return answerLines;
    return answerLines + this.#session.state.answerLine(this.endpoint.key, this.#token);
  }

  /** Finds the endpoint that the client was answered by before, and its destination; null where it is not to be had. */
  resume(session: RouteSession<EditedDestination<Cluster>>): EditedDestination<Cluster> | null {
    this.#session = session;
    const token = session.state.sessionIn(this.#head);
    this.#token = token;
    if (token === null) return null;
    for (const destination of session.destinations) {
      this.#sessionEndpoint = destination.destination.sessionEndpoint(token.address);
      if (this.#sessionEndpoint !== null) return destination;
    }
    return null;
  }

  /**
   * Counts the request in at its cluster; false where the circuit breaker has no room. `edit` and `pathRewrite` are the route's
   * or those of one of its destinations, and so are `bounds` unless the request says otherwise.
   */
  enter(
    cluster: Cluster,
    action: ForwardAction<Cluster>,
    edit: HeaderEdit | null,
    pathRewrite: PathRewrite | null,
    bounds: RequestBounds,
  ): boolean {
    this.cluster = cluster;
    this.#isHighPriority = action.isHighPriority;
    const breaker = action.isHighPriority ? cluster.highBreaker : cluster.breaker;
    this.#breaker = breaker;
    if (!breaker.requests.tryAcquire()) return false;
    this.#holdsRequest = true;
    cluster.counters.requestsTotal++;
    const policy = policyFor(bounds.retry, this.#head);
    this.#policy = policy;
    this.#timeoutMs = bounds.timeoutMs;
    this.#tellsTime = bounds.timeoutMs > 0 || (policy !== null && policy.perTryTimeoutMs > 0);
    this.#looksAtEveryAnswer = policy?.looksAtEveryAnswer === true;
    this.#protocol = protocolTowards(cluster, this.#head);
    if (action.hashPolicies !== null) {
      const source = sourceOf(this.#peer.address, this.#environment.ownPeerMetadata);
      this.#key = action.hashPolicies.keyOf(this.#head, source, this.#affinity);
    }
    fillOutgoingRequest(this.#request, this.#head, action, edit, pathRewrite, cluster.config.serviceHost, this.#peer);
    if (!this.#head.isComplete) this.#keepBody(this.#head, this.#policy);
    return true;
  }

  /**
   * Keeps what comes of the body where the request can be repeated at all. Over HTTP/2, with or without a policy, an upstream
   * can say that it has not looked at a request, which holds for every method (RFC 9113 section 8.7).
   */
  #keepBody(head: RequestHead, policy: RetryPolicy | null): void {
    const isRepeatable = policy !== null && policy.maxRetries > 0 && mayRepeat(policy, head.method);
    if (head.upgrade !== '' || !(isRepeatable || this.#protocol === 'http2')) return;
    const limitBytes = policy === null ? defaultReplayBytes : policy.replayBytes;
    if (head.contentLength > limitBytes) {
      this.#abandonReplay();
      return;
    }
    this.#replayBuffer ??= new ReplayBuffer();
    this.#replayBuffer.begin(limitBytes, head.body.length);
    this.#replay = this.#replayBuffer;
  }

  #abandonReplay(): void {
    this.#letGoOfBody();
    if (this.cluster !== null && this.#policy !== null) this.cluster.counters.replaysAbandoned++;
  }

  #letGoOfBody(): void {
    this.#replay?.clear();
    this.#replay = null;
  }

  /** A call of gRPC that has so long, from its beginning; `isBounded` where that is not what its caller said. */
  giveCall(timeoutMs: number, isBounded: boolean): void {
    this.#callTimeoutMs = timeoutMs;
    this.#isCallBounded = isBounded;
  }

  /** Tries an endpoint; only after `enter`. */
  attempt(): void {
    const cluster = this.cluster as Cluster; // set by enter
    if (cluster.config.discovery === 'passthrough') {
      this.#attemptPassthrough(cluster);
      return;
    }
    const isBound = this.#token !== null && this.#session?.isStrict === true;
    const endpoint = isBound ? this.#boundEndpoint(cluster) : this.#pick(cluster);
    if (endpoint === null) {
      cluster.counters.noneHealthy++;
      if (isBound) this.#receiver.onNoAnswer('sessionLost', '');
      else this.#receiver.onNoAnswer(cluster.name === 'BlackHoleCluster' ? 'noCluster' : 'noHealthyUpstream', '');
      return;
    }
    this.#attemptAt(endpoint);
  }

  /** The one of a strict session, as long as it is to be had, also for another try. */
  #boundEndpoint(cluster: Cluster): Endpoint | null {
    return this.#token === null ? null : cluster.sessionEndpoint(this.#token.address);
  }

  #pick(cluster: Cluster): Endpoint | null {
    if (this.attempts > 0) return this.#pickAgain(cluster);
    return this.#sessionEndpoint ?? cluster.pick(null, this.#key);
  }

  /** An endpoint that has not failed this request, where one is drawn; never the last one while there is another. */
  #pickAgain(cluster: Cluster): Endpoint | null {
    const last = this.endpoint;
    let endpoint = cluster.pick(last, this.#key);
    const draws = this.#policy?.hostDraws ?? 0;
    if (draws === 0 || last === null) return endpoint;
    const failedBefore = this.#failedBefore ?? [];
    for (let draw = 1; draw < draws && endpoint !== null && failedBefore.includes(endpoint); draw++) {
      endpoint = cluster.pick(last, null);
    }
    failedBefore.push(last);
    this.#failedBefore = failedBefore;
    return endpoint;
  }

  #attemptPassthrough(cluster: Cluster): void {
    const generation = ++this.#generation;
    this.#phase = 'resolving';
    if (!this.#head.isComplete) this.#receiver.pauseRequest();
    void this.#environment.resolvePassthrough(cluster, this.#head.authority).then((resolved) => {
      if (generation !== this.#generation || this.#phase !== 'resolving') return;
      if ('failure' in resolved) this.#receiver.onNoAnswer(resolved.failure, resolved.detail);
      else this.#attemptAt(resolved);
    });
  }

  #attemptAt(endpoint: Endpoint): void {
    this.endpoint = endpoint;
    this.attempts++;
    endpoint.activeRequests++;
    endpoint.requestsTotal++;
    this.#phase = 'connecting';
    if (endpoint.latency !== null) this.#triedAtMs = this.#environment.now();
    const perTryTimeoutMs = this.#policy?.perTryTimeoutMs ?? 0;
    if (perTryTimeoutMs > 0) {
      this.#tryTimeout ??= new Deadline(() => this.#onTryTimeout('perTryTimeout'));
      this.#environment.wheel.arm(this.#tryTimeout, perTryTimeoutMs);
    }
    this.#tryIdleMs = this.#policy?.perTryIdleTimeoutMs ?? 0;
    if (this.#tryIdleMs > 0) this.#armTryIdle();
    endpoint.poolFor(this.#protocol, this.#isHighPriority).acquire(this);
    if (this.#isConnecting() && !this.#head.isComplete) this.#receiver.pauseRequest();
  }

  /** Something has come from the upstream. */
  #armTryIdle(): void {
    this.#tryIdle ??= new Deadline(() => this.#onTryTimeout('perTryIdleTimeout'));
    this.#environment.wheel.arm(this.#tryIdle, this.#tryIdleMs);
  }

  #isConnecting(): boolean {
    return this.#phase === 'connecting';
  }

  onStream(stream: UpstreamStream): void {
    this.#stream = stream;
    this.#phase = 'waiting';
    this.cluster?.reportConnected(this.endpoint as Endpoint); // set with the attempt
    const request = this.#request;
    request.attemptBlock = this.attempts > 1 ? `x-envoy-attempt-count: ${this.attempts}\r\n` : '';
    if (!stream.isReused && this.endpoint?.config.isMeshed === true) {
      request.attemptBlock += `x-heddle-peer: ${this.#environment.ownPeerMetadata}\r\n`;
    }
    if (this.#tellsTime || this.#callTimeoutMs > 0) this.#tellTimeLeft(request);
    const isFlowing = stream.send(this, request);
    if (this.#head.isComplete || this.#head.upgrade !== '') return; // of a tunnel, nothing is sent before the answer
    const isReplayed = this.attempts === 1 || this.#replay === null || this.#replayTo(stream, this.#replay);
    if (isFlowing && isReplayed) this.#receiver.resumeRequest();
    else this.#receiver.pauseRequest();
  }

  #replayTo(stream: UpstreamStream, replay: ReplayBuffer): boolean {
    return replay.sendTo(stream, this.isRequestEnded, () => this.#stream === stream);
  }

  /** Until when an answer is of use, for an upstream that can give up earlier (gRPC, "deadline propagation"). */
  #tellTimeLeft(request: OutgoingRequest): void {
    const elapsedMs = this.#environment.now() - this.#startedAtMs;
    if (this.#tellsTime) {
      const policy = this.#policy;
      const perTryTimeoutMs = policy === null || policy.hedgesOnTryTimeout ? 0 : policy.perTryTimeoutMs;
      request.attemptBlock += expectedTimeLine(this.#timeoutMs, perTryTimeoutMs, elapsedMs);
    }
    if (this.#callTimeoutMs === 0 || (elapsedMs < 1 && !this.#isCallBounded)) return;
    request.block = withoutGrpcTimeout(request.block);
    request.attemptBlock += grpcTimeoutLine(this.#callTimeoutMs, elapsedMs);
  }

  onPoolFailure(failure: Failure, detail: string): void {
    if (this.cluster !== null && failure !== 'upstreamOverflow') this.cluster.counters.connectFailures++;
    this.#attemptFailed(failure, detail);
  }

  /** False where there is nobody to send it to: before an attempt, when reading is paused, and after the answer. */
  sendBody(buffer: Buffer, start: number, end: number, owned: boolean): boolean {
    if (this.#stream === null) return false;
    if (this.#replay === null) this.#isBodyStreamed = true;
    else if (!this.#replay.keep(buffer, start, end)) {
      this.#abandonReplay();
      this.#isBodyStreamed = true;
    }
    if (!this.#stream.sendBody(buffer, start, end, owned)) this.#receiver.pauseRequest();
    return true;
  }

  endRequest(trailers: string): void {
    this.isRequestEnded = true;
    // nobody says it a second time: another attempt has it from what was kept or with its head, or there is no other
    if (this.#replay !== null) this.#replay.end(trailers);
    else if (trailers === '') this.#request.isComplete = true;
    else this.#isBodyStreamed = true;
    this.#stream?.endRequest(trailers);
  }

  pauseResponse(): void {
    this.#stream?.pauseResponse();
  }

  resumeResponse(): void {
    this.#stream?.resumeResponse();
  }

  onUpstreamDrain(): void {
    this.#receiver.resumeRequest();
  }

  onInterimResponse(head: ResponseHead): void {
    this.#receiver.onInterimAnswer(head);
  }

  onResponse(head: ResponseHead): void {
    this.#receiver.touch();
    if (this.#tryTimeout !== null) this.#environment.wheel.cancel(this.#tryTimeout);
    if (this.#tryIdleMs > 0) this.#armTryIdle();
    this.#learnAnswerTime(head.status >= 500);
    if (head.status >= 429 && this.endpoint !== null)
      this.cluster?.heedRetryAfter(this.endpoint, head.status, head.block);
    if ((head.status >= 400 || this.#looksAtEveryAnswer) && this.#retriesStatus(head)) return;
    const { isGrpc } = this.#head;
    if (isGrpc && this.#retriesGrpcStatus(head)) return;
    // a call says only at its end how it went
    if (!isGrpc || head.isComplete || head.status >= 500) this.#reportAnswer(head.status);
    if (head.framing === 'tunnel') this.isRequestEnded = false;
    this.#status = head.status;
    this.#phase = 'answered';
    this.#receiver.onAnswer(head);
  }

  onResponseBody(buffer: Buffer, start: number, end: number, owned: boolean): void {
    if (this.#tryIdleMs > 0) this.#armTryIdle();
    this.#receiver.onAnswerBody(buffer, start, end, owned);
  }

  onResponseEnd(trailers: string): void {
    if (this.#head.isGrpc && this.#status < 500) {
      this.grpcStatus = grpcStatusIn(trailers);
      this.#reportAnswer(this.#status);
    }
    this.#receiver.onAnswerEnd(trailers);
  }

  onUpstreamFailure(failure: Failure): void {
    this.#stream = null;
    if (this.#phase === 'answered') {
      this.#report(localOrigin.failed);
      this.#receiver.onCutOff();
    } else this.#attemptFailed(failure, '');
  }

  /** The request is given up for a reason of time: an endpoint that has not answered yet is counted as having failed. */
  blame(): void {
    if (this.#phase !== 'waiting') return;
    this.#learnAnswerTime(true);
    this.#report(localOrigin.timedOut);
  }

  /** Request and answer are whole: the connection may carry another. Then comes `finish`. */
  complete(): void {
    if (this.#holdsRetry && this.cluster !== null && !this.isExhausted) this.cluster.counters.retriesSucceeded++;
    this.#leaveEndpoint(true);
  }

  /** Gives back all that is held, and counts the status that the client got; an attempt under way is given up. */
  finish(status: number): void {
    const { cluster } = this;
    this.#leaveEndpoint(false);
    if (this.#hedged !== null) this.#giveUpHedged();
    if (this.#backOff !== null) this.#environment.wheel.cancel(this.#backOff);
    if (cluster !== null) {
      if (this.#holdsRequest) this.#breaker?.requests.release();
      if (this.#holdsRetry) this.#breaker?.retries.release();
      const byClass = cluster.counters.responsesByClass;
      const index = Math.floor(status / 100);
      byClass[index] = (byClass[index] ?? 0) + 1;
    }
    this.#holdsRequest = false;
    this.#holdsRetry = false;
    this.#policy = null;
    if (this.#replay !== null) this.#letGoOfBody();
    this.#phase = 'idle';
    this.#generation++;
  }

  /** Whether the answer was turned into another try. */
  #retriesStatus(head: ResponseHead): boolean {
    const policy = this.#policy;
    return (
      policy !== null &&
      mayRetryAnswer(policy, head.status, head.block, this.#head.method) &&
      this.#retriesAnswer(head, policy)
    );
  }

  /** The same for a call that ended without a message; its status is noted. */
  #retriesGrpcStatus(head: ResponseHead): boolean {
    if (!head.isComplete) return false;
    this.grpcStatus = grpcStatusIn(head.block);
    const policy = this.#policy;
    if (policy === null || !mayRetryGrpcStatus(policy, this.grpcStatus, head.block, this.#head.method)) return false;
    return this.#retriesAnswer(head, policy);
  }

  #retriesAnswer(head: ResponseHead, policy: RetryPolicy): boolean {
    const waitMs = this.#mayTryAgain(policy) ? this.#waitFor(head, policy) : neverAgain;
    if (waitMs === neverAgain) {
      if (this.#hedged !== null) {
        this.#reportAnswer(head.status);
        this.#leaveEndpoint(head.isComplete);
        return true; // one that is still under way may do better
      }
      if (this.attempts > policy.maxRetries) {
        this.isExhausted = true;
        if (this.cluster !== null) this.cluster.counters.retriesExhausted++;
      }
      return false;
    }
    this.#reportAnswer(head.status);
    this.#leaveEndpoint(head.isComplete);
    this.#retry(policy, waitMs);
    return true;
  }

  /** An answer is not thrown away for a try that its server forbids, or that would come too late. */
  #waitFor(head: ResponseHead, policy: RetryPolicy): number {
    const { random } = this.#environment;
    const waitMs = retryWaitMs(policy, head.block, this.#head.isGrpc, this.attempts, Date.now(), random);
    if (waitMs !== neverAgain && waitMs < this.#receiver.leftMs()) return waitMs;
    this.#breaker?.retries.release();
    this.#holdsRetry = false;
    return neverAgain;
  }

  #attemptFailed(failure: Failure, detail: string): void {
    if (this.#mayAskAgain(failure)) {
      this.#askAgain();
      return;
    }
    if (failure !== 'upstreamOverflow') {
      this.#learnAnswerTime(true);
      this.#report(isTimeout(failure) ? localOrigin.timedOut : localOrigin.failed);
    }
    const isUnsent = this.#phase === 'connecting';
    this.#leaveEndpoint(false);
    const policy = this.#policy;
    if (policy !== null && mayRetryFailure(policy, failure, this.#head.method, isUnsent) && this.#mayTryAgain(policy)) {
      this.#retry(policy, null);
    } else if (this.#hedged === null) this.#receiver.onNoAnswer(failure, detail);
  }

  /** Whether a request goes to the same endpoint once more, whatever the retry policy says. */
  #mayAskAgain(failure: Failure): boolean {
    if (this.#hasAskedAgain || this.#isBodyStreamed) return false;
    return isConnectionsFault(failure, this.#policy, this.#head.method);
  }

  #askAgain(): void {
    const endpoint = this.endpoint as Endpoint; // its connection failed
    this.#hasAskedAgain = true;
    this.#leaveEndpoint(false);
    if (this.cluster !== null) this.cluster.counters.requestsRetried++;
    this.#attemptAt(endpoint);
  }

  /** Whether what was sent can be sent again, and the budget allows it; takes from the budget when so. */
  #mayTryAgain(policy: RetryPolicy): boolean {
    if (this.attempts > policy.maxRetries || this.#isBodyStreamed) return false;
    const breaker = this.#breaker as CircuitBreaker; // only asked after an attempt
    if (this.#holdsRetry) return true;
    this.#holdsRetry = breaker.tryAcquireRetry();
    return this.#holdsRetry;
  }

  /** `waitMs` is null for the usual back-off. */
  #retry(policy: RetryPolicy, waitMs: number | null): void {
    if (this.cluster !== null) this.cluster.counters.requestsRetried++;
    this.#phase = 'backing-off';
    if (!this.#head.isComplete) this.#receiver.pauseRequest();
    this.#backOff ??= new Deadline(() => this.attempt());
    const { random, wheel } = this.#environment;
    wheel.arm(this.#backOff, waitMs ?? backOffMs(this.attempts, policy.backOffBaseMs, policy.backOffMaxMs, random));
  }

  #onTryTimeout(failure: 'perTryTimeout' | 'perTryIdleTimeout'): void {
    const { cluster, endpoint } = this;
    if (cluster !== null) {
      if (failure === 'perTryTimeout') cluster.counters.perTryTimeouts++;
      else cluster.counters.perTryIdleTimeouts++;
    }
    if (endpoint !== null) endpoint.requestsTimeout++;
    if (failure === 'perTryTimeout' && this.#phase === 'waiting' && this.#policy?.hedgesOnTryTimeout === true) {
      this.#hedge(this.#policy);
    } else if (this.#phase !== 'answered') this.#attemptFailed(failure, '');
    else {
      this.#report(localOrigin.timedOut);
      this.#receiver.onCutOff();
    }
  }

  /**
   * Makes another attempt and lets this one go on, where the request may be repeated and the budget allows one more; where
   * not, it goes on alone: with hedging the time of a try is no end of it (Envoy).
   */
  #hedge(policy: RetryPolicy): void {
    this.#report(localOrigin.timedOut);
    const { endpoint } = this;
    const stream = this.#stream;
    if (endpoint === null || stream === null) return;
    if (!mayRepeat(policy, this.#head.method) || !this.isRequestEnded || this.#isBodyStreamed) return;
    if (this.attempts > policy.maxRetries || this.#breaker?.tryAcquireRetry() !== true) return;
    this.#hedged ??= new Set();
    this.#hedged.add(new HedgedAttempt(this, endpoint, stream, this.#triedAtMs));
    this.#stream = null;
    this.#phase = 'idle';
    if (this.#tryIdle !== null) this.#environment.wheel.cancel(this.#tryIdle);
    this.#retry(policy, null);
  }

  onHedgeAnswer(attempt: HedgedAttempt, head: ResponseHead): void {
    this.#receiver.touch();
    this.#forgetHedged(attempt);
    if (this.#isFailure(head) && (this.#hedged !== null || this.#phase !== 'idle')) {
      this.cluster?.reportOutcome(attempt.endpoint, head.status);
      attempt.leave(head.isComplete);
      return; // another one is under way and may do better
    }
    this.#leaveEndpoint(false);
    this.#giveUpHedged();
    if (this.#backOff !== null) this.#environment.wheel.cancel(this.#backOff);
    this.#generation++;
    this.endpoint = attempt.endpoint;
    this.#stream = attempt.stream;
    this.#triedAtMs = attempt.triedAtMs;
    this.#phase = 'waiting';
    if (!head.isComplete) attempt.stream.redirect(this);
    this.onResponse(head);
  }

  onHedgeFailure(attempt: HedgedAttempt, failure: Failure): void {
    this.#forgetHedged(attempt);
    this.cluster?.reportOutcome(attempt.endpoint, localOrigin.failed);
    if (this.#hedged === null && this.#phase === 'idle') this.#receiver.onNoAnswer(failure, '');
  }

  /** Whether the answer is one that is thrown away where there is anything better. */
  #isFailure(head: ResponseHead): boolean {
    const policy = this.#policy;
    if (policy === null) return false;
    const { method, isGrpc } = this.#head;
    if (mayRetryAnswer(policy, head.status, head.block, method)) return true;
    return isGrpc && head.isComplete && mayRetryGrpcStatus(policy, grpcStatusIn(head.block), head.block, method);
  }

  #forgetHedged(attempt: HedgedAttempt): void {
    this.#hedged?.delete(attempt);
    if (this.#hedged?.size === 0) this.#hedged = null;
    this.#breaker?.retries.release();
  }

  /** The others have lost, or nobody waits any more. */
  #giveUpHedged(): void {
    for (const attempt of this.#hedged ?? []) {
      this.#forgetHedged(attempt);
      attempt.leave(false);
    }
  }

  /** The endpoint of this attempt has answered; of a call counts how it ended. */
  #reportAnswer(status: number): void {
    this.#report(this.grpcStatus > 0 && status < 500 ? httpStatusOf(this.grpcStatus) : status);
  }

  /** The balancer hears how long the endpoint took to answer, or to fail. */
  #learnAnswerTime(isFailure: boolean): void {
    const latency = this.endpoint?.latency ?? null;
    if (latency !== null) latency.observe(this.#environment.now() - this.#triedAtMs, isFailure);
  }

  #report(outcome: Outcome): void {
    const { endpoint, cluster } = this;
    if (endpoint !== null && cluster !== null) cluster.reportOutcome(endpoint, outcome);
  }

  /** Ends an attempt, once: the connection goes back to the pool when it can carry another request. */
  #leaveEndpoint(isAnswered: boolean): void {
    const { wheel } = this.#environment;
    if (this.#tryTimeout !== null) wheel.cancel(this.#tryTimeout);
    if (this.#tryIdle !== null) wheel.cancel(this.#tryIdle);
    const { endpoint } = this;
    const phase = this.#phase;
    if (endpoint === null || !holdsEndpoint.has(phase)) return;
    const stream = this.#stream;
    this.#stream = null;
    this.#phase = 'idle';
    endpoint.activeRequests--;
    if (stream === null) {
      if (phase === 'connecting') endpoint.poolFor(this.#protocol, this.#isHighPriority).cancel(this);
    } else if (isAnswered && this.isRequestEnded) {
      stream.release();
    } else {
      stream.abort();
    }
  }
}

function isTimeout(failure: Failure): boolean {
  return failure === 'perTryTimeout' || failure === 'perTryIdleTimeout' || failure === 'connectTimeout';
}

/** `idle`: before the first attempt, after the last one, and where nothing waits between two. */
type Phase = 'idle' | 'resolving' | 'connecting' | 'waiting' | 'backing-off' | 'answered';

/** The phases in which the request counts as one of its endpoint's active requests. */
const holdsEndpoint: ReadonlySet<Phase> = new Set<Phase>(['connecting', 'waiting', 'answered']);

import type { Buffer } from 'node:buffer';
import type { Cluster } from './cluster/cluster.ts';
import type { Endpoint, UpstreamProtocol } from './cluster/endpoint.ts';
import type { Failure } from './failure.ts';
import type {
  DownstreamPeer,
  FinishedExchange,
  ForwardEnvironment,
  RouteLookup,
  Tunnels,
} from './forward/forward-environment.ts';
import { fillOutgoingRequest } from './forward/outgoing-request.ts';
import { grpcStatusIn, grpcStatusOf, grpcTimeoutMs, isInstanceFailure } from './message/grpc.ts';
import { applyHeadRules } from './message/head-rules.ts';
import type {
  DownstreamStream,
  RequestHead,
  RequestReceiver,
  ResponseHead,
  ResponseReceiver,
  UpstreamStream,
} from './message-head.ts';
import { OutgoingRequest } from './message-head.ts';
import { backOffMs } from './resilience/back-off.ts';
import type { RetryPolicy } from './resilience/retry-policy.ts';
import { isIdempotent, mayRetryFailure, mayRetryGrpcStatus, mayRetryStatus } from './resilience/retry-policy.ts';
import { Deadline } from './resilience/timer-wheel.ts';
import type { ForwardAction, Route } from './route/route.ts';

/** A tunnel on which nothing moves, unless its route says otherwise (Envoy, `idle_timeout` of TCP). */
const TUNNEL_IDLE_TIMEOUT_MS = 3_600_000;

/** Twice what `formatWorkloadName` can make; it is kept for each caller. */
const MAX_PEER_METADATA_LENGTH = 1024;

/**
 * Hot loop: bench/load (scenarios http1-plain and http1-mtls).
 *
 * One request on its way: route, endpoint, connection, answer, and all the ways this can fail. There is one exchange
 * object per server connection of HTTP/1 and per stream object of HTTP/2, used again for later requests.
 *
 * ```
 *   onRequest ─ route ─ pick ─ acquire ─ onStream ─ onResponse ─ … ─ #complete
 *                        ▲                │             │
 *                        └── back-off ◀─ #attemptFailed ◀┘ (status that may be retried)
 * ```
 *
 * A request whose body is not whole in memory is sent once: only what can be sent again unchanged is ever retried.
 */
export class HttpExchange implements RequestReceiver, ResponseReceiver, FinishedExchange {
  readonly peer: DownstreamPeer;
  head!: RequestHead;
  route: Route<Cluster> | null = null;
  cluster: Cluster | null = null;
  endpoint: Endpoint | null = null;
  status = 0;
  grpcStatus = -1;
  failure: Failure | null = null;
  detail = '';
  attempts = 0;
  startedAtMs = 0;
  respondedAtMs = 0;
  endedAtMs = 0;
  requestBytes = 0;
  responseBytes = 0;
  readonly #environment: ForwardEnvironment;
  readonly #stream: DownstreamStream;
  #action: ForwardAction<Cluster> | null = null;
  readonly #request = new OutgoingRequest();
  #upstream: UpstreamStream | null = null;
  #protocol: UpstreamProtocol = 'http1';
  #phase: Phase = 'idle';
  readonly #tunnels: Tunnels | null;
  /** While a tunnel is being opened: makes its outcome be of no interest. */
  #cancelTunnel: (() => void) | null = null;
  #isRequestSent = false;
  #isBodyStreamed = false;
  #hasAskedAgain = false;
  /** The protocol was changed: bytes go both ways until each side has ended. */
  #isTunnel = false;
  #hasTunnelAnswerEnded = false;
  #holdsRequest = false;
  #holdsRetry = false;
  #touchedAtMs = 0;
  /** By the coarse clock. */
  #beganAtMs = 0;
  /** `grpc-timeout` of the request; 0 for none. */
  #deadlineMs = 0;
  /** Tells answers of asynchronous look-ups apart from those of requests that are over. */
  #generation = 0;
  #requestTimeout: Deadline | null = null;
  #tryTimeout: Deadline | null = null;
  #backOff: Deadline | null = null;

  /** `tunnels` is null where CONNECT is refused. */
  constructor(
    environment: ForwardEnvironment,
    stream: DownstreamStream,
    peer: DownstreamPeer,
    tunnels: Tunnels | null = null,
  ) {
    this.#tunnels = tunnels;
    this.#environment = environment;
    this.#stream = stream;
    this.peer = peer;
  }

  get environment(): ForwardEnvironment {
    return this.#environment;
  }

  onRequest(head: RequestHead): void {
    this.head = head;
    this.route = null;
    this.cluster = null;
    this.endpoint = null;
    this.status = 0;
    this.grpcStatus = -1;
    this.failure = null;
    this.detail = '';
    this.attempts = 0;
    this.respondedAtMs = 0;
    this.endedAtMs = 0;
    this.responseBytes = 0;
    this.requestBytes = head.body.length;
    this.startedAtMs = this.#environment.now();
    this.#touchedAtMs = this.#environment.clock.nowMs;
    this.#beganAtMs = this.#touchedAtMs;
    this.#isRequestSent = head.isComplete;
    this.#isBodyStreamed = false;
    this.#hasAskedAgain = false;
    this.#isTunnel = false;
    this.#hasTunnelAnswerEnded = false;
    this.#phase = 'routing';
    if (head.peerMetadata !== '' && this.peer.metadata === '' && head.peerMetadata.length <= MAX_PEER_METADATA_LENGTH) {
      this.peer.metadata = head.peerMetadata;
    }
    const refusal = this.#refusal(head);
    if (refusal !== null) {
      this.#fail(refusal);
      return;
    }
    if (head.method === 'CONNECT') {
      this.#openTunnel(head);
      return;
    }
    const found = this.#environment.routes.lookup(head);
    if (found instanceof Promise) this.#awaitRoutes(found);
    else this.#follow(found);
  }

  #refusal(head: RequestHead): Failure | null {
    const { overload, http } = this.#environment;
    if (!overload.isShedding) return applyHeadRules(head, http);
    overload.shedRequests++;
    return 'overloaded';
  }

  #openTunnel(head: RequestHead): void {
    if (this.#tunnels === null || head.protocol === 'HTTP/2') {
      this.#fail('upgradeNotSupported');
      return;
    }
    const cancel = this.#tunnels.open(head.authority, {
      onOpened: (take) => {
        this.#cancelTunnel = null;
        this.#phase = 'idle';
        this.#stream.acceptConnect(take);
      },
      onRefused: (failure, detail) => {
        this.#cancelTunnel = null;
        this.#fail(failure, detail);
      },
    });
    if (this.#isRouting()) this.#cancelTunnel = cancel;
  }

  #isRouting(): boolean {
    return this.#phase === 'routing';
  }

  #awaitRoutes(pending: Promise<RouteLookup>): void {
    const generation = ++this.#generation;
    if (!this.head.isComplete) this.#stream.pauseRequest();
    void pending.then((found) => {
      if (generation === this.#generation && this.#phase === 'routing') this.#follow(found);
    });
  }

  #follow(found: RouteLookup): void {
    if (typeof found === 'string') {
      this.#fail(found);
      return;
    }
    const route = found.match(this.head);
    if (route === null) {
      this.#fail('noRoute');
      return;
    }
    this.route = route;
    if (this.head.upgrade !== '' && !this.#mayUpgrade(route)) {
      this.#fail('upgradeNotSupported');
      return;
    }
    if (route.action.kind === 'forward') this.#forward(route.action);
    else this.#answer(route);
  }

  /**
   * Whether the request may go on. One to a protocol that nobody knows here goes on as an ordinary one, which is what a
   * server that ignores `Upgrade` makes of it (RFC 9110 section 7.8).
   */
  #mayUpgrade({ action }: Route<Cluster>): boolean {
    const { head } = this;
    const ofRoute = action.kind === 'forward' ? action.upgrades?.get(head.upgrade) : undefined;
    if (ofRoute ?? this.#environment.http.upgrades.has(head.upgrade)) {
      if (!head.isComplete) this.#stream.pauseRequest();
      return true;
    }
    if (head.upgrade === 'websocket' || head.protocol === 'HTTP/2') return false;
    head.upgrade = '';
    return true;
  }

  /** Redirects and fixed answers, which a rule asked for: not failures. */
  #answer(route: Route<Cluster>): void {
    const { action } = route;
    if (action.kind === 'forward') return;
    const isRedirect = action.kind === 'redirect';
    const lines = isRedirect ? `location: ${action.redirect.location(this.head)}\r\n` : '';
    this.#finish(action.status);
    this.#stream.sendLocalReply(
      action.status,
      route.responseHeaders?.apply(lines) ?? lines,
      isRedirect ? '' : action.body,
    );
  }

  #forward(action: ForwardAction<Cluster>): void {
    const cluster = action.pick();
    this.cluster = cluster;
    this.#action = action;
    if (!cluster.breaker.requests.tryAcquire()) {
      this.#fail('upstreamOverflow', 'too many requests in flight');
      return;
    }
    this.#holdsRequest = true;
    cluster.counters.requestsTotal++;
    this.#protocol = protocolTowards(cluster, this.head);
    const edit = this.route?.requestHeaders ?? null;
    fillOutgoingRequest(this.#request, this.head, action, edit, cluster.config.serviceHost, this.peer);
    this.#deadlineMs = this.head.isGrpc ? grpcTimeoutMs(this.head.block) : 0;
    // a call's deadline counts from its beginning, a route's timeout from the end of the request
    if (this.#deadlineMs > 0) this.#armRequestTimeout(this.#deadlineMs);
    if (action.timeoutMs > 0 && this.#isRequestSent) this.#armRouteTimeout(action.timeoutMs);
    this.#attempt();
  }

  #attempt(): void {
    const cluster = this.cluster as Cluster; // set by #forward
    if (cluster.config.discovery === 'passthrough') {
      this.#attemptPassthrough(cluster);
      return;
    }
    const endpoint = cluster.pick(this.attempts === 0 ? null : this.endpoint);
    if (endpoint === null) {
      cluster.counters.noneHealthy++;
      this.#fail(cluster.name === 'BlackHoleCluster' ? 'noCluster' : 'noHealthyUpstream');
      return;
    }
    this.#attemptAt(endpoint);
  }

  #attemptPassthrough(cluster: Cluster): void {
    const generation = ++this.#generation;
    this.#phase = 'routing';
    if (!this.head.isComplete) this.#stream.pauseRequest();
    void this.#environment.resolvePassthrough(cluster, this.head.authority).then((resolved) => {
      if (generation !== this.#generation || this.#phase !== 'routing') return;
      if ('failure' in resolved) this.#fail(resolved.failure, resolved.detail);
      else this.#attemptAt(resolved);
    });
  }

  #attemptAt(endpoint: Endpoint): void {
    this.endpoint = endpoint;
    this.attempts++;
    endpoint.activeRequests++;
    endpoint.requestsTotal++;
    this.#phase = 'connecting';
    const perTryTimeoutMs = this.#action?.retry?.perTryTimeoutMs ?? 0;
    if (perTryTimeoutMs > 0) {
      this.#tryTimeout ??= new Deadline(() => this.#onTryTimeout());
      this.#environment.wheel.arm(this.#tryTimeout, perTryTimeoutMs);
    }
    endpoint.poolFor(this.#protocol).acquire(this);
    if (this.#isConnecting() && !this.head.isComplete) this.#stream.pauseRequest();
  }

  #isConnecting(): boolean {
    return this.#phase === 'connecting';
  }

  onStream(stream: UpstreamStream): void {
    this.#upstream = stream;
    this.#phase = 'waiting';
    const request = this.#request;
    request.attemptBlock = this.attempts > 1 ? `x-envoy-attempt-count: ${this.attempts}\r\n` : '';
    if (!stream.isReused && this.endpoint?.config.isMeshed === true) {
      request.attemptBlock += `x-heddle-peer: ${this.#environment.ownPeerMetadata}\r\n`;
    }
    const isFlowing = stream.send(this, request);
    if (this.head.isComplete || this.head.upgrade !== '') return; // of a tunnel, nothing is sent before the answer
    if (isFlowing) this.#stream.resumeRequest();
    else this.#stream.pauseRequest();
  }

  onPoolFailure(failure: Failure, detail: string): void {
    if (this.cluster !== null && failure !== 'upstreamOverflow') this.cluster.counters.connectFailures++;
    this.#attemptFailed(failure, detail);
  }

  onRequestBody(buffer: Buffer, start: number, end: number, owned: boolean): void {
    this.requestBytes += end - start;
    this.#touchedAtMs = this.#environment.clock.nowMs;
    if (this.#upstream === null) {
      // answered already: the rest is not wanted; before that, reading is paused and nothing can arrive
      if (this.#phase !== 'idle') this.#giveUp('internal');
      return;
    }
    this.#isBodyStreamed = true;
    if (!this.#upstream.sendBody(buffer, start, end, owned)) this.#stream.pauseRequest();
  }

  onRequestEnd(trailers: string): void {
    this.#isRequestSent = true;
    this.#upstream?.endRequest(trailers);
    if (this.#isTunnel) {
      if (this.#hasTunnelAnswerEnded) this.#complete('');
      return;
    }
    const timeoutMs = this.#action?.timeoutMs ?? 0;
    if (timeoutMs > 0 && this.#phase !== 'idle') this.#armRouteTimeout(timeoutMs);
  }

  onInterimResponse(head: ResponseHead): void {
    this.#stream.sendInterim(head);
  }

  onResponse(head: ResponseHead): void {
    this.#touchedAtMs = this.#environment.clock.nowMs;
    if (this.#tryTimeout !== null) this.#environment.wheel.cancel(this.#tryTimeout);
    if (head.status >= 400 && this.#retriesStatus(head)) return;
    if (this.head.isGrpc && this.#retriesGrpcStatus(head)) return;
    // a call says only at its end how it went
    if (!this.head.isGrpc || head.isComplete || head.status >= 500) {
      this.#reportAnswer(head.status >= 500 || isInstanceFailure(this.grpcStatus));
    }
    this.status = head.status;
    this.respondedAtMs = this.#environment.now();
    this.responseBytes = head.body.length;
    const edit = this.route?.responseHeaders ?? null;
    let block = edit === null ? head.block : edit.apply(head.block);
    if (this.#environment.direction === 'outbound') {
      block += `x-envoy-upstream-service-time: ${Math.round(this.respondedAtMs - this.startedAtMs)}\r\n`;
    }
    this.#phase = 'responding';
    if (head.framing === 'tunnel') this.#beginTunnel();
    const isFlowing = this.#stream.sendResponse(head, block);
    if (head.isComplete) {
      this.endedAtMs = this.respondedAtMs;
      this.#complete('');
    } else if (!isFlowing) this.#upstream?.pauseResponse();
  }

  /** The request counts as 101 whatever the upstream's version calls it, and is recorded when the tunnel ends. */
  #beginTunnel(): void {
    this.status = 101;
    this.#isTunnel = true;
    this.#isRequestSent = false;
    if (this.#requestTimeout !== null) this.#environment.wheel.cancel(this.#requestTimeout);
    if (!this.head.isComplete) this.#stream.resumeRequest();
  }

  onResponseBody(buffer: Buffer, start: number, end: number, owned: boolean): void {
    this.responseBytes += end - start;
    this.#touchedAtMs = this.#environment.clock.nowMs;
    if (!this.#stream.sendResponseBody(buffer, start, end, owned)) this.#upstream?.pauseResponse();
  }

  onResponseEnd(trailers: string): void {
    if (this.#isTunnel && !this.#isRequestSent) {
      this.#hasTunnelAnswerEnded = true;
      this.#stream.endResponse('');
      return;
    }
    if (this.head.isGrpc && this.status < 500) {
      this.grpcStatus = grpcStatusIn(trailers);
      this.#reportAnswer(isInstanceFailure(this.grpcStatus));
    }
    this.#complete(trailers);
  }

  onUpstreamDrain(): void {
    this.#stream.resumeRequest();
  }

  onDownstreamDrain(): void {
    this.#upstream?.resumeResponse();
  }

  onUpstreamFailure(failure: Failure): void {
    this.#upstream = null;
    if (this.#phase === 'responding') {
      // the client has part of an answer: cutting the connection is the only honest way to say that it is not whole
      this.failure = 'upstreamResetInBody';
      this.#reportFailure();
      this.#finish(this.status);
      this.#stream.reset();
      return;
    }
    this.#attemptFailed(failure, '');
  }

  onDownstreamReset(): void {
    if (this.#phase === 'idle') return;
    this.failure = 'downstreamReset';
    this.#finish(this.#isTunnel ? this.status : 0);
  }

  onSweep(nowMs: number): void {
    if (this.#phase === 'idle') return;
    const { streamIdleTimeoutMs, requestTimeoutMs } = this.#environment.http;
    const idleTimeoutMs =
      this.#action?.idleTimeoutMs || (this.#isTunnel ? TUNNEL_IDLE_TIMEOUT_MS : streamIdleTimeoutMs);
    if (idleTimeoutMs > 0 && nowMs - this.#touchedAtMs > idleTimeoutMs) {
      this.#giveUp('streamIdleTimeout');
    } else if (
      requestTimeoutMs > 0 &&
      !this.#isRequestSent &&
      !this.#isTunnel &&
      nowMs - this.#beganAtMs > requestTimeoutMs
    ) {
      this.#giveUp('requestTooSlow');
    }
  }

  /** Whether an answer with this status was turned into another try. */
  #retriesStatus(head: ResponseHead): boolean {
    const policy = this.#action?.retry ?? null;
    return (
      policy !== null && mayRetryStatus(policy, head.status, this.head.method) && this.#retriesAnswer(head, policy)
    );
  }

  /** The same for a call that ended without a message; its status is noted. */
  #retriesGrpcStatus(head: ResponseHead): boolean {
    if (!head.isComplete) return false;
    this.grpcStatus = grpcStatusIn(head.block);
    const policy = this.#action?.retry ?? null;
    if (policy === null || !mayRetryGrpcStatus(policy, this.grpcStatus, this.head.method)) return false;
    return this.#retriesAnswer(head, policy);
  }

  #retriesAnswer(head: ResponseHead, policy: RetryPolicy): boolean {
    if (!this.#mayTryAgain(policy.maxRetries)) {
      if (this.attempts > policy.maxRetries) this.failure = 'retryLimitExceeded';
      return false;
    }
    this.#reportFailure();
    this.#leaveEndpoint(head.isComplete);
    this.#retry();
    return true;
  }

  #attemptFailed(failure: Failure, detail: string): void {
    this.#upstream = null;
    if (this.#mayAskAgain(failure)) {
      this.#askAgain();
      return;
    }
    if (failure !== 'upstreamOverflow') this.#reportFailure();
    this.#leaveEndpoint(false);
    this.#phase = 'backing-off'; // the endpoint is left, whatever comes next
    this.failure = failure;
    this.detail = detail;
    const policy = this.#action?.retry ?? null;
    const isRetried =
      policy !== null &&
      mayRetryFailure(policy, failure, this.head.method, false) &&
      this.#mayTryAgain(policy.maxRetries);
    if (isRetried) this.#retry();
    else this.#fail(failure, detail);
  }

  /**
   * Whether a request goes to the same endpoint once more, whatever the retry policy says: one that was refused unseen
   * (RFC 9113 section 8.7), or that met the end of an idle connection, where doing it twice is harmless (RFC 9112 section
   * 9.3.1). In both cases it is the connection that failed, and not the instance.
   */
  #mayAskAgain(failure: Failure): boolean {
    if (failure !== 'staleConnection' && failure !== 'upstreamRefused') return false;
    if (this.#hasAskedAgain || this.#isBodyStreamed || !this.head.isComplete) return false;
    if (failure === 'upstreamRefused') return true;
    return isIdempotent(this.head.method) || this.#action?.retry?.retryNonIdempotent === true;
  }

  #askAgain(): void {
    const endpoint = this.endpoint as Endpoint; // its connection failed
    this.#hasAskedAgain = true;
    this.#leaveEndpoint(false);
    if (this.cluster !== null) this.cluster.counters.requestsRetried++;
    this.#attemptAt(endpoint);
  }

  /** Whether what was sent can be sent again, and the budget allows it; takes from the budget when so. */
  #mayTryAgain(maxRetries: number): boolean {
    if (this.attempts > maxRetries || this.#isBodyStreamed) return false;
    const cluster = this.cluster as Cluster; // only asked after an attempt
    if (this.#holdsRetry) return true;
    this.#holdsRetry = cluster.breaker.tryAcquireRetry();
    return this.#holdsRetry;
  }

  #retry(): void {
    const policy = this.#action?.retry;
    if (policy == null) return;
    if (this.cluster !== null) this.cluster.counters.requestsRetried++;
    this.failure = null;
    this.#phase = 'backing-off';
    if (!this.head.isComplete) this.#stream.pauseRequest();
    this.#backOff ??= new Deadline(() => this.#attempt());
    const waitMs = backOffMs(this.attempts, policy.backOffBaseMs, policy.backOffMaxMs, this.#environment.random);
    this.#environment.wheel.arm(this.#backOff, waitMs);
  }

  /** An endpoint answered: the detector and the counters hear of it. */
  #reportAnswer(isError: boolean): void {
    const endpoint = this.endpoint as Endpoint; // an answer comes from one
    const cluster = this.cluster as Cluster; // which belongs to a cluster
    if (endpoint.outlier !== null) cluster.detector?.report(endpoint.outlier, isError);
    if (isError) endpoint.requestsError++;
    else endpoint.requestsSuccess++;
  }

  /** An endpoint failed us: the detector and the counters hear of it. */
  #reportFailure(): void {
    const { endpoint, cluster } = this;
    if (endpoint === null || cluster === null) return;
    endpoint.requestsError++;
    if (endpoint.outlier !== null) cluster.detector?.report(endpoint.outlier, true);
  }

  /** Ends the attempt: the connection goes back to the pool when it can carry another request. */
  #leaveEndpoint(isAnswered: boolean): void {
    const { endpoint } = this;
    if (this.#tryTimeout !== null) this.#environment.wheel.cancel(this.#tryTimeout);
    if (endpoint === null || !holdsEndpoint.has(this.#phase)) return;
    const upstream = this.#upstream;
    this.#upstream = null;
    endpoint.activeRequests--;
    if (upstream === null) {
      if (this.#phase === 'connecting') endpoint.poolFor(this.#protocol).cancel(this);
    } else if (isAnswered && this.#isRequestSent) {
      upstream.release();
    } else {
      upstream.abort();
    }
  }

  /** Takes the place of a deadline only where it ends earlier. */
  #armRouteTimeout(timeoutMs: number): void {
    const leftMs = this.startedAtMs + this.#deadlineMs - this.#environment.now();
    if (this.#deadlineMs === 0 || timeoutMs < leftMs) this.#armRequestTimeout(timeoutMs);
  }

  #armRequestTimeout(timeoutMs: number): void {
    this.#requestTimeout ??= new Deadline(() => this.#onRequestTimeout());
    this.#environment.wheel.arm(this.#requestTimeout, timeoutMs);
  }

  #onRequestTimeout(): void {
    if (this.cluster !== null) this.cluster.counters.timeouts++;
    if (this.endpoint !== null) this.endpoint.requestsTimeout++;
    this.#giveUp('requestTimeout');
  }

  #onTryTimeout(): void {
    if (this.cluster !== null) this.cluster.counters.perTryTimeouts++;
    if (this.endpoint !== null) this.endpoint.requestsTimeout++;
    this.#upstream?.abort();
    if (this.#phase === 'connecting') this.endpoint?.poolFor(this.#protocol).cancel(this);
    this.#attemptFailed('perTryTimeout', '');
  }

  /** Ends the request for a reason of time, wherever it is. */
  #giveUp(failure: Failure): void {
    if (this.#phase !== 'responding') {
      if (this.#phase === 'waiting') this.#reportFailure();
      this.#fail(failure);
      return;
    }
    this.failure = failure;
    this.#finish(this.status);
    this.#stream.reset();
  }

  #fail(failure: Failure, detail = ''): void {
    this.failure = failure;
    this.detail = detail;
    const origin = this.route?.origin ?? null;
    const reply = this.#environment.describe(failure, {
      service: this.cluster?.config.serviceHost || this.#environment.routes.service || this.head.authority,
      rule:
        origin === null
          ? ''
          : `${origin.document} rule ${origin.rule}${origin.file === '' ? '' : ` (${origin.file}:${origin.line})`}`,
      detail,
      isGrpc: this.head.isGrpc,
    });
    if (this.head.isGrpc) this.grpcStatus = grpcStatusOf(failure);
    this.responseBytes = reply.body.length;
    this.#finish(reply.status);
    this.#stream.sendLocalReply(reply.status, reply.lines, reply.body);
  }

  #complete(trailers: string): void {
    if (this.#holdsRetry && this.cluster !== null && this.failure === null) this.cluster.counters.retriesSucceeded++;
    this.#leaveEndpoint(true);
    this.#phase = 'complete';
    this.#finish(this.status);
    if (!this.#hasTunnelAnswerEnded) this.#stream.endResponse(trailers);
  }

  /** Gives back all that the request held and records it. Whatever is sent afterwards may begin the next request. */
  #finish(status: number): void {
    const { cluster } = this;
    this.status = status;
    this.#leaveEndpoint(false);
    if (this.#backOff !== null) this.#environment.wheel.cancel(this.#backOff);
    if (this.#requestTimeout !== null) this.#environment.wheel.cancel(this.#requestTimeout);
    if (cluster !== null) {
      if (this.#holdsRequest) cluster.breaker.requests.release();
      if (this.#holdsRetry) cluster.breaker.retries.release();
      const byClass = cluster.counters.responsesByClass;
      const index = Math.floor(status / 100);
      byClass[index] = (byClass[index] ?? 0) + 1;
    }
    this.#holdsRequest = false;
    this.#holdsRetry = false;
    this.#action = null;
    this.#phase = 'idle';
    this.#generation++;
    if (this.#cancelTunnel !== null) {
      this.#cancelTunnel();
      this.#cancelTunnel = null;
    }
    if (this.endedAtMs === 0) this.endedAtMs = this.#environment.now();
    this.#environment.recorder.record(this);
  }
}

function protocolTowards({ config }: Cluster, head: RequestHead): UpstreamProtocol {
  if (config.upstreamProtocol !== 'downstream') return config.upstreamProtocol;
  return head.protocol === 'HTTP/2' ? 'http2' : 'http1';
}

/** `backing-off`: between two tries, or after the last one; `complete`: the answer is whole, the books are open. */
type Phase = 'idle' | 'routing' | 'connecting' | 'waiting' | 'backing-off' | 'responding' | 'complete';

/** The phases in which the exchange counts as one of its endpoint's active requests. */
const holdsEndpoint: ReadonlySet<Phase> = new Set<Phase>(['connecting', 'waiting', 'responding']);

import type { Buffer } from 'node:buffer';
import type { Cluster } from './cluster/cluster.ts';
import type { Endpoint } from './cluster/endpoint.ts';
import type { Failure } from './failure.ts';
import { failures } from './failure.ts';
import type { FilterAnswer, FilterReply, RequestFilter } from './filter/request-filter.ts';
import { answerOfFailure, answerOfFilter, answerOfRule } from './forward/answer-of-our-own.ts';
import type { AnswerReceiver } from './forward/answer-receiver.ts';
import type { FilteredExchange } from './forward/filter-stage.ts';
import { FilterStage } from './forward/filter-stage.ts';
import type {
  DownstreamPeer,
  FinishedExchange,
  ForwardEnvironment,
  RouteLookup,
  Tunnels,
} from './forward/forward-environment.ts';
import type { LocalReply } from './forward/local-reply.ts';
import { Mirrors } from './forward/mirrors.ts';
import type { BodyFlow } from './forward/paced-body.ts';
import type { ControlTrust, RequestBounds } from './forward/request-controls.ts';
import { takeControls } from './forward/request-controls.ts';
import { RequestDeadline } from './forward/request-deadline.ts';
import { UpstreamRequest } from './forward/upstream-request.ts';
import { grpcStatusOf, grpcTimeoutMs } from './message/grpc.ts';
import { applyHeadRules } from './message/head-rules.ts';
import type { DownstreamStream, RequestHead, RequestReceiver, ResponseHead } from './message-head.ts';
import type { Fallback, ForwardAction, HeaderEdit, Route } from './route/route.ts';

/** A tunnel on which nothing moves, unless its route says otherwise (Envoy, `idle_timeout` of TCP). */
const TUNNEL_IDLE_TIMEOUT_MS = 3_600_000;

/** Twice what `formatWorkloadName` can make; it is kept for each caller. */
const MAX_PEER_METADATA_LENGTH = 1024;

/**
 * Hot loop: bench/load (scenarios http1-plain and http1-mtls).
 *
 * One request on its way, as its client sees it: rules of the listener, route, answer, and all the ways this can fail.
 * How it gets its answer is `UpstreamRequest`'s. There is one exchange object per server connection of HTTP/1 and per
 * stream object of HTTP/2, used again for later requests.
 *
 * ```
 *   onRequest ─ rules ─ route ─ UpstreamRequest ─ onAnswer ─ … ─ onAnswerEnd ─ #complete
 *                 │       │            └── onNoAnswer
 *                 └───────┴─────────────────── #fail
 * ```
 */
export class HttpExchange implements RequestReceiver, AnswerReceiver, FilteredExchange, FinishedExchange {
  readonly environment: ForwardEnvironment;
  readonly peer: DownstreamPeer;
  head!: RequestHead;
  route: Route<Cluster> | null = null;
  status = 0;
  grpcStatus = -1;
  failure: Failure | null = null;
  detail = '';
  startedAtMs = 0;
  respondedAtMs = 0;
  endedAtMs = 0;
  requestBytes = 0;
  responseBytes = 0;
  readonly #stream: DownstreamStream;
  readonly #tunnels: Tunnels | null;
  readonly #upstream: UpstreamRequest;
  readonly #deadline: RequestDeadline;
  #action: ForwardAction<Cluster> | null = null;
  /** For all attempts, from the end of the request; 0 for none. */
  #timeoutMs = 0;
  /** Changes to the answer: those of the route with those of its destination. */
  #responseHeaders: HeaderEdit | null = null;
  #mirrors: Mirrors | null = null;
  /** What the filters of its route make of the request; null where that has none. The other one is used again. */
  #filters: FilterStage | null = null;
  #spareFilters: FilterStage | null = null;
  /** Where the request goes when it cannot go where its route leads; null from there on. */
  #fallback: Fallback<Cluster> | null = null;
  #bounds: RequestBounds | null = null;
  #phase: Phase = 'idle';
  /** While a tunnel is being opened: makes the outcome be of no interest. */
  #cancelTunnel: (() => void) | null = null;
  /** The protocol was changed: bytes go both ways until each side has ended. */
  #isTunnel = false;
  #hasTunnelAnswerEnded = false;
  /** These two by the coarse clock. */
  #touchedAtMs = 0;
  #beganAtMs = 0;
  /** Tells routes that come late apart from those of requests that are over. */
  #generation = 0;

  /** `tunnels` is null where CONNECT is refused. */
  constructor(
    environment: ForwardEnvironment,
    stream: DownstreamStream,
    peer: DownstreamPeer,
    tunnels: Tunnels | null = null,
  ) {
    this.environment = environment;
    this.peer = peer;
    this.#stream = stream;
    this.#tunnels = tunnels;
    this.#upstream = new UpstreamRequest(environment, peer, this);
    this.#deadline = new RequestDeadline(
      environment,
      () => this.#onTimeout(),
      () => this.#giveUp('maxStreamDuration'),
    );
  }

  get cluster(): Cluster | null {
    return this.#upstream.cluster;
  }

  get endpoint(): Endpoint | null {
    return this.#upstream.endpoint;
  }

  get attempts(): number {
    return this.#upstream.attempts;
  }

  onRequest(head: RequestHead): void {
    this.head = head;
    this.route = null;
    this.status = 0;
    this.grpcStatus = -1;
    this.failure = null;
    this.detail = '';
    this.respondedAtMs = 0;
    this.endedAtMs = 0;
    this.responseBytes = 0;
    this.#responseHeaders = null;
    this.requestBytes = head.body.length;
    this.startedAtMs = this.environment.now();
    this.#touchedAtMs = this.environment.clock.nowMs;
    this.#beganAtMs = this.#touchedAtMs;
    this.#isTunnel = false;
    this.#hasTunnelAnswerEnded = false;
    this.#upstream.begin(head, this.startedAtMs);
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
    const found = this.environment.routes.lookup(head);
    if (found instanceof Promise) this.#awaitRoutes(found);
    else this.#follow(found);
  }

  #refusal(head: RequestHead): Failure | null {
    const { overload, http } = this.environment;
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
    this.#responseHeaders = route.responseHeaders;
    if (route.filters === null) this.#act(route);
    else this.#filter(route.filters);
  }

  #filter(filters: readonly RequestFilter[]): void {
    this.#spareFilters ??= this.#newFilterStage();
    this.#filters = this.#spareFilters;
    this.#filters.begin(filters);
  }

  #newFilterStage(): FilterStage {
    const stream = this.#stream;
    const upstream = this.#upstream;
    const request: BodyFlow = {
      send: (buffer, start, end, owned) => {
        this.#passRequestBody(buffer, start, end, owned);
        return true; // who takes no more has said so by `pauseRequest`
      },
      end: (trailers) => this.#endRequest(trailers),
      pauseSource: () => stream.pauseRequest(),
      resumeSource: () => stream.resumeRequest(),
    };
    const answer: BodyFlow = {
      send: (buffer, start, end, owned) => {
        this.touch();
        return stream.sendResponseBody(buffer, start, end, owned);
      },
      end: (trailers) => this.#endAnswer(trailers),
      pauseSource: () => upstream.pauseResponse(),
      resumeSource: () => upstream.resumeResponse(),
    };
    return new FilterStage(this, request, answer, () => this.environment.now());
  }

  onPassed(): void {
    this.#act(this.route as Route<Cluster>); // whose filters they are
  }

  noteHoldUp(failure: Failure): void {
    this.failure = failure;
  }

  onReplied({ status, lines }: FilterReply): void {
    this.#answer({ status, lines, body: '' });
  }

  onRefused(answer: FilterAnswer): void {
    if (this.#phase === 'responding') this.#cutOff(answer.failure);
    else this.#refuse(answer);
  }

  #refuse(answer: FilterAnswer): void {
    this.failure = answer.failure;
    this.detail = answer.detail;
    const { isGrpc } = this.head;
    if (isGrpc) this.grpcStatus = answer.grpcStatus < 0 ? grpcStatusOf(answer.failure) : answer.grpcStatus;
    const reply = answerOfFilter(answer, this, this.environment);
    this.responseBytes = reply.body.length;
    this.#answer(reply);
  }

  #act(route: Route<Cluster>): void {
    const { action } = route;
    if (this.head.upgrade !== '' && !this.#mayUpgrade(route)) this.#fail('upgradeNotSupported');
    else if (action.kind === 'forward') this.#forward(action, route);
    else this.#answer(answerOfRule(action, route, this.head));
  }

  /**
   * Whether the request may go on. One to a protocol that nobody knows here goes on as an ordinary one, which is what a
   * server that ignores `Upgrade` makes of it (RFC 9110 section 7.8).
   */
  #mayUpgrade({ action }: Route<Cluster>): boolean {
    const { head } = this;
    const ofRoute = action.kind === 'forward' ? action.upgrades?.get(head.upgrade) : undefined;
    if (ofRoute ?? this.environment.http.upgrades.has(head.upgrade)) {
      if (!head.isComplete) this.#stream.pauseRequest();
      return true;
    }
    if (head.upgrade === 'websocket' || head.protocol === 'HTTP/2') return false;
    head.upgrade = '';
    return true;
  }

  #forward(action: ForwardAction<Cluster>, { requestHeaders }: Route<Cluster>): void {
    const upstream = this.#upstream;
    const resumed = action.session === null ? null : upstream.resume(action.session);
    const edited = resumed ?? (action.pickEdited === null ? null : action.pickEdited());
    if (edited !== null) this.#responseHeaders = edited.responseHeaders;
    this.#action = action;
    this.#phase = 'forwarding';
    const bounds = this.head.hasControls ? takeControls(this.head, action, this.#controlTrust()) : action;
    const { timeoutMs } = bounds;
    this.#timeoutMs = timeoutMs;
    this.#fallback = action.fallback;
    this.#bounds = bounds;
    const isIn =
      edited === null
        ? upstream.enter(action.pick(), action, requestHeaders, action.pathRewrite, bounds)
        : upstream.enter(edited.destination, action, edited.requestHeaders, edited.pathRewrite, bounds);
    const callMs = this.head.isGrpc ? this.#boundCall(action) : 0;
    if (callMs > 0) this.#deadline.armForCall(callMs, this.startedAtMs);
    if (action.maxStreamMs > 0) this.#deadline.armForStream(action.maxStreamMs);
    if (timeoutMs > 0 && upstream.isRequestEnded) this.#deadline.armForRoute(timeoutMs);
    if (!isIn) {
      this.onNoAnswer('upstreamOverflow', 'too many requests in flight');
      return;
    }
    if (action.mirrors !== null && this.head.upgrade === '') {
      this.#mirrors = Mirrors.start(action.mirrors, upstream.outgoing, this.head, timeoutMs, this.environment);
    }
    upstream.attempt();
    this.#fallback = null; // by now something may have been sent
  }

  /** Tells the upstream side how long a call may take, by its client and its route; 0 is no bound. */
  #boundCall({ maxCallMs }: ForwardAction<Cluster>): number {
    const saidMs = grpcTimeoutMs(this.head.block);
    const boundMs = atMost(saidMs, maxCallMs);
    if (boundMs > 0) this.#upstream.boundCall(boundMs, boundMs !== saidMs);
    return boundMs;
  }

  /** A sidecar vouches for what it says of its own application; on the outbound side that is ours. */
  #controlTrust(): ControlTrust {
    if (this.environment.direction === 'outbound') return 'all';
    return this.peer.principal === '' ? 'none' : 'deadline';
  }

  onRequestBody(buffer: Buffer, start: number, end: number, owned: boolean): void {
    this.requestBytes += end - start;
    this.touch();
    if (this.#filters !== null && !this.#filters.takeRequest(buffer, start, end, owned)) return;
    this.#passRequestBody(buffer, start, end, owned);
  }

  #passRequestBody(buffer: Buffer, start: number, end: number, owned: boolean): void {
    if (this.#mirrors !== null) this.#mirrors.sendBody(buffer, start, end);
    if (this.#upstream.sendBody(buffer, start, end, owned)) return;
    // answered already: the rest is not wanted; before that, reading is paused and nothing can arrive
    if (this.#phase !== 'idle') this.#giveUp('internal');
  }

  onRequestEnd(trailers: string): void {
    if (this.#filters === null || this.#filters.endRequest(trailers)) this.#endRequest(trailers);
  }

  #endRequest(trailers: string): void {
    if (this.#mirrors !== null) this.#mirrors.end(trailers);
    this.#upstream.endRequest(trailers);
    if (this.#isTunnel) {
      if (this.#hasTunnelAnswerEnded) this.#complete('');
      return;
    }
    if (this.#timeoutMs > 0 && this.#phase !== 'idle') this.#deadline.armForRoute(this.#timeoutMs);
  }

  pauseRequest(): void {
    if (this.#filters !== null) this.#filters.requestStopped();
    this.#stream.pauseRequest();
  }

  resumeRequest(): void {
    if (this.#filters === null || this.#filters.mayReadRequest()) this.#stream.resumeRequest();
  }

  #pauseAnswer(): void {
    if (this.#filters !== null) this.#filters.answerStopped();
    this.#upstream.pauseResponse();
  }

  onDownstreamDrain(): void {
    if (this.#filters === null || this.#filters.mayReadAnswer()) this.#upstream.resumeResponse();
  }

  onInterimAnswer(head: ResponseHead): void {
    this.#stream.sendInterim(head);
  }

  touch(): void {
    this.#touchedAtMs = this.environment.clock.nowMs;
  }

  leftMs(): number {
    return this.#deadline.leftMs();
  }

  onAnswer(head: ResponseHead): void {
    this.status = head.status;
    this.grpcStatus = this.#upstream.grpcStatus;
    if (this.#upstream.isExhausted) this.failure = 'retryLimitExceeded';
    this.respondedAtMs = this.environment.now();
    this.responseBytes = head.body.length;
    let { block } = head;
    if (this.#responseHeaders !== null) block = this.#responseHeaders.apply(block);
    if (this.#filters !== null) block = this.#filters.onAnswer(head, block);
    if (this.environment.direction === 'outbound') {
      block += `x-envoy-upstream-service-time: ${Math.round(this.respondedAtMs - this.startedAtMs)}\r\n`;
    }
    const { answerLines } = this.#upstream;
    if (answerLines !== '') block += answerLines;
    this.#phase = 'responding';
    if (head.framing === 'tunnel') this.#beginTunnel();
    const isFlowing = this.#stream.sendResponse(head, block);
    if (head.isComplete) {
      this.endedAtMs = this.respondedAtMs;
      this.#complete('');
    } else if (!isFlowing) this.#pauseAnswer();
    if (this.#filters !== null) this.#filters.afterHead();
  }

  /** The request counts as 101 whatever the upstream's version calls it, and is recorded when the tunnel ends. */
  #beginTunnel(): void {
    this.status = 101;
    this.#isTunnel = true;
    this.#deadline.cancelAnswer();
    if (!this.head.isComplete) this.resumeRequest();
  }

  onAnswerBody(buffer: Buffer, start: number, end: number, owned: boolean): void {
    this.responseBytes += end - start;
    this.touch();
    if (this.#filters !== null && !this.#filters.takeAnswer(buffer, start, end, owned)) return;
    if (!this.#stream.sendResponseBody(buffer, start, end, owned)) this.#pauseAnswer();
  }

  onAnswerEnd(trailers: string): void {
    if (this.#filters === null || this.#filters.endAnswer(trailers)) this.#endAnswer(trailers);
  }

  #endAnswer(trailers: string): void {
    if (this.#isTunnel && !this.#upstream.isRequestEnded) {
      this.#hasTunnelAnswerEnded = true;
      this.#stream.endResponse('');
      return;
    }
    this.grpcStatus = this.#upstream.grpcStatus;
    this.#complete(trailers);
  }

  /** The client has part of an answer: cutting its connection is the only honest way to say that it is not whole. */
  onCutOff(): void {
    this.#cutOff('upstreamResetInBody');
  }

  onNoAnswer(failure: Failure, detail: string): void {
    if (this.#fallback === null || !this.#fallBack(failure, detail, this.#fallback)) this.#fail(failure, detail);
  }

  /** Only for requests of which nothing was sent, and whose client has not said anything since their head. */
  #fallBack(failure: Failure, detail: string, fallback: Fallback<Cluster>): boolean {
    this.#fallback = null;
    const served = fallbacks.get(failure);
    const { head } = this;
    const upstream = this.#upstream;
    if (served === undefined || upstream.isRequestEnded !== head.isComplete) return false;
    if (fallback.kind === 'respond' && head.isGrpc) return false;
    if (this.cluster !== null) this.cluster.counters.fallbacks++;
    if (fallback.kind === 'respond') {
      this.failure = served;
      this.detail = detail;
      this.responseBytes = fallback.body.length;
      this.#answer(fallback);
      return true;
    }
    const action = this.#action as ForwardAction<Cluster>; // set with the fallback, as are these
    const bounds = this.#bounds as RequestBounds;
    upstream.finish(failures[failure].status);
    upstream.begin(head, this.startedAtMs);
    const edit = this.route?.requestHeaders ?? null;
    if (!upstream.enter(fallback.destination, action, edit, action.pathRewrite, bounds)) return false;
    this.failure = served;
    if (head.isGrpc) this.#boundCall(action);
    upstream.attempt();
    return true;
  }

  onDownstreamReset(): void {
    if (this.#phase === 'idle') return;
    this.failure = 'downstreamReset';
    this.#finish(this.#isTunnel ? this.status : 0);
  }

  onSweep(nowMs: number): void {
    if (this.#phase === 'idle') return;
    if (this.#filters?.isHolding === true) this.touch();
    const { streamIdleTimeoutMs, requestTimeoutMs } = this.environment.http;
    const idleTimeoutMs =
      this.#action?.idleTimeoutMs || (this.#isTunnel ? TUNNEL_IDLE_TIMEOUT_MS : streamIdleTimeoutMs);
    const isBeingSent = !this.#upstream.isRequestEnded && !this.#isTunnel;
    if (idleTimeoutMs > 0 && nowMs - this.#touchedAtMs > idleTimeoutMs) this.#giveUp('streamIdleTimeout');
    else if (requestTimeoutMs > 0 && isBeingSent && nowMs - this.#beganAtMs > requestTimeoutMs) {
      this.#giveUp('requestTooSlow');
    }
  }

  #onTimeout(): void {
    if (this.cluster !== null) this.cluster.counters.timeouts++;
    if (this.endpoint !== null) this.endpoint.requestsTimeout++;
    this.#giveUp('requestTimeout');
  }

  /** Ends the request for a reason of time, wherever it is. */
  #giveUp(failure: Failure): void {
    if (this.#phase === 'responding') {
      this.#cutOff(failure);
      return;
    }
    this.#upstream.blame();
    this.#fail(failure);
  }

  #cutOff(failure: Failure): void {
    this.failure = failure;
    this.#finish(this.status);
    this.#stream.reset();
  }

  #fail(failure: Failure, detail = ''): void {
    this.failure = failure;
    this.detail = detail;
    if (this.head.isGrpc) this.grpcStatus = grpcStatusOf(failure);
    const reply = answerOfFailure(failure, detail, this, this.environment);
    this.responseBytes = reply.body.length;
    this.#answer(reply);
  }

  #answer({ status, lines, body }: LocalReply): void {
    const edited = this.#filters === null ? lines : this.#filters.edit(lines);
    this.#finish(status);
    this.#stream.sendLocalReply(status, edited, body);
  }

  #complete(trailers: string): void {
    this.#upstream.complete();
    this.#finish(this.status);
    if (!this.#hasTunnelAnswerEnded) this.#stream.endResponse(trailers);
  }

  /** Gives back all that the request held and records it. Whatever is sent afterwards may begin the next request. */
  #finish(status: number): void {
    this.status = status;
    this.#upstream.finish(status);
    this.#deadline.cancel();
    if (this.#mirrors !== null) {
      if (!this.#upstream.isRequestEnded) this.#mirrors.abort();
      this.#mirrors = null;
    }
    this.#action = null;
    this.#timeoutMs = 0;
    this.#phase = 'idle';
    this.#generation++;
    if (this.#cancelTunnel !== null) {
      this.#cancelTunnel();
      this.#cancelTunnel = null;
    }
    if (this.endedAtMs === 0) this.endedAtMs = this.environment.now();
    if (this.#filters !== null) {
      this.#filters.end();
      this.#filters = null;
    }
    this.environment.recorder.record(this);
  }
}

/** The shorter one of two times of which 0 is none. */
function atMost(ms: number, maxMs: number): number {
  return maxMs > 0 && (ms === 0 || ms > maxMs) ? maxMs : ms;
}

/** What a request that its route's fallback has served is recorded with. */
const fallbacks: ReadonlyMap<Failure, Failure> = new Map([
  ['upstreamOverflow', 'overflowFallback'],
  ['noHealthyUpstream', 'unhealthyFallback'],
]);

/** `forwarding`: with `UpstreamRequest`, until it has an answer. */
type Phase = 'idle' | 'routing' | 'forwarding' | 'responding';

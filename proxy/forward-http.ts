import type { Buffer } from 'node:buffer';
import type { Cluster } from './cluster/cluster.ts';
import type { Failure } from './failure.ts';
import type { FilterAnswer, FilterReply, RequestFilter } from './filter/request-filter.ts';
import { answerOfFailure, answerOfFilter, answerOfRule, causeOf, refusalOf } from './forward/answer-of-our-own.ts';
import { Dispatch } from './forward/dispatch.ts';
import type { ExchangeRecord } from './forward/exchange-record.ts';
import type { FilterOwner } from './forward/filter-stage.ts';
import { FilterStage } from './forward/filter-stage.ts';
import type { DownstreamPeer, ForwardEnvironment, RouteLookup, Tunnels } from './forward/forward-environment.ts';
import type { LocalReply } from './forward/local-reply.ts';
import type { RelayOwner } from './forward/relay.ts';
import { Relay } from './forward/relay.ts';
import { RequestDeadline } from './forward/request-deadline.ts';
import { StallWatch } from './forward/stall-watch.ts';
import { mayUpgrade } from './forward/upgrade.ts';
import type { UpstreamRequest } from './forward/upstream-request.ts';
import { grpcStatusOf } from './message/grpc.ts';
import { applyHeadRules } from './message/head-rules.ts';
import { MAX_HOPS } from './message/hops.ts';
import type { DownstreamStream, RequestHead, RequestReceiver } from './message-head.ts';
import type { Route } from './route/route.ts';

/** A tunnel on which nothing moves, unless its route says otherwise (Envoy, `idle_timeout` of TCP). */
const TUNNEL_IDLE_TIMEOUT_MS = 3_600_000;

/** Twice what `formatWorkloadName` can make; it is kept for each caller. */
const MAX_PEER_METADATA_LENGTH = 1024;

/**
 * Hot loop: bench/load (scenarios http1-plain and http1-mtls).
 *
 * One request on its way, as its client sees it: rules of the listener, route, filters, and all the ways this can end. Where
 * it is sent is `Dispatch`'s, how it gets an answer `UpstreamRequest`'s, and the bytes between client and upstream are the
 * `Relay`'s. There is one exchange object per server connection of HTTP/1 and per stream object of HTTP/2, used again for
 * later requests.
 *
 * ```
 *   onRequest ─ rules ─ route ─ filters ─ Dispatch ─ UpstreamRequest ─ Relay ─ onAnswered
 *                 │       │        │                      └── onNoAnswer        │
 *                 └───────┴────────┴── #fail, #answer ─────────┴──────────── #finish ─► recorded
 * ```
 */
export class HttpExchange implements RequestReceiver, RelayOwner, FilterOwner {
  readonly #environment: ForwardEnvironment;
  readonly #peer: DownstreamPeer;
  readonly #stream: DownstreamStream;
  readonly #tunnels: Tunnels | null;
  readonly #deadline: RequestDeadline;
  readonly #stalls: StallWatch;
  readonly #relay: Relay;
  readonly #record: ExchangeRecord;
  readonly #upstream: UpstreamRequest;
  readonly #dispatch: Dispatch;
  #phase: 'idle' | 'routing' | 'forwarding' = 'idle';
  /** Made for the first request whose route has filters, and used again. */
  #filters: FilterStage | null = null;
  /** While a tunnel is being opened: makes the outcome be of no interest. */
  #cancelTunnel: (() => void) | null = null;
  /** Tells routes that come late apart from those of requests that are over. */
  #generation = 0;

  /** `tunnels` is null where CONNECT is refused. */
  constructor(
    environment: ForwardEnvironment,
    stream: DownstreamStream,
    peer: DownstreamPeer,
    tunnels: Tunnels | null = null,
  ) {
    this.#environment = environment;
    this.#peer = peer;
    this.#stream = stream;
    this.#tunnels = tunnels;
    this.#deadline = new RequestDeadline(
      environment,
      () => this.#onTimeout(),
      () => this.#giveUp('maxStreamDuration'),
    );
    this.#stalls = new StallWatch(environment.clock);
    this.#relay = new Relay(environment, peer, stream, this, this.#deadline, this.#stalls);
    this.#record = this.#relay.record;
    this.#upstream = this.#relay.upstream;
    this.#dispatch = new Dispatch(environment, this.#relay, this.#deadline);
  }

  onRequest(head: RequestHead): void {
    this.#relay.begin(head);
    this.#stalls.begin();
    this.#phase = 'routing';
    const peer = this.#peer;
    if (head.peerMetadata !== '' && peer.metadata === '' && head.peerMetadata.length <= MAX_PEER_METADATA_LENGTH) {
      peer.metadata = head.peerMetadata;
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
    if (head.hops > MAX_HOPS) return 'loopDetected';
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
    if (!this.#record.head.isComplete) this.#stream.pauseRequest();
    void pending.then((found) => {
      if (generation === this.#generation && this.#phase === 'routing') this.#follow(found);
    });
  }

  #follow(found: RouteLookup): void {
    if (typeof found === 'string') {
      this.#fail(found);
      return;
    }
    const route = found.match(this.#record.head);
    if (route === null) {
      this.#fail('noRoute');
      return;
    }
    this.#record.route = route;
    this.#relay.responseHeaders = route.responseHeaders;
    if (route.filters === null) this.#act(route);
    else this.#filter(route.filters);
  }

  #filter(filters: readonly RequestFilter[]): void {
    this.#filters ??= new FilterStage(this, this.#record, this.#relay.flows(), () => this.#environment.now());
    this.#relay.filters = this.#filters;
    this.#filters.begin(filters);
  }

  onPassed(): void {
    this.#act(this.#record.route as Route<Cluster>); // whose filters they are
  }

  onReplied({ status, lines }: FilterReply): void {
    this.#answer({ status, lines, body: '' });
  }

  onRefused(answer: FilterAnswer): void {
    if (this.#relay.hasBegun) {
      this.#cutOff(answer.failure);
      return;
    }
    const record = this.#record;
    record.failure = answer.failure;
    record.detail = causeOf(answer);
    if (record.head.isGrpc) {
      record.grpcStatus = answer.grpcStatus < 0 ? grpcStatusOf(answer.failure) : answer.grpcStatus;
    }
    const reply = answerOfFilter(answer, record, this.#environment);
    record.responseBytes = reply.body.length;
    this.#answer(reply);
  }

  #act(route: Route<Cluster>): void {
    const { action } = route;
    const { head } = this.#record;
    if (head.upgrade !== '') {
      if (!mayUpgrade(head, route, this.#environment.http)) {
        this.#fail('upgradeNotSupported');
        return;
      }
      if (head.upgrade !== '' && !head.isComplete) this.#stream.pauseRequest();
    }
    if (action.kind === 'forward') {
      this.#phase = 'forwarding';
      this.#dispatch.start(action, route);
    } else if (action.kind === 'respond' && action.isRefusal) this.onRefused(refusalOf(action));
    else this.#answer(answerOfRule(action, route, head));
  }

  onRequestBody(buffer: Buffer, start: number, end: number, owned: boolean): void {
    this.#relay.takeRequest(buffer, start, end, owned);
  }

  onRequestEnd(trailers: string): void {
    this.#relay.endRequest(trailers);
  }

  onUnwanted(): void {
    if (this.#phase !== 'idle') this.#giveUp('internal');
  }

  onDownstreamDrain(): void {
    this.#relay.resumeAnswer();
  }

  onAnswered(trailers: string): void {
    this.#upstream.complete();
    this.#finish(this.#record.status);
    if (!this.#relay.hasTunnelAnswerEnded) this.#stream.endResponse(trailers);
  }

  /** The client has part of an answer: cutting its connection is the only honest way to say that it is not whole. */
  onCutOff(): void {
    this.#cutOff('upstreamResetInBody');
  }

  onNoAnswer(failure: Failure, detail: string): void {
    const fallback = this.#dispatch.fallBack(failure, detail);
    if (fallback === null) this.#fail(failure, detail);
    else if (fallback !== 'moved') this.#answer(fallback);
  }

  onDownstreamReset(): void {
    if (this.#phase === 'idle') return;
    this.#record.failure = 'downstreamReset';
    this.#finish(this.#relay.isTunnel ? this.#record.status : 0);
  }

  onSweep(nowMs: number): void {
    if (this.#phase === 'idle') return;
    const { isTunnel, filters } = this.#relay;
    if (filters?.isHolding === true) this.#stalls.touch();
    const { streamIdleTimeoutMs, requestTimeoutMs } = this.#environment.http;
    const idleTimeoutMs = this.#dispatch.idleTimeoutMs || (isTunnel ? TUNNEL_IDLE_TIMEOUT_MS : streamIdleTimeoutMs);
    const isBeingSent = !this.#upstream.isRequestEnded && !isTunnel;
    const fault = this.#stalls.faultAt(nowMs, idleTimeoutMs, isBeingSent ? requestTimeoutMs : 0);
    if (fault !== null) this.#giveUp(fault);
  }

  #onTimeout(): void {
    const { cluster, endpoint } = this.#upstream;
    if (cluster !== null) cluster.counters.timeouts++;
    if (endpoint !== null) endpoint.requestsTimeout++;
    this.#giveUp('requestTimeout');
  }

  /** Ends the request for a reason of time, wherever it is. */
  #giveUp(failure: Failure): void {
    if (this.#relay.hasBegun) {
      this.#cutOff(failure);
      return;
    }
    this.#upstream.blame();
    this.#fail(failure);
  }

  #cutOff(failure: Failure): void {
    this.#record.failure = failure;
    this.#finish(this.#record.status);
    this.#stream.reset();
  }

  #fail(failure: Failure, detail = ''): void {
    const record = this.#record;
    record.failure = failure;
    record.detail = detail;
    if (record.head.isGrpc) record.grpcStatus = grpcStatusOf(failure);
    const reply = answerOfFailure(failure, detail, record, this.#environment);
    record.responseBytes = reply.body.length;
    this.#answer(reply);
  }

  #answer({ status, lines, body }: LocalReply): void {
    const { filters } = this.#relay;
    const edited = filters === null ? lines : filters.edit(lines);
    this.#finish(status);
    this.#stream.sendLocalReply(status, edited, body);
  }

  /** Gives back all that the request held and records it. Whatever is sent afterwards may begin the next request. */
  #finish(status: number): void {
    this.#phase = 'idle';
    this.#generation++;
    this.#deadline.cancel();
    this.#dispatch.end();
    if (this.#cancelTunnel !== null) {
      this.#cancelTunnel();
      this.#cancelTunnel = null;
    }
    this.#relay.finish(status);
  }
}

import type { Buffer } from 'node:buffer';
import type { Cluster } from '../cluster/cluster.ts';
import type { Endpoint, UpstreamProtocol } from '../cluster/endpoint.ts';
import type { Failure } from '../failure.ts';
import { withHost } from '../filter/host-header.ts';
import { hopsLine } from '../message/hops.ts';
import type { RequestHead, ResponseHead, ResponseReceiver, UpstreamStream } from '../message-head.ts';
import { headerValue, OutgoingRequest } from '../message-head.ts';
import type { Outcome } from '../resilience/outlier/outcome.ts';
import { localOrigin } from '../resilience/outlier/outcome.ts';
import { Deadline } from '../resilience/timer-wheel.ts';
import type { Mirror } from '../route/route.ts';
import type { ForwardEnvironment } from './forward-environment.ts';
import { protocolTowards } from './outgoing-request.ts';
import { ReplayBuffer } from './replay-buffer.ts';

/** Bytes of a body that one copy may hold because its instance takes them more slowly than the client sends them. */
export const MAX_MIRROR_WAITING_BYTES = 64 * 1024;

/** How long a copy may take where its route has no timeout: nobody would miss it, and it holds a connection. */
export const MAX_MIRROR_MS = 60_000;

/**
 * The copies of one request. Their bodies are what the client sends, as it arrives; nobody waits for them, and what cannot
 * keep up, or finds no room in its cluster's limits, is dropped and counted. They are tried once. Their answers are read
 * and thrown away, and are in no metric of the request itself.
 *
 * Source: Envoy `RouteAction.request_mirror_policies`; Gateway API `HTTPRequestMirrorFilter`.
 */
export class Mirrors {
  readonly #copies: readonly MirroredRequest[];

  private constructor(copies: readonly MirroredRequest[]) {
    this.#copies = copies;
  }

  /** `request` is what its own upstream is sent. Null when no share is drawn. */
  static start(
    mirrors: readonly Mirror<Cluster>[],
    request: OutgoingRequest,
    head: RequestHead,
    timeoutMs: number,
    environment: ForwardEnvironment,
  ): Mirrors | null {
    const drawn = mirrors.filter(({ isDrawn }) => isDrawn === null || isDrawn());
    const copies = drawn.flatMap((mirror) => {
      const copied = copyOf(request, mirror.hasHostSuffix);
      const copy = new MirroredRequest(mirror.destination, copied, head, environment);
      return copy.start(protocolTowards(mirror.destination, head), timeoutMs || MAX_MIRROR_MS) ? [copy] : [];
    });
    return copies.length === 0 ? null : new Mirrors(copies);
  }

  sendBody(buffer: Buffer, start: number, end: number): void {
    for (const copy of this.#copies) copy.sendBody(buffer, start, end);
  }

  end(trailers: string): void {
    for (const copy of this.#copies) copy.end(trailers);
  }

  /** The request broke off: a copy without its end would be another request. */
  abort(): void {
    for (const copy of this.#copies) copy.abort();
  }
}

class MirroredRequest implements ResponseReceiver {
  readonly #cluster: Cluster;
  readonly #request: OutgoingRequest;
  /** How the request has come here. */
  readonly #way: Pick<RequestHead, 'hops' | 'requestId'>;
  readonly #environment: ForwardEnvironment;
  readonly #deadline = new Deadline(() => this.#lose(localOrigin.timedOut));
  readonly #waiting = new ReplayBuffer();
  #endpoint: Endpoint | null = null;
  #protocol: UpstreamProtocol = 'http1';
  #stream: UpstreamStream | null = null;
  #isFlowing = false;
  /** Null until the client has said all. */
  #trailers: string | null = null;
  #isSent = false;
  #isOver = false;

  constructor(
    cluster: Cluster,
    request: OutgoingRequest,
    { hops, requestId }: RequestHead,
    environment: ForwardEnvironment,
  ) {
    this.#cluster = cluster;
    this.#request = request;
    this.#way = { hops, requestId };
    this.#environment = environment;
    this.#isSent = request.isComplete;
    this.#waiting.begin(MAX_MIRROR_WAITING_BYTES, 0);
  }

  /** False where there is nobody or no room. */
  start(protocol: UpstreamProtocol, timeoutMs: number): boolean {
    const { breaker, counters } = this.#cluster;
    counters.mirrored++;
    const endpoint = breaker.requests.remaining > 0 ? this.#cluster.pick(null, null) : null;
    if (endpoint === null || !breaker.requests.tryAcquire()) {
      counters.mirrorsDropped++;
      return false;
    }
    this.#endpoint = endpoint;
    this.#protocol = protocol;
    endpoint.activeRequests++;
    this.#environment.wheel.arm(this.#deadline, timeoutMs);
    endpoint.poolFor(protocol).acquire(this);
    return true;
  }

  onStream(stream: UpstreamStream): void {
    this.#stream = stream;
    if (this.#endpoint !== null) this.#cluster.reportConnected(this.#endpoint);
    if (!stream.isReused && this.#endpoint?.config.isMeshed === true) {
      this.#request.attemptBlock = `x-heddle-peer: ${this.#environment.ownPeerMetadata}\r\n`;
    }
    if (this.#endpoint !== null) {
      this.#request.attemptBlock += hopsLine(this.#way, this.#endpoint.config, this.#environment.countsHops);
    }
    this.#isFlowing = stream.send(this, this.#request);
    this.#flush();
  }

  onPoolFailure(failure: Failure): void {
    if (failure === 'upstreamOverflow') this.#drop();
    else this.#lose(failure === 'connectTimeout' ? localOrigin.timedOut : localOrigin.failed);
  }

  sendBody(buffer: Buffer, start: number, end: number): void {
    if (this.#isOver) return;
    if (this.#stream !== null && this.#isFlowing && this.#waiting.isEmpty) {
      this.#isFlowing = this.#stream.sendBody(buffer, start, end, false);
      return;
    }
    if (!this.#waiting.keep(buffer, start, end)) this.#drop();
  }

  end(trailers: string): void {
    this.#trailers = trailers;
    this.#flush();
  }

  onUpstreamDrain(): void {
    this.#isFlowing = true;
    this.#flush();
  }

  #flush(): void {
    if (!this.#isOver && this.#stream !== null && this.#isFlowing && !this.#waiting.isEmpty) {
      this.#isFlowing = this.#waiting.moveTo(this.#stream);
    }
    if (this.#isOver || this.#stream === null || this.#isSent) return;
    if (this.#trailers === null || !this.#waiting.isEmpty) return;
    this.#isSent = true;
    this.#stream.endRequest(this.#trailers);
  }

  onInterimResponse(): void {}

  onResponse(head: ResponseHead): void {
    if (this.#isOver) return;
    if (head.status < 500) this.#cluster.counters.mirrorsSucceeded++;
    else this.#cluster.counters.mirrorsFailed++;
    if (this.#endpoint !== null) this.#cluster.reportOutcome(this.#endpoint, head.status);
    if (head.isComplete) this.#leave(true);
  }

  onResponseBody(): void {}

  onResponseEnd(): void {
    this.#leave(true);
  }

  onUpstreamFailure(): void {
    this.#stream = null;
    this.#lose(localOrigin.failed);
  }

  abort(): void {
    if (!this.#isOver) this.#drop();
  }

  #drop(): void {
    this.#cluster.counters.mirrorsDropped++;
    this.#leave(false);
  }

  #lose(outcome: Outcome): void {
    if (this.#isOver) return;
    this.#cluster.counters.mirrorsFailed++;
    if (this.#endpoint !== null) this.#cluster.reportOutcome(this.#endpoint, outcome);
    this.#leave(false);
  }

  #leave(isAnswered: boolean): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#waiting.clear();
    this.#environment.wheel.cancel(this.#deadline);
    this.#cluster.breaker.requests.release();
    const endpoint = this.#endpoint as Endpoint; // set by start
    endpoint.activeRequests--;
    const stream = this.#stream;
    this.#stream = null;
    if (stream === null) endpoint.poolFor(this.#protocol).cancel(this);
    else if (isAnswered && this.#isSent) stream.release();
    else stream.abort();
  }
}

function copyOf(request: OutgoingRequest, hasHostSuffix: boolean): OutgoingRequest {
  const copy = Object.assign(new OutgoingRequest(), request);
  copy.attemptBlock = '';
  if (hasHostSuffix) copy.block = withHost(copy.block, withSuffix(headerValue(copy.block, 'host') ?? ''));
  return copy;
}

/** `cart:80` becomes `cart-shadow:80`, as Envoy has it. */
function withSuffix(host: string): string {
  return host.replace(/(:\d+)?$/, '-shadow$1');
}

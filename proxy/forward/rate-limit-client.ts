import { Buffer } from 'node:buffer';
import { messageType } from '../../proto/load.ts';
import type { Cluster } from '../cluster/cluster.ts';
import type { Endpoint } from '../cluster/endpoint.ts';
import type { Failure } from '../failure.ts';
import type { RateLimitAnswer, RateLimitQuestion, RateLimitService } from '../filter/global-rate-limit.ts';
import { grpcStatusIn } from '../message/grpc.ts';
import type { ResponseHead, ResponseReceiver, UpstreamStream } from '../message-head.ts';
import { OutgoingRequest } from '../message-head.ts';
import type { Outcome } from '../resilience/outlier/outcome.ts';
import { localOrigin } from '../resilience/outlier/outcome.ts';
import { Deadline } from '../resilience/timer-wheel.ts';
import type { ForwardEnvironment } from './forward-environment.ts';

/** An answer has a few dozen bytes for each descriptor. */
const MAX_ANSWER_BYTES = 64 * 1024;
/** Of gRPC's framing: whether the message is compressed, and its length. */
const PREFIX_BYTES = 5;

type OnAnswer = (answer: RateLimitAnswer | null, why: string) => void;
type CallEnvironment = Pick<ForwardEnvironment, 'wheel' | 'ownPeerMetadata'>;

export interface RateLimitClientConfig {
  /** `:authority` of the questions; empty for the name of the service. */
  readonly authority: string;
  readonly timeoutMs: number;
}

/**
 * Asks a rate limit service that is a cluster like any other: with its connections, mutual TLS, balancing and limits. No
 * more questions are under way at a time than the cluster's circuit breaker has room for, 1024 unless told otherwise. A
 * question is sent once: another instance is tried where there was no connection.
 *
 * Source: Envoy `RateLimitServiceConfig.grpc_service.envoy_grpc`; gRPC over HTTP2.
 */
export class RateLimitClient implements RateLimitService {
  readonly #cluster: Cluster;
  readonly #config: RateLimitClientConfig;
  readonly #environment: CallEnvironment;

  constructor(cluster: Cluster, config: RateLimitClientConfig, environment: CallEnvironment) {
    this.#cluster = cluster;
    this.#config = config;
    this.#environment = environment;
  }

  ask(question: RateLimitQuestion, onAnswer: OnAnswer): () => void {
    const call = new RateLimitCall(this.#cluster, this.#environment, onAnswer);
    const authority = this.#config.authority || this.#cluster.config.serviceHost || this.#cluster.name;
    call.start(requestOf(question, authority, this.#config.timeoutMs), this.#config.timeoutMs);
    return () => call.withdraw();
  }
}

function requestOf(question: RateLimitQuestion, authority: string, timeoutMs: number): OutgoingRequest {
  const message = messageType('envoy.service.ratelimit.v3.RateLimitRequest').encode(question);
  const prefix = Buffer.alloc(PREFIX_BYTES);
  prefix.writeUInt32BE(message.length, 1);
  const request = new OutgoingRequest();
  request.method = 'POST';
  request.path = '/envoy.service.ratelimit.v3.RateLimitService/ShouldRateLimit';
  request.block =
    `host: ${authority}\r\ncontent-type: application/grpc\r\nte: trailers\r\n` +
    `grpc-timeout: ${Math.ceil(timeoutMs)}m\r\nuser-agent: heddle\r\n`;
  request.framing = 'stream';
  request.body = Buffer.concat([prefix, message]).toString('latin1');
  return request;
}

/** One question, until it has an answer or nobody wants one any more. */
class RateLimitCall implements ResponseReceiver {
  readonly #cluster: Cluster;
  readonly #environment: CallEnvironment;
  readonly #onAnswer: OnAnswer;
  readonly #deadline = new Deadline(() => this.#lose('no answer in time', localOrigin.timedOut));
  readonly #parts: Buffer[] = [];
  #request: OutgoingRequest | null = null;
  #bytes = 0;
  #head = '';
  #endpoint: Endpoint | null = null;
  #stream: UpstreamStream | null = null;
  #isSecondTry = false;
  #isOver = false;

  constructor(cluster: Cluster, environment: CallEnvironment, onAnswer: OnAnswer) {
    this.#cluster = cluster;
    this.#environment = environment;
    this.#onAnswer = onAnswer;
  }

  start(request: OutgoingRequest, timeoutMs: number): void {
    const { breaker, counters } = this.#cluster;
    const endpoint = this.#cluster.pick(null, null);
    if (endpoint === null) {
      counters.noneHealthy++;
      this.#loseSoon('no instance of the rate limit service', null);
      return;
    }
    if (!breaker.requests.tryAcquire()) {
      this.#loseSoon('too many questions in flight', null);
      return;
    }
    counters.requestsTotal++;
    this.#request = request;
    this.#environment.wheel.arm(this.#deadline, timeoutMs);
    this.#askAt(endpoint);
  }

  #askAt(endpoint: Endpoint): void {
    this.#endpoint = endpoint;
    endpoint.activeRequests++;
    endpoint.requestsTotal++;
    endpoint.poolFor('http2').acquire(this);
  }

  /** The one who asked is in the middle of something. `outcome`: what its instance is held responsible for; null for nothing. */
  #loseSoon(why: string, outcome: Outcome | null): void {
    queueMicrotask(() => this.#lose(why, outcome));
  }

  withdraw(): void {
    this.#leave(false);
  }

  onStream(stream: UpstreamStream): void {
    const request = this.#request as OutgoingRequest; // set before a stream was asked for
    const endpoint = this.#endpoint as Endpoint; // likewise
    this.#stream = stream;
    this.#cluster.reportConnected(endpoint);
    if (!stream.isReused && endpoint.config.isMeshed) {
      request.attemptBlock = `x-heddle-peer: ${this.#environment.ownPeerMetadata}\r\n`;
    }
    stream.send(this, request);
  }

  onPoolFailure(failure: Failure, detail: string): void {
    const failed = this.#endpoint as Endpoint; // set before its pool was asked
    const outcome = outcomeOf(failure);
    if (outcome !== null) this.#cluster.counters.connectFailures++;
    const other = this.#isSecondTry ? null : this.#cluster.pick(failed, null);
    this.#isSecondTry = true;
    if (other === null || other === failed) {
      this.#loseSoon(detail || 'no connection to the rate limit service', outcome);
      return;
    }
    if (outcome !== null) this.#cluster.reportOutcome(failed, outcome);
    failed.activeRequests--;
    this.#askAt(other);
  }

  onInterimResponse(): void {}

  onUpstreamDrain(): void {}

  onResponse(head: ResponseHead): void {
    if (head.status !== 200) {
      this.#lose(`the rate limit service answered ${head.status}`, head.status);
      return;
    }
    this.#head = head.block;
    if (head.body !== '') this.#keep(Buffer.from(head.body, 'latin1'));
    if (head.isComplete) this.#finish('');
  }

  onResponseBody(buffer: Buffer, start: number, end: number): void {
    this.#keep(Buffer.from(buffer.subarray(start, end)));
  }

  onResponseEnd(trailers: string): void {
    this.#finish(trailers);
  }

  onUpstreamFailure(): void {
    this.#stream = null;
    this.#lose('the connection to the rate limit service broke');
  }

  #keep(part: Buffer): void {
    this.#parts.push(part);
    this.#bytes += part.length;
    if (this.#bytes > MAX_ANSWER_BYTES) this.#lose('the answer of the rate limit service is too large');
  }

  #finish(trailers: string): void {
    if (this.#isOver) return;
    const ofTrailers = grpcStatusIn(trailers);
    const status = ofTrailers < 0 ? grpcStatusIn(this.#head) : ofTrailers;
    const answer = status === 0 ? answerIn(Buffer.concat(this.#parts)) : null;
    if (answer === null) {
      this.#lose(status === 0 ? 'the rate limit service answered nonsense' : `grpc-status ${status}`);
      return;
    }
    this.#count(200);
    this.#leave(true);
    this.#onAnswer(answer, '');
  }

  #lose(why: string, outcome: Outcome | null = localOrigin.failed): void {
    if (this.#isOver) return;
    this.#count(outcome);
    this.#leave(false);
    this.#onAnswer(null, why);
  }

  #count(outcome: Outcome | null): void {
    const endpoint = this.#endpoint;
    if (endpoint === null || outcome === null) return;
    const ofClass = this.#cluster.counters.responsesByClass;
    if (outcome === 200) ofClass[2] = (ofClass[2] ?? 0) + 1;
    this.#cluster.reportOutcome(endpoint, outcome);
  }

  #leave(isAnswered: boolean): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#environment.wheel.cancel(this.#deadline);
    const endpoint = this.#endpoint;
    if (endpoint === null) return;
    this.#cluster.breaker.requests.release();
    endpoint.activeRequests--;
    const stream = this.#stream;
    this.#stream = null;
    if (stream === null) endpoint.poolFor('http2').cancel(this);
    else if (isAnswered) stream.release();
    else stream.abort();
  }
}

/** A full cluster is no fault of the instance that was to be asked (Envoy, `Router::Filter::onUpstreamReset`). */
function outcomeOf(failure: Failure): Outcome | null {
  if (failure === 'upstreamOverflow') return null;
  return failure === 'connectTimeout' ? localOrigin.timedOut : localOrigin.failed;
}

function answerIn(body: Buffer): RateLimitAnswer | null {
  if (body.length < PREFIX_BYTES || body[0] !== 0 || body.readUInt32BE(1) !== body.length - PREFIX_BYTES) return null;
  try {
    return messageType('envoy.service.ratelimit.v3.RateLimitResponse').decode(body.subarray(PREFIX_BYTES));
  } catch {
    return null; // not a message of that type
  }
}

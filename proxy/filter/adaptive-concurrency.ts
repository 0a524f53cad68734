import type { RequestHead } from '../message-head.ts';
import { headerValue } from '../message-head.ts';
import type { GradientController } from '../resilience/gradient-controller.ts';
import type { Activity } from '../telemetry/activity.ts';
import type { EndedRequest, FilterAnswer, FilterVerdict, RequestFilter } from './request-filter.ts';

export interface ConcurrencyEnvironment {
  /** Of the whole sidecar. */
  readonly adaptive: { blocked: number };
  /** Monotonic milliseconds. */
  now(): number;
}

const refusal: FilterAnswer = {
  kind: 'answer',
  failure: 'concurrencyLimitReached',
  status: 0,
  grpcStatus: -1,
  detail: '',
  lines: '',
  rule: '',
};

/**
 * Refuses requests beyond what a service takes without getting slower (503), as its controller has found out.
 *
 * A request counts, and is measured, to the end of its answer. Of what may be a stream (calls of gRPC, event streams, upgrades)
 * it is the beginning of the answer: how long a client listens says nothing of how busy the service is, and a few that listen
 * for ever would leave no room for others, least of all while the ideal is measured.
 *
 * Source: Envoy `envoy.filters.http.adaptive_concurrency`, which makes no such difference.
 */
export class AdaptiveConcurrency implements RequestFilter {
  readonly #controller: GradientController;
  readonly #environment: ConcurrencyEnvironment;
  readonly #refusals: Activity;
  readonly #refusal: FilterAnswer;

  /** `origin` says who asks for it, for the answer. `refusals`: where those of this service are counted. */
  constructor(controller: GradientController, environment: ConcurrencyEnvironment, refusals: Activity, origin = '') {
    this.#refusal = { ...refusal, rule: origin };
    this.#controller = controller;
    this.#environment = environment;
    this.#refusals = refusals;
  }

  onRequest(): FilterVerdict {
    if (this.#controller.tryBegin(this.#environment.now())) return null;
    this.#environment.adaptive.blocked++;
    this.#refusals.count++;
    return this.#refusal;
  }

  onAnswer(request: EndedRequest): void {
    if (mayStream(request.head)) this.#end(request, request.respondedAtMs);
  }

  onEnd(request: EndedRequest): void {
    if (request.respondedAtMs === 0 || !mayStream(request.head)) this.#end(request, request.endedAtMs);
  }

  /** What the service has not answered says nothing of how busy it is, nor does that it has opened a tunnel. */
  #end({ status, passedAtMs, respondedAtMs }: EndedRequest, atMs: number): void {
    const isAnswer = respondedAtMs > 0 && status >= 200;
    this.#controller.end(passedAtMs, isAnswer ? atMs - passedAtMs : -1, this.#environment.now());
  }
}

/** Of a call one cannot see whether its answer is one message or many. Browsers say of event streams that they are ones. */
function mayStream({ isGrpc, upgrade, block }: RequestHead): boolean {
  return isGrpc || upgrade !== '' || (headerValue(block, 'accept')?.includes('text/event-stream') ?? false);
}

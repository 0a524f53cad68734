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
 * Source: Envoy `envoy.filters.http.adaptive_concurrency`.
 */
export class AdaptiveConcurrency implements RequestFilter {
  readonly #controller: GradientController;
  readonly #environment: ConcurrencyEnvironment;
  readonly #refusals: Activity;

  /** `refusals`: where those of this service are counted. */
  constructor(controller: GradientController, environment: ConcurrencyEnvironment, refusals: Activity) {
    this.#controller = controller;
    this.#environment = environment;
    this.#refusals = refusals;
  }

  onRequest(): FilterVerdict {
    if (this.#controller.tryBegin(this.#environment.now())) return null;
    this.#environment.adaptive.blocked++;
    this.#refusals.count++;
    return refusal;
  }

  /** What the service has not answered, and how long a tunnel lasts, says nothing of how busy it is. */
  onEnd({ status, startedAtMs, respondedAtMs, endedAtMs }: EndedRequest): void {
    const isAnswer = respondedAtMs > 0 && status >= 200;
    this.#controller.end(startedAtMs, isAnswer ? endedAtMs - startedAtMs : -1, this.#environment.now());
  }
}

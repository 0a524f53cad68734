import type { SuccessWindow } from '../resilience/success-window.ts';
import type { Activity } from '../telemetry/activity.ts';
import type { EndedRequest, FilterAnswer, FilterVerdict, RequestFilter } from './request-filter.ts';

/** Envoy `AdmissionControl`, shares from 0 to 1; the defaults stand in `compile-admission-control.ts`. */
export interface AdmissionSettings {
  readonly windowSeconds: number;
  /** At least 1; the higher, the sooner many are refused. */
  readonly aggression: number;
  /** Of all requests, so many must succeed for none to be refused. */
  readonly successThreshold: number;
  /** While there are fewer requests in a second, none is refused. */
  readonly rpsThreshold: number;
  readonly maxRejection: number;
}

export interface AdmissionEnvironment {
  /** Of the whole sidecar. */
  readonly admission: { rejected: number };
  /** Monotonic milliseconds. */
  now(): number;
  random(): number;
}

const refusal: FilterAnswer = {
  kind: 'answer',
  failure: 'admissionDenied',
  status: 0,
  grpcStatus: -1,
  detail: 'too many of the last requests have failed',
  lines: '',
  rule: '',
};

/** DEADLINE_EXCEEDED, RESOURCE_EXHAUSTED, ABORTED, INTERNAL, UNAVAILABLE, DATA_LOSS. */
const failedCalls: ReadonlySet<number> = new Set([4, 8, 10, 13, 14, 15]);

/**
 * Refuses a share of the requests (503) while too many of those before have failed, so that a service in trouble is asked
 * less by those whom it cannot serve, and is never left alone altogether. Requests that are refused here count for nothing;
 * neither do those whose client went away.
 *
 * Source: Envoy `envoy.filters.http.admission_control`; Google, "Site Reliability Engineering", chapter 21, "Client-Side
 * Throttling".
 */
export class AdmissionControl implements RequestFilter {
  readonly #settings: AdmissionSettings;
  readonly #window: SuccessWindow;
  readonly #environment: AdmissionEnvironment;
  readonly #refusals: Activity;
  readonly #refusal: FilterAnswer;

  /** `origin` says who asks for it, for the answer. `refusals`: where those of this destination are counted. */
  constructor(
    settings: AdmissionSettings,
    window: SuccessWindow,
    environment: AdmissionEnvironment,
    refusals: Activity,
    origin = '',
  ) {
    this.#refusal = { ...refusal, rule: origin };
    this.#refusals = refusals;
    this.#settings = settings;
    this.#window = window;
    this.#environment = environment;
  }

  onRequest(): FilterVerdict {
    this.#window.advance(this.#environment.now());
    const probability = rejectionProbability(this.#settings, this.#window);
    if (probability === 0 || this.#environment.random() >= probability) return null;
    this.#environment.admission.rejected++;
    this.#refusals.count++;
    return this.#refusal;
  }

  onEnd({ status, grpcStatus, head }: EndedRequest): void {
    if (status === 0) return;
    const isSuccess = status < 500 && !(head.isGrpc && failedCalls.has(grpcStatus));
    this.#window.record(isSuccess, this.#environment.now());
  }
}

/** Share of the next requests that is to be refused, from 0 to `maxRejection`. */
export function rejectionProbability(
  { windowSeconds, aggression, successThreshold, rpsThreshold, maxRejection }: AdmissionSettings,
  { total, successes }: Pick<SuccessWindow, 'total' | 'successes'>,
): number {
  if (total / windowSeconds < rpsThreshold) return 0;
  const excess = (total - successes / successThreshold) / (total + 1);
  return excess <= 0 ? 0 : Math.min(excess ** (1 / aggression), maxRejection);
}

import type { HealthCheckSettings } from './health-check-settings.ts';

/** How a check ended. `failure`: it was answered, and wrongly; `network`: there was no answer, or a retriable one. */
export type CheckOutcome =
  | { readonly kind: 'success' }
  | { readonly kind: 'failure' | 'network'; readonly reason: string };

/** What a check did to the state: `pending` is a step towards another state. */
export type Transition = 'unchanged' | 'pending' | 'changed';

/**
 * What active health checks know of one endpoint. The endpoint holds it; the checker writes it.
 *
 * ```
 *   pending ── first check ──► well ── a wrong answer, or no answer for `unhealthyThreshold` times ──► failed
 *                                ▲                                                                       │
 *                                └────────────── `healthyThreshold` good checks ◀────────────────────────┘
 * ```
 *
 * Source: Envoy `ActiveHealthCheckSession::handleSuccess` and `setUnhealthy`.
 */
export class HealthRecord {
  /** It takes no requests. */
  isFailed: boolean;
  /** No check has ended yet. */
  isPending = true;
  /** Why the last check failed, for people; empty when it did not. */
  lastFailure = '';
  #successes = 0;
  #failures = 0;

  /** `isFailed`: what counts until the first check. */
  constructor(isFailed: boolean) {
    this.isFailed = isFailed;
  }

  /** Counts a check. */
  record(outcome: CheckOutcome, settings: HealthCheckSettings): Transition {
    const isFirst = this.isPending;
    this.isPending = false;
    if (outcome.kind === 'success') {
      this.lastFailure = '';
      this.#failures = 0;
      if (!this.isFailed) return 'unchanged';
      if (!isFirst && ++this.#successes < settings.healthyThreshold) return 'pending';
      this.#turn(false);
      return 'changed';
    }
    this.lastFailure = outcome.reason;
    this.#successes = 0;
    if (this.isFailed) return 'unchanged';
    const mayWait = !isFirst && outcome.kind === 'network';
    if (mayWait && ++this.#failures < settings.unhealthyThreshold) return 'pending';
    this.#turn(true);
    return 'changed';
  }

  /** It has said itself that it is to be asked for nothing, without being checked. False where it is failed already. */
  fail(reason: string): boolean {
    if (this.isFailed && !this.isPending) return false;
    const isNew = !this.isFailed;
    this.isPending = false;
    this.lastFailure = reason;
    this.#turn(true);
    return isNew;
  }

  #turn(isFailed: boolean): void {
    this.isFailed = isFailed;
    this.#successes = 0;
    this.#failures = 0;
  }
}

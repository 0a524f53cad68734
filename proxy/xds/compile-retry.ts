import type { ProtoDuration } from '../../proto/duration.ts';
import { MAX_TIMER_MS, timerMs } from '../../proto/duration.ts';
import type { RetryPolicy__Output } from '../../proto/generated/envoy/config/route/v3/RetryPolicy.ts';
import type { Route__Output } from '../../proto/generated/envoy/config/route/v3/Route.ts';
import { parseRouteMetadata } from '../../proto/metadata.ts';
import { defaultBackOffBaseMs } from '../resilience/back-off.ts';
import { defaultMaxIntervalMs, RateLimitedBackOff } from '../resilience/rate-limited-back-off.ts';
import type { RetryPolicy } from '../resilience/retry-policy.ts';
import { compileRetryPolicy, defaultMaxRetries, defaultReplayBytes } from '../resilience/retry-policy.ts';
import { compileHeader } from './compile-matchers.ts';

/** What stands in a route beside its RetryPolicy. */
export interface RepeatLimits {
  readonly retryNonIdempotent: boolean;
  readonly replayBytes: number;
  readonly hedgesOnTryTimeout: boolean;
}

export function repeatLimits(route: Route__Output): RepeatLimits {
  const { request_body_buffer_limit: limit } = route;
  return {
    retryNonIdempotent: parseRouteMetadata(route.metadata).retryNonIdempotent,
    hedgesOnTryTimeout: route.route?.hedge_policy?.hedge_on_per_try_timeout === true,
    replayBytes: limit === null ? defaultReplayBytes : Number(limit.value),
  };
}

/** A validated RetryPolicy; null where it neither names a condition nor bounds a try, and so says nothing. */
export function compileRetry(
  policy: RetryPolicy__Output,
  { retryNonIdempotent, replayBytes, hedgesOnTryTimeout }: RepeatLimits,
): RetryPolicy | null {
  const perTryTimeoutMs = msOr(policy.per_try_timeout, 0);
  const perTryIdleTimeoutMs = msOr(policy.per_try_idle_timeout, 0);
  if (policy.retry_on.trim() === '' && perTryTimeoutMs === 0 && perTryIdleTimeoutMs === 0) return null;
  const { base_interval: base = null, max_interval: max = null } = policy.retry_back_off ?? {};
  const backOffBaseMs = msOr(base, defaultBackOffBaseMs);
  return compileRetryPolicy({
    retryOn: policy.retry_on,
    retriableStatusCodes: policy.retriable_status_codes,
    retriableHeaders: policy.retriable_headers.map(compileHeader),
    retriableRequestHeaders: policy.retriable_request_headers.map(compileHeader),
    maxRetries: policy.num_retries?.value ?? defaultMaxRetries,
    perTryTimeoutMs,
    perTryIdleTimeoutMs,
    hedgesOnTryTimeout,
    backOffBaseMs,
    // Ten times the base where it is absent (Envoy `RetryBackOff.max_interval`).
    backOffMaxMs: msOr(max, Math.min(10 * backOffBaseMs, MAX_TIMER_MS)),
    rateLimitedBackOff: compileRateLimitedBackOff(policy),
    hostDraws: hostDraws(policy),
    replayBytes,
    retryNonIdempotent,
  });
}

function compileRateLimitedBackOff(policy: RetryPolicy__Output): RateLimitedBackOff | null {
  const backOff = policy.rate_limited_retry_back_off;
  if (backOff === null) return null;
  return new RateLimitedBackOff(
    backOff.reset_headers.map(({ name, format }) => ({
      lowerCaseName: name.toLowerCase(),
      format: format === 'SECONDS' ? 'seconds' : 'unix-timestamp',
    })),
    msOr(backOff.max_interval, defaultMaxIntervalMs),
  );
}

/** Only the previous hosts can be asked to be left out; drawn again once where the policy does not say (Envoy). */
function hostDraws(policy: RetryPolicy__Output): number {
  if (policy.retry_host_predicate.length === 0) return 0;
  return Number(policy.host_selection_retry_max_attempts) || 1;
}

function msOr(duration: ProtoDuration | null, otherwise: number): number {
  return duration === null ? otherwise : timerMs(duration);
}

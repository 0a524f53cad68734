import { pack } from '../../proto/any.ts';
import { msToDuration } from '../../proto/duration.ts';
import { PREVIOUS_HOSTS_PREDICATE } from '../../proto/extension-names.ts';
import type { Input } from '../../proto/load.ts';
import type { EffectiveRetry } from '../model/effective-traffic-policy.ts';
import { builtInTrafficPolicy } from '../model/effective-traffic-policy.ts';
import { durationMs } from '../model/gateway-duration.ts';
import type { HttpRouteRule } from '../model/http-route.ts';
import type { RetryTrigger } from '../model/traffic-policy.ts';

/** How often a retry draws again when it lands on an endpoint that has failed the request before; Istio's number. */
const hostSelectionAttempts = 5;

/**
 * The retry policy of one rule: what the rule says, else what holds for the service. null for neither retries nor
 * a limit on one try.
 *
 * Whether a request may be repeated at all is decided by the sidecar, request by request: these are only the
 * conditions.
 */
export function retryPolicy(
  rule: Pick<HttpRouteRule, 'retry' | 'timeouts'>,
  service: EffectiveRetry,
): Input<'envoy.config.route.v3.RetryPolicy'> | null {
  const retry = { ...service, ...ruleRetry(rule) };
  const perTry = retry.perTryTimeoutMs > 0 ? { per_try_timeout: msToDuration(retry.perTryTimeoutMs) } : null;
  if (retry.numRetries === 0) {
    return perTry && { num_retries: { value: 0 }, ...perTry };
  }
  return {
    retry_on: retry.triggers.join(','),
    num_retries: { value: retry.numRetries },
    ...perTry,
    retriable_status_codes: [...retry.httpStatusCodes],
    retry_back_off: {
      base_interval: msToDuration(retry.backOffBaseMs),
      max_interval: msToDuration(retry.backOffMaxMs),
    },
    retry_host_predicate: [
      {
        name: PREVIOUS_HOSTS_PREDICATE,
        typed_config: pack('envoy.extensions.retry.host.previous_hosts.v3.PreviousHostsPredicate', {}),
      },
    ],
    host_selection_retry_max_attempts: hostSelectionAttempts,
  };
}

const connectionTriggers: readonly RetryTrigger[] = [
  'connect-failure',
  'refused-stream',
  'reset',
  'reset-before-request',
];

/**
 * GEP-1731: a rule with `retry` also repeats connection failures; the codes it names take the place of the usual ones.
 */
function ruleRetry({ retry, timeouts }: Pick<HttpRouteRule, 'retry' | 'timeouts'>): Partial<EffectiveRetry> {
  // Envoy takes no base of 0.
  const backOffMs = retry?.backoff === undefined ? null : Math.max(1, durationMs(retry.backoff));
  return {
    ...(timeouts?.backendRequest !== undefined && { perTryTimeoutMs: durationMs(timeouts.backendRequest) }),
    ...(retry !== undefined && {
      numRetries: retry.attempts ?? builtInTrafficPolicy.retry.numRetries,
      triggers: [...connectionTriggers, retry.codes.length > 0 ? 'retriable-status-codes' : 'gateway-error'],
      httpStatusCodes: retry.codes,
    }),
    // As everywhere, waits grow to ten times the first one.
    ...(backOffMs !== null && { backOffBaseMs: backOffMs, backOffMaxMs: 10 * backOffMs }),
  };
}

import { pack } from '../../../proto/any.ts';
import { msToDuration } from '../../../proto/duration.ts';
import { PREVIOUS_HOSTS_PREDICATE } from '../../../proto/extension-names.ts';
import type { Input } from '../../../proto/load.ts';
import type { RetryCondition } from '../../../proto/retry-conditions.ts';
import { durationMs } from '../../model/gateway-duration.ts';
import type { HttpRouteRule } from '../../model/http-route.ts';
import type { EffectiveRateLimitedBackOff, EffectiveRetry } from '../../model/traffic-policy/effective-retry.ts';
import { builtInRetry } from '../../model/traffic-policy/effective-retry.ts';
import type { HeaderCondition } from '../../model/traffic-policy/retry.ts';
import type { Abilities } from '../view/abilities.ts';

type RetryPolicy = Input<'envoy.config.route.v3.RetryPolicy'>;
type HeaderMatcher = Input<'envoy.config.route.v3.HeaderMatcher'>;

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
  { retries, routing, stock }: Pick<Abilities, 'retries' | 'routing' | 'stock'>,
): RetryPolicy | null {
  const asked = { ...service, ...ruleRetry(rule) };
  const known = retries ? (routing ? asked : withoutPatterns(asked)) : forFirstVersion(asked);
  const retry = stock ? forEnvoy(known) : known;
  const perTry = {
    ...(retry.perTryTimeoutMs > 0 && { per_try_timeout: msToDuration(retry.perTryTimeoutMs) }),
    ...(retry.perTryIdleTimeoutMs > 0 && { per_try_idle_timeout: msToDuration(retry.perTryIdleTimeoutMs) }),
  };
  if (retry.numRetries === 0) {
    return Object.keys(perTry).length === 0 ? null : { num_retries: { value: 0 }, ...perTry };
  }
  return {
    retry_on: retry.triggers.join(','),
    num_retries: { value: retry.numRetries },
    ...perTry,
    retriable_status_codes: [...retry.httpStatusCodes],
    ...(retry.headers.length > 0 && { retriable_headers: retry.headers.map(headerMatcher) }),
    ...(retry.requestHeaders.length > 0 && { retriable_request_headers: retry.requestHeaders.map(headerMatcher) }),
    retry_back_off: {
      base_interval: msToDuration(retry.backOffBaseMs),
      max_interval: msToDuration(retry.backOffMaxMs),
    },
    ...(retry.rateLimitedBackOff !== null && {
      rate_limited_retry_back_off: rateLimitedBackOff(retry.rateLimitedBackOff),
    }),
    retry_host_predicate: [
      {
        name: PREVIOUS_HOSTS_PREDICATE,
        typed_config: pack('envoy.extensions.retry.host.previous_hosts.v3.PreviousHostsPredicate', {}),
      },
    ],
    host_selection_retry_max_attempts: hostSelectionAttempts,
  };
}

/** An Envoy hedges whatever the request is, so only where all may be repeated. */
export function mayHedge(
  { hedgeOnPerTryTimeout, retryNonIdempotent }: EffectiveRetry,
  { retries, stock }: Pick<Abilities, 'retries' | 'stock'>,
): boolean {
  return hedgeOnPerTryTimeout && retries && (retryNonIdempotent || !stock);
}

/** How much of a body is kept, where it is not what every sidecar does. */
export function bodyBuffer(
  { bodyBufferLimitBytes }: EffectiveRetry,
  { retries }: Pick<Abilities, 'retries'>,
): Pick<Input<'envoy.config.route.v3.Route'>, 'request_body_buffer_limit'> {
  return retries && bodyBufferLimitBytes !== builtInRetry.bodyBufferLimitBytes
    ? { request_body_buffer_limit: { value: bodyBufferLimitBytes } }
    : {};
}

/**
 * What a build that knows less can be told: without the conditions it does not know, and with no retries at all where they
 * depend on the request's headers.
 */
function forFirstVersion(retry: EffectiveRetry): EffectiveRetry {
  return {
    ...retry,
    numRetries: retry.requestHeaders.length > 0 ? 0 : retry.numRetries,
    triggers: retry.triggers.filter((trigger) => trigger !== 'retriable-headers' && trigger !== 'envoy-ratelimited'),
    headers: [],
    requestHeaders: [],
    perTryIdleTimeoutMs: 0,
    rateLimitedBackOff: null,
  };
}

/** What a build that knows no patterns can be told: never more retries than are asked for. */
function withoutPatterns(retry: EffectiveRetry): EffectiveRetry {
  const isKnown = ({ type }: HeaderCondition) => type !== 'RegularExpression';
  const headers = retry.headers.filter(isKnown);
  const requestHeaders = retry.requestHeaders.filter(isKnown);
  return {
    ...retry,
    numRetries: retry.requestHeaders.length > 0 && requestHeaders.length === 0 ? 0 : retry.numRetries,
    triggers: retry.triggers.filter((trigger) => trigger !== 'retriable-headers' || headers.length > 0),
    headers,
    requestHeaders,
  };
}

/**
 * An Envoy repeats whatever the conditions say. The one thing that keeps it from doing twice what may be done once alone is a
 * condition on the request's method; and since one of its conditions on a request is enough, there are no retries at all
 * where the policy has some of its own.
 */
function forEnvoy(retry: EffectiveRetry): EffectiveRetry {
  if (retry.retryNonIdempotent) return retry;
  if (retry.requestHeaders.length > 0) return { ...retry, numRetries: 0 };
  return { ...retry, requestHeaders: idempotentMethods.map((value) => ({ name: ':method', type: 'Exact', value })) };
}

function headerMatcher({ name, type, value }: HeaderCondition): HeaderMatcher {
  if (value === undefined) return { name, present_match: true };
  if (type === 'Prefix') return { name, string_match: { prefix: value } };
  if (type === 'Suffix') return { name, string_match: { suffix: value } };
  if (type === 'RegularExpression') return { name, string_match: { safe_regex: { regex: value } } };
  return { name, string_match: { exact: value } };
}

function rateLimitedBackOff(
  backOff: EffectiveRateLimitedBackOff,
): NonNullable<RetryPolicy['rate_limited_retry_back_off']> {
  return {
    reset_headers: backOff.resetHeaders.map(({ name, format }) => ({
      name,
      format: format === 'Seconds' ? 'SECONDS' : 'UNIX_TIMESTAMP',
    })),
    max_interval: msToDuration(backOff.maxIntervalMs),
  };
}

/** RFC 9110 section 9.2.2, as the sidecar has them. */
const idempotentMethods = ['GET', 'HEAD', 'OPTIONS', 'TRACE', 'PUT', 'DELETE'];

const connectionTriggers: readonly RetryCondition[] = [
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
      numRetries: retry.attempts ?? builtInRetry.numRetries,
      triggers: [...connectionTriggers, retry.codes.length > 0 ? 'retriable-status-codes' : 'gateway-error'],
      httpStatusCodes: retry.codes,
    }),
    // As everywhere, waits grow to ten times the first one.
    ...(backOffMs !== null && { backOffBaseMs: backOffMs, backOffMaxMs: 10 * backOffMs }),
  };
}

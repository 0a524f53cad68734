import type { RequestHead } from '../message-head.ts';
import { findHeaderLine, headerValue } from '../message-head.ts';
import type { RetryPolicy } from '../resilience/retry-policy.ts';
import { compileRetryPolicy, maxRetriesOfRequest, withConditionsOf } from '../resilience/retry-policy.ts';

/**
 * Who may say in a request how it is to be carried.
 *
 * - `all`: our own application, on the outbound side.
 * - `deadline`: another sidecar, which has worked out until when its application waits.
 * - `none`: anybody else; what they say is taken off and not heeded.
 */
export type ControlTrust = 'all' | 'deadline' | 'none';

/** How long a request may take and when it is repeated. */
export interface RequestBounds {
  /** All attempts together; 0 means no bound. */
  readonly timeoutMs: number;
  readonly retry: RetryPolicy | null;
}

/**
 * The headers that say so, each of which is for the next sidecar alone and never forwarded;
 * `x-envoy-expected-rq-timeout-ms` is written anew.
 *
 * Source: Envoy router filter, "HTTP headers (consumed)"; for requests that are not internal Envoy cuts them too.
 */
const controls = [
  'x-envoy-retry-on',
  'x-envoy-retry-grpc-on',
  'x-envoy-max-retries',
  'x-envoy-retriable-status-codes',
  'x-envoy-retriable-header-names',
  'x-envoy-hedge-on-per-try-timeout',
  'x-envoy-upstream-rq-timeout-ms',
  'x-envoy-upstream-rq-per-try-timeout-ms',
  'x-envoy-expected-rq-timeout-ms',
] as const;
type Control = (typeof controls)[number];

/**
 * Takes the controls off a head, and answers what holds for its request instead of what its route says.
 *
 * `x-envoy-upstream-rq-timeout-ms` takes the place of the route's timeout, 0 being none. What
 * `x-envoy-expected-rq-timeout-ms` says can only make it shorter: it is what is left to a caller further up. Conditions are
 * added to those of the route. That a request may be repeated at all no header can say.
 *
 * Source: Envoy `FilterUtility::finalTimeout` with `respect_expected_rq_timeout`, `RetryStateImpl`.
 */
export function takeControls(head: RequestHead, route: RequestBounds, trust: ControlTrust): RequestBounds {
  const { block } = head;
  head.block = withoutControls(block);
  if (trust === 'none') return route;
  const say = (name: Control): string | null => (trust === 'all' ? headerValue(block, name) : null);
  const ownMs = whole(say('x-envoy-upstream-rq-timeout-ms')) ?? route.timeoutMs;
  const expectedMs = whole(headerValue(block, 'x-envoy-expected-rq-timeout-ms')) ?? 0;
  const timeoutMs = ownMs > 0 && expectedMs > 0 ? Math.min(ownMs, expectedMs) : ownMs || expectedMs;
  return { timeoutMs, retry: retryOf(route.retry, timeoutMs, say) };
}

function retryOf(
  route: RetryPolicy | null,
  timeoutMs: number,
  say: (name: Control) => string | null,
): RetryPolicy | null {
  const conditions = [say('x-envoy-retry-on'), say('x-envoy-retry-grpc-on')].filter((text) => text !== null);
  const perTryMs = whole(say('x-envoy-upstream-rq-per-try-timeout-ms'));
  let policy = conditions.length === 0 ? route : withConditionsOf(route, conditionsOf(conditions.join(), say));
  const maxRetries = whole(say('x-envoy-max-retries'));
  if (policy !== null && maxRetries !== null) {
    policy = { ...policy, maxRetries: Math.min(maxRetries, maxRetriesOfRequest) };
  }
  if (perTryMs !== null) {
    // a try that may take as long as everything is not bounded by itself (Envoy)
    const perTryTimeoutMs = timeoutMs > 0 && perTryMs >= timeoutMs ? 0 : perTryMs;
    policy = { ...(policy ?? conditionsOf('', say)), perTryTimeoutMs };
  }
  const hedges = say('x-envoy-hedge-on-per-try-timeout');
  if (policy !== null && (hedges === 'true' || hedges === 'false')) {
    policy = { ...policy, hedgesOnTryTimeout: hedges === 'true' };
  }
  return policy;
}

function conditionsOf(retryOn: string, say: (name: Control) => string | null): RetryPolicy {
  return compileRetryPolicy({
    retryOn,
    retriableStatusCodes: listed(say('x-envoy-retriable-status-codes')).flatMap((text) => whole(text) ?? []),
    retriableHeaders: listed(say('x-envoy-retriable-header-names')).map((name) => ({
      matchesLines: (block) => findHeaderLine(block, name.toLowerCase(), 0) >= 0,
    })),
    retryNonIdempotent: false,
  });
}

function withoutControls(block: string): string {
  return block.replace(controlLine, '');
}

const controlLine = new RegExp(`^(?:${controls.join('|')}):[^\\r\\n]*\\r\\n`, 'gim');

function listed(text: string | null): string[] {
  return (text ?? '')
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '')
    .slice(0, maxListed);
}

/** Entries of a list that are read. */
const maxListed = 64;

/** Null where it is no whole number. */
function whole(text: string | null): number | null {
  return text !== null && /^[0-9]{1,9}$/.test(text) ? Number(text) : null;
}

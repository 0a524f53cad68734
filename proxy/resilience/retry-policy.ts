import type { RetryCondition } from '../../proto/retry-conditions.ts';
import { grpcRetryConditions } from '../../proto/retry-conditions.ts';
import type { Failure } from '../failure.ts';
import { failures } from '../failure.ts';
import type { RequestHead } from '../message-head.ts';
import { headerValue } from '../message-head.ts';
import { defaultBackOffBaseMs } from './back-off.ts';
import type { RateLimitedBackOff } from './rate-limited-back-off.ts';

/** How often, how soon and with what a route repeats a request, whatever for. */
export interface RetryBounds {
  /** Attempts beyond the first. */
  readonly maxRetries: number;
  /** Time for one attempt; 0 means no bound but the route's. */
  readonly perTryTimeoutMs: number;
  /** An attempt that runs out of its time goes on beside the next one. */
  readonly hedgesOnTryTimeout: boolean;
  /** Time for one attempt in which the endpoint sends nothing; 0 means no bound. */
  readonly perTryIdleTimeoutMs: number;
  readonly backOffBaseMs: number;
  readonly backOffMaxMs: number;
  /** How long to wait where the answer says so; null where that is not asked. */
  readonly rateLimitedBackOff: RateLimitedBackOff | null;
  /** How often an endpoint is drawn again that has failed the request before; the last one is never drawn twice in a row. */
  readonly hostDraws: number;
  /** A body is kept so that it can be sent again as long as it has no more bytes; 0 keeps none. */
  readonly replayBytes: number;
  /** The user vouches that doing any request of this route twice is harmless. Default false. */
  readonly retryNonIdempotent: boolean;
}

/** When a route repeats a failed request, compiled from Envoy's `RetryPolicy` into what one look can answer. */
export interface RetryPolicy extends RetryBounds {
  /** No connection to the endpoint came about: nothing was sent. */
  readonly onConnectFailure: boolean;
  /** The connection ended, or a try ran out of time, before an answer; the endpoint may have seen the request. */
  readonly onReset: boolean;
  /** As `onReset`, but only where it is proven that nothing was sent. */
  readonly onResetBeforeRequest: boolean;
  /** Answers that are taken for a failure. */
  readonly statuses: ReadonlySet<number>;
  /** gRPC status codes that are taken for a failure when they come in place of an answer. */
  readonly grpcStatuses: ReadonlySet<number>;
  /** Answers with `x-envoy-ratelimited`; without this they are never repeated, whatever else they have. */
  readonly onRateLimited: boolean;
  /** Answers with a header that one of these matches; null for none. */
  readonly answerHeaders: readonly LinesCondition[] | null;
  /** One of the last two is asked for, so that an answer of any status has to be looked at. */
  readonly looksAtEveryAnswer: boolean;
  /** Requests that none of these matches have another policy: this one without its conditions. Null for no such rule. */
  readonly requestHeaders: readonly RequestCondition[] | null;
  readonly withoutConditions: RetryPolicy | null;
}

/** A condition on a block of header lines. */
export interface LinesCondition {
  matchesLines(block: string): boolean;
}

/** A condition on a request. */
export interface RequestCondition {
  matches(head: RequestHead): boolean;
}

/** What `compileRetryPolicy` needs to know, in the words of Envoy's `RetryPolicy`. What is left out is as in `defaultRetryBounds`. */
export interface RetrySettings extends Partial<RetryBounds> {
  /** Comma-separated conditions, `connect-failure,reset`. */
  readonly retryOn: string;
  /** Count only together with the condition `retriable-status-codes`. */
  readonly retriableStatusCodes: readonly number[];
  /** Count only together with the condition `retriable-headers`. */
  readonly retriableHeaders?: readonly LinesCondition[];
  readonly retriableRequestHeaders?: readonly RequestCondition[];
  /** Nobody is to forget to ask. */
  readonly retryNonIdempotent: boolean;
}

/** `num_retries` of a policy that does not say (Envoy). */
export const defaultMaxRetries = 1;

/** Most that a request can ask for itself, as for a policy: sent more often than that it is an attack on its service. */
export const maxRetriesOfRequest = 100;

/** `request_body_buffer_limit` of a route that does not say: Linkerd's number; Envoy keeps what its connection buffers, 1 MiB. */
export const defaultReplayBytes = 65_536;

/** Of a policy that says no more than its conditions; the back-off is 25 ms to 250 ms (Envoy `RetryBackOff`). */
const defaultRetryBounds: RetryBounds = {
  maxRetries: defaultMaxRetries,
  perTryTimeoutMs: 0,
  hedgesOnTryTimeout: false,
  perTryIdleTimeoutMs: 0,
  backOffBaseMs: defaultBackOffBaseMs,
  backOffMaxMs: 10 * defaultBackOffBaseMs,
  rateLimitedBackOff: null,
  hostDraws: 0,
  replayBytes: defaultReplayBytes,
  retryNonIdempotent: false,
};

/**
 * Compiles Envoy's conditions. As there, `5xx` and `gateway-error` include every way of getting no answer at all, and
 * every kind of reset includes a failed connection. `refused-stream` is a server's promise that it did nothing, so it
 * stands beside `reset-before-request`. Unknown conditions are left out.
 *
 * None of them says that a request may be sent again: that is what `mayRetryFailure` and the others are asked.
 *
 * Source: Envoy router filter, `x-envoy-retry-on` and `x-envoy-retry-grpc-on`.
 */
export function compileRetryPolicy(settings: RetrySettings): RetryPolicy {
  const { retryOn, retriableStatusCodes, retriableHeaders, retriableRequestHeaders, ...bounds } = settings;
  const requestHeaders = nullWhenEmpty(retriableRequestHeaders);
  const conditions = new Set(splitConditions(retryOn));
  const on = (name: RetryCondition) => conditions.has(name);
  const onReset = on('reset') || on('5xx') || on('gateway-error');
  const statuses = new Set<number>();
  if (on('5xx')) for (let status = 500; status <= 599; status++) statuses.add(status);
  if (on('gateway-error')) for (const status of [502, 503, 504]) statuses.add(status);
  if (on('retriable-4xx')) statuses.add(409);
  if (on('retriable-status-codes')) for (const status of retriableStatusCodes) statuses.add(status);
  const grpcStatuses = new Set<number>();
  for (const [name, code] of Object.entries(grpcRetryConditions)) if (conditions.has(name)) grpcStatuses.add(code);
  const onRateLimited = on('envoy-ratelimited');
  const answerHeaders = on('retriable-headers') ? nullWhenEmpty(retriableHeaders) : null;
  return {
    onConnectFailure: on('connect-failure') || on('reset-before-request') || onReset,
    onReset,
    onResetBeforeRequest: on('reset-before-request') || on('refused-stream') || onReset,
    statuses,
    grpcStatuses,
    onRateLimited,
    answerHeaders,
    looksAtEveryAnswer: onRateLimited || answerHeaders !== null,
    requestHeaders,
    withoutConditions:
      requestHeaders && compileRetryPolicy({ ...settings, retryOn: '', retriableRequestHeaders: [], maxRetries: 0 }),
    ...defaultRetryBounds,
    ...bounds,
  };
}

/**
 * A policy with the conditions of another one besides its own. Where there is none it is the other one, as with Envoy's
 * headers: one retry, and no word of the user that repeating is harmless.
 */
export function withConditionsOf(policy: RetryPolicy | null, added: RetryPolicy): RetryPolicy {
  if (policy === null) return added;
  const answerHeaders = [...(policy.answerHeaders ?? []), ...(added.answerHeaders ?? [])];
  return {
    ...policy,
    onConnectFailure: policy.onConnectFailure || added.onConnectFailure,
    onReset: policy.onReset || added.onReset,
    onResetBeforeRequest: policy.onResetBeforeRequest || added.onResetBeforeRequest,
    statuses: new Set([...policy.statuses, ...added.statuses]),
    grpcStatuses: new Set([...policy.grpcStatuses, ...added.grpcStatuses]),
    onRateLimited: policy.onRateLimited || added.onRateLimited,
    answerHeaders: nullWhenEmpty(answerHeaders),
    looksAtEveryAnswer: policy.looksAtEveryAnswer || added.looksAtEveryAnswer,
  };
}

function nullWhenEmpty<T>(list: readonly T[] | undefined): readonly T[] | null {
  return list === undefined || list.length === 0 ? null : list;
}

/** The policy of one request: without conditions where its headers do not let it be sent again (Envoy `retriable_request_headers`). */
export function policyFor(policy: RetryPolicy | null, head: RequestHead): RetryPolicy | null {
  if (policy === null || policy.requestHeaders === null) return policy;
  return policy.requestHeaders.some((each) => each.matches(head)) ? policy : policy.withoutConditions;
}

/**
 * Whether an attempt that ended in `failure` may be repeated. The safe rule: where it is proven that no byte of the
 * request left (`provenUnsent`, or a failure whose class is `always`), any method; otherwise only idempotent methods,
 * unless the user vouched for the route.
 */
export function mayRetryFailure(policy: RetryPolicy, failure: Failure, method: string, provenUnsent: boolean): boolean {
  const retry = failures[failure].retry;
  if (retry === 'never') return false;
  if (failure === 'upstreamRefused') return policy.onResetBeforeRequest;
  if (retry === 'always') return policy.onConnectFailure;
  if (provenUnsent) return policy.onResetBeforeRequest;
  return policy.onReset && mayRepeat(policy, method);
}

/**
 * Whether a request may go to the same endpoint once more whatever its policy says, null for none: one that was refused
 * unseen (RFC 9113 section 8.7), or that met the end of an idle connection, where doing it twice is harmless (RFC 9112
 * section 9.3.1). In both cases it is the connection that failed, and not the instance.
 */
export function isConnectionsFault(failure: Failure, policy: RetryPolicy | null, method: string): boolean {
  if (failure === 'upstreamRefused') return true;
  return failure === 'staleConnection' && (isIdempotent(method) || policy?.retryNonIdempotent === true);
}

/**
 * Whether an answer may be thrown away and the request repeated: the endpoint has acted on it. One with
 * `x-envoy-ratelimited` is repeated only where that is asked for (Envoy).
 */
export function mayRetryAnswer(policy: RetryPolicy, status: number, block: string, method: string): boolean {
  if (!policy.statuses.has(status) && !policy.looksAtEveryAnswer) return false;
  if (status === LOOP_DETECTED || !mayRepeat(policy, method)) return false;
  if (headerValue(block, 'x-envoy-ratelimited') !== null) return policy.onRateLimited;
  if (policy.statuses.has(status)) return true;
  return policy.answerHeaders?.some((condition) => condition.matchesLines(block)) ?? false;
}

/**
 * It would go round again, and each sidecar of the circle would try as often as it may: that many times multiplied. No other
 * way leads out of one either (RFC 5842 section 7.2).
 */
const LOOP_DETECTED = 508;

/** As `mayRetryAnswer`, for a gRPC status that came without a message. */
export function mayRetryGrpcStatus(policy: RetryPolicy, grpcStatus: number, block: string, method: string): boolean {
  if (!policy.grpcStatuses.has(grpcStatus) || !mayRepeat(policy, method)) return false;
  return policy.onRateLimited || headerValue(block, 'x-envoy-ratelimited') === null;
}

/** Whether doing such a request of this route twice is harmless. */
export function mayRepeat(policy: RetryPolicy, method: string): boolean {
  return policy.retryNonIdempotent || isIdempotent(method);
}

/** Doing it twice has the same effect as doing it once (RFC 9110 section 9.2.2). Methods are case-sensitive. */
export function isIdempotent(method: string): boolean {
  switch (method) {
    case 'GET':
    case 'HEAD':
    case 'OPTIONS':
    case 'TRACE':
    case 'PUT':
    case 'DELETE':
      return true;
    default:
      return false;
  }
}

function splitConditions(retryOn: string): string[] {
  return retryOn
    .split(',')
    .map((name) => name.trim())
    .filter((name) => name !== '');
}

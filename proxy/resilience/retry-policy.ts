import type { Failure } from '../failure.ts';
import { failures } from '../failure.ts';

/** When a route repeats a failed request, compiled from Envoy's `RetryPolicy` into what one look can answer. */
export interface RetryPolicy {
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
  /** Attempts beyond the first. */
  readonly maxRetries: number;
  /** Time for one attempt; 0 means no bound but the route's. */
  readonly perTryTimeoutMs: number;
  readonly backOffBaseMs: number;
  readonly backOffMaxMs: number;
  /** The user vouches that doing any request of this route twice is harmless. Default false. */
  readonly retryNonIdempotent: boolean;
}

/** What `compileRetryPolicy` needs to know, in the words of Envoy's `RetryPolicy`. */
export interface RetrySettings {
  /** Comma-separated conditions, `connect-failure,reset`. */
  readonly retryOn: string;
  /** Count only together with the condition `retriable-status-codes`. */
  readonly retriableStatusCodes: readonly number[];
  readonly maxRetries: number;
  readonly perTryTimeoutMs: number;
  readonly backOffBaseMs: number;
  readonly backOffMaxMs: number;
  readonly retryNonIdempotent: boolean;
}

/** `num_retries` of a policy that does not say (Envoy). */
export const defaultMaxRetries = 1;

/** gRPC status codes by the name that `retry_on` knows them under (`x-envoy-retry-grpc-on`). */
const grpcConditions: ReadonlyMap<string, number> = new Map([
  ['cancelled', 1],
  ['deadline-exceeded', 4],
  ['resource-exhausted', 8],
  ['internal', 13],
  ['unavailable', 14],
]);

const httpConditions: ReadonlySet<string> = new Set([
  '5xx',
  'gateway-error',
  'reset',
  'reset-before-request',
  'connect-failure',
  'refused-stream',
  'retriable-4xx',
  'retriable-status-codes',
]);

/** The conditions in a `retry_on` that this proxy does not know and therefore never retries on. */
export function unknownRetryConditions(retryOn: string): string[] {
  return splitConditions(retryOn).filter((name) => !httpConditions.has(name) && !grpcConditions.has(name));
}

/**
 * Compiles Envoy's conditions. As there, `5xx` and `gateway-error` include every way of getting no answer at all, and
 * every kind of reset includes a failed connection. `refused-stream` is a server's promise that it did nothing, so it
 * stands beside `reset-before-request`. Unknown conditions are left out; ask `unknownRetryConditions` first.
 *
 * Source: Envoy router filter, `x-envoy-retry-on` and `x-envoy-retry-grpc-on`.
 */
export function compileRetryPolicy(settings: RetrySettings): RetryPolicy {
  const conditions = new Set(splitConditions(settings.retryOn));
  const on = (name: string) => conditions.has(name);
  const onReset = on('reset') || on('5xx') || on('gateway-error');
  const statuses = new Set<number>();
  if (on('5xx')) for (let status = 500; status <= 599; status++) statuses.add(status);
  if (on('gateway-error')) for (const status of [502, 503, 504]) statuses.add(status);
  if (on('retriable-4xx')) statuses.add(409);
  if (on('retriable-status-codes')) for (const status of settings.retriableStatusCodes) statuses.add(status);
  const grpcStatuses = new Set<number>();
  for (const [name, code] of grpcConditions) if (on(name)) grpcStatuses.add(code);
  return {
    onConnectFailure: on('connect-failure') || onReset,
    onReset,
    onResetBeforeRequest: on('reset-before-request') || on('refused-stream') || onReset,
    statuses,
    grpcStatuses,
    maxRetries: settings.maxRetries,
    perTryTimeoutMs: settings.perTryTimeoutMs,
    backOffBaseMs: settings.backOffBaseMs,
    backOffMaxMs: settings.backOffMaxMs,
    retryNonIdempotent: settings.retryNonIdempotent,
  };
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

/** Whether an answer with this status may be thrown away and the request repeated: the endpoint has acted on it. */
export function mayRetryStatus(policy: RetryPolicy, status: number, method: string): boolean {
  return policy.statuses.has(status) && mayRepeat(policy, method);
}

/** As `mayRetryStatus`, for a gRPC status that came without a message. */
export function mayRetryGrpcStatus(policy: RetryPolicy, grpcStatus: number, method: string): boolean {
  return policy.grpcStatuses.has(grpcStatus) && mayRepeat(policy, method);
}

function mayRepeat(policy: RetryPolicy, method: string): boolean {
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

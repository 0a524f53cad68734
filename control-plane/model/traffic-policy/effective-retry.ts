import type { z } from 'zod';
import type { RetryCondition } from '../../../proto/retry-conditions.ts';
import { optionalDurationMs } from '../gateway-duration.ts';
import type { HeaderCondition, retrySchema } from './retry.ts';

type WrittenRetry = z.output<typeof retrySchema>;

/** When and how a request to a backend is sent again, with nothing left open. Durations of 0 mean "no such limit". */
export interface EffectiveRetry {
  /** Tries after the first; 0 is never. */
  readonly numRetries: number;
  readonly triggers: readonly RetryCondition[];
  /** For the trigger `retriable-status-codes`. */
  readonly httpStatusCodes: readonly number[];
  /** For the trigger `retriable-headers`. */
  readonly headers: readonly HeaderCondition[];
  /** Where there are any, a request with none of them is sent once. */
  readonly requestHeaders: readonly HeaderCondition[];
  readonly perTryTimeoutMs: number;
  readonly perTryIdleTimeoutMs: number;
  /** A try that is out of time goes on beside the next one. */
  readonly hedgeOnPerTryTimeout: boolean;
  readonly backOffBaseMs: number;
  readonly backOffMaxMs: number;
  /** null: what an answer says of when to come back is not heeded. */
  readonly rateLimitedBackOff: EffectiveRateLimitedBackOff | null;
  /** Of a body that is kept so that it can be sent again. */
  readonly bodyBufferLimitBytes: number;
  readonly retryNonIdempotent: boolean;
}

export interface EffectiveRateLimitedBackOff {
  readonly resetHeaders: readonly { readonly name: string; readonly format: 'Seconds' | 'UnixTimestamp' }[];
  readonly maxIntervalMs: number;
}

/**
 * Retries where nobody says anything. The numbers are Envoy's unless a reason stands beside them.
 *
 * Source: Envoy `route_components.proto`, `RetryPolicy`.
 */
export const builtInRetry: EffectiveRetry = {
  // Envoy Gateway's and Istio's number; Envoy's own is 1
  numRetries: 2,
  // what may have reached the application is repeated for idempotent methods only, see retryNonIdempotent
  triggers: ['connect-failure', 'refused-stream', 'reset', 'reset-before-request', 'gateway-error'],
  httpStatusCodes: [],
  headers: [],
  requestHeaders: [],
  perTryTimeoutMs: 0,
  perTryIdleTimeoutMs: 0,
  hedgeOnPerTryTimeout: false,
  backOffBaseMs: 25,
  backOffMaxMs: 250,
  rateLimitedBackOff: null,
  // Linkerd's; Envoy keeps as much as its connections buffer, 1 MiB
  bodyBufferLimitBytes: 65_536,
  retryNonIdempotent: false,
};

const defaultMaxIntervalMs = 300_000;

/**
 * The retry sections of the layers, the most specific first. Fields that only make sense together come from one layer: the
 * two back-off intervals, all of `retryOn`, all of `rateLimitedBackOff`.
 */
export function effectiveRetry(layers: readonly (WrittenRetry | undefined)[]): EffectiveRetry {
  const base = builtInRetry;
  const first = <T>(pick: (layer: WrittenRetry) => T | null | undefined, fallback: T): T =>
    layers.map((layer) => layer && pick(layer)).find((value) => value !== undefined && value !== null) ?? fallback;
  return {
    numRetries: first(({ numRetries }) => numRetries, base.numRetries),
    ...first<Conditions>(conditionsOf, {
      triggers: base.triggers,
      httpStatusCodes: base.httpStatusCodes,
      headers: base.headers,
      requestHeaders: base.requestHeaders,
    }),
    perTryTimeoutMs: first(({ perRetry }) => optionalDurationMs(perRetry?.timeout), base.perTryTimeoutMs),
    perTryIdleTimeoutMs: first(({ perRetry }) => optionalDurationMs(perRetry?.idleTimeout), base.perTryIdleTimeoutMs),
    ...first(backOffOf, { backOffBaseMs: base.backOffBaseMs, backOffMaxMs: base.backOffMaxMs }),
    rateLimitedBackOff: first(rateLimitedBackOffOf, base.rateLimitedBackOff),
    hedgeOnPerTryTimeout: first(({ hedgeOnPerTryTimeout }) => hedgeOnPerTryTimeout, base.hedgeOnPerTryTimeout),
    bodyBufferLimitBytes: first(({ bodyBufferLimitBytes }) => bodyBufferLimitBytes, base.bodyBufferLimitBytes),
    retryNonIdempotent: first(({ retryNonIdempotent }) => retryNonIdempotent, base.retryNonIdempotent),
  };
}

type Conditions = Pick<EffectiveRetry, 'triggers' | 'httpStatusCodes' | 'headers' | 'requestHeaders'>;

function conditionsOf({ retryOn }: WrittenRetry): Conditions | undefined {
  if (retryOn === undefined) return undefined;
  const { triggers = builtInRetry.triggers, httpStatusCodes = [], headers = [], requestHeaders = [] } = retryOn;
  return { triggers, httpStatusCodes, headers, requestHeaders };
}

function backOffOf({ perRetry }: WrittenRetry): Pick<EffectiveRetry, 'backOffBaseMs' | 'backOffMaxMs'> | undefined {
  const backOff = perRetry?.backOff;
  if (backOff?.baseInterval === undefined && backOff?.maxInterval === undefined) return undefined;
  const maxMs = optionalDurationMs(backOff.maxInterval);
  const base = optionalDurationMs(backOff.baseInterval) ?? builtInRetry.backOffBaseMs;
  // Envoy: ten times the base when left out; a maximum alone bounds the default base
  return { backOffBaseMs: Math.min(base, maxMs ?? base), backOffMaxMs: maxMs ?? base * 10 };
}

function rateLimitedBackOffOf({ perRetry }: WrittenRetry): EffectiveRateLimitedBackOff | undefined {
  const backOff = perRetry?.rateLimitedBackOff;
  if (backOff === undefined) return undefined;
  return {
    resetHeaders: backOff.resetHeaders,
    maxIntervalMs: optionalDurationMs(backOff.maxInterval) ?? defaultMaxIntervalMs,
  };
}

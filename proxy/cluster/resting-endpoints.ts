import { headerValue } from '../message-head.ts';
import { retryAfterMs } from '../resilience/retry-after.ts';
import type { Endpoint } from './endpoint.ts';

/**
 * Milliseconds that an answer asks not to be called again, 429 or 503 with `Retry-After` (RFC 9110 section 10.2.3), at most
 * `maxMs`; 0 where it does not ask. `wallMs` is the time since 1970.
 */
export function restAskedFor(status: number, block: string, maxMs: number, wallMs: number): number {
  if (status !== 429 && status !== 503) return 0;
  const value = headerValue(block, 'retry-after');
  if (value === null) return 0;
  const ms = retryAfterMs(value, wallMs);
  return ms > 0 ? Math.min(ms, maxMs) : 0; // NaN, of what is no date, is not above 0
}

/** The endpoints that have not asked for rest; all of them where none of those can take a request. */
export function withoutResting(endpoints: readonly Endpoint[], nowMs: number): readonly Endpoint[] {
  const awake = endpoints.filter(({ restsUntilMs }) => restsUntilMs <= nowMs);
  const isEnough = awake.some(
    ({ health, isEjected, check }) => health === 'healthy' && !isEjected && check?.isFailed !== true,
  );
  return isEnough ? awake : endpoints;
}

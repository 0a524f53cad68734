import { headerValue } from '../message-head.ts';
import { backOffMs } from './back-off.ts';
import { defaultMaxIntervalMs } from './rate-limited-back-off.ts';
import type { RetryPolicy } from './retry-policy.ts';

/** `retryWaitMs` of an answer whose server forbids that the request is sent again. */
export const neverAgain = -1;

/**
 * How long a request waits before it is sent again because of an answer, after `attempts` tries: as long as the server of a
 * gRPC call asks (`grpc-retry-pushback-ms`), to the millisecond; as an answer of another kind asks, where the policy heeds
 * that; else the usual back-off. A server that pushes back with a negative number, with what is no number or for longer than
 * anybody waits, 300 s, wants no other try: `neverAgain`. `wallMs` is the time since 1970.
 *
 * Source: gRFC A6, "Pushback".
 */
export function retryWaitMs(
  policy: RetryPolicy,
  block: string,
  isGrpc: boolean,
  attempts: number,
  wallMs: number,
  random: () => number,
): number {
  const pushback = isGrpc ? headerValue(block, 'grpc-retry-pushback-ms') : null;
  if (pushback !== null) return pushbackMs(pushback);
  const askedMs = policy.rateLimitedBackOff?.waitMs(block, wallMs, random) ?? null;
  return askedMs ?? backOffMs(attempts, policy.backOffBaseMs, policy.backOffMaxMs, random);
}

function pushbackMs(value: string): number {
  const ms = /^[0-9]{1,9}$/.test(value) ? Number(value) : neverAgain;
  return ms <= defaultMaxIntervalMs ? ms : neverAgain;
}

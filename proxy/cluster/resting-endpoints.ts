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

/** Clocks of a sidecar. */
export interface RestClocks {
  /** Monotonic milliseconds, at most a second old: those of `restsUntilMs`. */
  coarseNow(): number;
  /** Milliseconds since 1970; default `Date.now`. */
  readonly wallClockMs?: () => number;
}

/**
 * Which endpoints of a cluster have asked not to be called for a while. Those are passed over, unless none of the others can
 * take a request.
 */
export class RestingEndpoints {
  readonly #endpoints: ReadonlyMap<string, Endpoint>;
  readonly #clocks: RestClocks;
  readonly #wallClockMs: () => number;
  #count = 0;

  /** `endpoints` are those of the cluster at each time. */
  constructor(endpoints: ReadonlyMap<string, Endpoint>, clocks: RestClocks) {
    this.#endpoints = endpoints;
    this.#clocks = clocks;
    this.#wallClockMs = clocks.wallClockMs ?? Date.now;
  }

  /** Counted when somebody lies down, and about once a second. */
  get count(): number {
    return this.#count;
  }

  /** Hears what an answer asks for, at most `maxRestMs`; true when the endpoint rests that did not before. */
  heed(endpoint: Endpoint, status: number, block: string, maxRestMs: number): boolean {
    const restMs = restAskedFor(status, block, maxRestMs, this.#wallClockMs());
    if (restMs === 0) return false;
    const nowMs = this.#clocks.coarseNow();
    const isResting = endpoint.restsUntilMs > nowMs;
    endpoint.restsUntilMs = Math.max(endpoint.restsUntilMs, nowMs + restMs);
    if (!isResting) this.#count = this.#countAt(nowMs);
    return !isResting;
  }

  /** True when the rest of somebody is over. */
  wake(nowMs: number): boolean {
    if (this.#count === 0) return false;
    const before = this.#count;
    this.#count = this.#countAt(nowMs);
    return this.#count !== before;
  }

  /** Those that may be called. */
  without(endpoints: readonly Endpoint[]): readonly Endpoint[] {
    return this.#count === 0 ? endpoints : withoutResting(endpoints, this.#clocks.coarseNow());
  }

  #countAt(nowMs: number): number {
    let count = 0;
    for (const { restsUntilMs } of this.#endpoints.values()) if (restsUntilMs > nowMs) count++;
    return count;
  }
}

function withoutResting(endpoints: readonly Endpoint[], nowMs: number): readonly Endpoint[] {
  const awake = endpoints.filter(({ restsUntilMs }) => restsUntilMs <= nowMs);
  const isEnough = awake.some(
    ({ health, isEjected, check }) => health === 'healthy' && !isEjected && check?.isFailed !== true,
  );
  return isEnough ? awake : endpoints;
}

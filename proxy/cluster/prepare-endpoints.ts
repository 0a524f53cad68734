import { PeakEwma } from '../balance/peak-ewma.ts';
import type { SlowStart } from '../balance/slow-start.ts';
import { warmthAt } from '../balance/slow-start.ts';
import type { BalancerConfig } from './balancer-config.ts';
import type { Endpoint } from './endpoint.ts';

/**
 * Gives each endpoint the warmth of its age; true when any changed, and a picker has to be built anew. One that fails its
 * active health check begins again when it passes (Envoy, "Slow start mode").
 */
export function warmUp(endpoints: Iterable<Endpoint>, slowStart: SlowStart | null, nowMs: number): boolean {
  let hasChanged = false;
  for (const endpoint of endpoints) {
    if (endpoint.check?.isFailed === true) endpoint.warmFromMs = nowMs;
    const warmth = slowStart === null ? 1 : warmthAt(nowMs - endpoint.warmFromMs, slowStart);
    if (warmth === endpoint.warmth) continue;
    endpoint.warmth = warmth;
    hasChanged = true;
  }
  return hasChanged;
}

/** Endpoints learn how long they take where the balancer asks; what they have learned stays while it does. */
export function learnAnswerTimes(
  endpoints: Iterable<Endpoint>,
  { kind, answerTimeMs, decayMs }: BalancerConfig,
  now: () => number,
): void {
  for (const endpoint of endpoints) {
    if (kind !== 'peak-ewma') endpoint.latency = null;
    else endpoint.latency ??= new PeakEwma(now, answerTimeMs, decayMs);
  }
}

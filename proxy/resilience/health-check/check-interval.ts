import type { HealthCheckSettings } from './health-check-settings.ts';
import type { Transition } from './health-record.ts';

/** What the time until the next check goes by. */
export interface CheckedState {
  /** How the last check ended. */
  readonly isSuccess: boolean;
  readonly transition: Transition;
  /** Somebody has called the cluster. */
  readonly hasTraffic: boolean;
}

/**
 * Milliseconds from the end of a check to the next one.
 *
 * Source: Envoy `HealthCheckerImplBase::interval`.
 */
export function checkIntervalMs(settings: HealthCheckSettings, state: CheckedState, random: () => number): number {
  const baseMs = baseIntervalMs(settings, state);
  const jitterMs = (baseMs * settings.intervalJitterPercent) / 100 + settings.intervalJitterMs;
  return baseMs + random() * jitterMs;
}

function baseIntervalMs(settings: HealthCheckSettings, { isSuccess, transition, hasTraffic }: CheckedState): number {
  const isOnEdge = transition === 'pending';
  if (!hasTraffic) {
    const isWell = isSuccess && !isOnEdge;
    return isWell ? settings.noTrafficHealthyIntervalMs : settings.noTrafficIntervalMs;
  }
  if (isSuccess) return isOnEdge ? settings.healthyEdgeIntervalMs : settings.intervalMs;
  return isOnEdge ? settings.unhealthyEdgeIntervalMs : settings.unhealthyIntervalMs;
}

import type { HealthCheckSettings } from '../resilience/health-check/health-check-settings.ts';

/** A connection every three seconds, whatever the outcome and the traffic; one outcome decides. */
export const everyThreeSeconds: HealthCheckSettings = {
  timeoutMs: 1_000,
  intervalMs: 3_000,
  intervalJitterMs: 0,
  intervalJitterPercent: 0,
  initialJitterMs: 0,
  noTrafficIntervalMs: 3_000,
  noTrafficHealthyIntervalMs: 3_000,
  unhealthyIntervalMs: 3_000,
  unhealthyEdgeIntervalMs: 3_000,
  healthyEdgeIntervalMs: 3_000,
  unhealthyThreshold: 1,
  healthyThreshold: 1,
  reusesConnection: true,
  check: { kind: 'tcp', send: null, receive: [] },
};

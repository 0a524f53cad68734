import { optionalDurationMs } from '../gateway-duration.ts';
import type { ActiveHealthCheck, HealthCheckPayload } from './active-health-check.ts';

/** How endpoints are asked how they are, with nothing left open. */
export interface EffectiveActiveHealthCheck {
  readonly timeoutMs: number;
  readonly intervalMs: number;
  readonly intervalJitterMs: number;
  readonly initialJitterMs: number;
  readonly unhealthyIntervalMs: number;
  readonly noTrafficIntervalMs: number;
  readonly unhealthyThreshold: number;
  readonly healthyThreshold: number;
  readonly reuseConnection: boolean;
  readonly check: EffectiveCheck;
}

export type EffectiveCheck =
  | {
      readonly kind: 'HTTP';
      /** Null: the service's host name. */
      readonly hostname: string | null;
      readonly path: string;
      readonly method: NonNullable<NonNullable<ActiveHealthCheck['http']>['method']>;
      readonly expectedStatuses: readonly number[];
      readonly retriableStatuses: readonly number[];
      readonly expectedResponse: HealthCheckPayload | null;
    }
  | { readonly kind: 'TCP'; readonly send: HealthCheckPayload | null; readonly receive: HealthCheckPayload | null }
  | { readonly kind: 'GRPC'; readonly service: string };

/** Sources: Envoy Gateway `ActiveHealthCheck`; for the last two Envoy `health_check.proto`. */
const defaults = {
  timeoutMs: 1000,
  intervalMs: 3000,
  unhealthyThreshold: 3,
  healthyThreshold: 1,
  noTrafficIntervalMs: 60_000,
  reuseConnection: true,
} as const;

/**
 * The active check of the most specific layer that has one, as a whole: half of one check and half of another would be none.
 * Null where nobody has one, which is the default.
 */
export function effectiveActiveHealthCheck(
  layers: readonly (ActiveHealthCheck | undefined)[],
): EffectiveActiveHealthCheck | null {
  const written = layers.find((layer) => layer !== undefined);
  if (written === undefined) return null;
  const intervalMs = optionalDurationMs(written.interval) ?? defaults.intervalMs;
  return {
    timeoutMs: optionalDurationMs(written.timeout) ?? defaults.timeoutMs,
    intervalMs,
    intervalJitterMs: optionalDurationMs(written.intervalJitter) ?? 0,
    initialJitterMs: optionalDurationMs(written.initialJitter) ?? 0,
    unhealthyIntervalMs: optionalDurationMs(written.unhealthyInterval) ?? intervalMs,
    noTrafficIntervalMs: optionalDurationMs(written.noTrafficInterval) ?? defaults.noTrafficIntervalMs,
    unhealthyThreshold: written.unhealthyThreshold ?? defaults.unhealthyThreshold,
    healthyThreshold: written.healthyThreshold ?? defaults.healthyThreshold,
    reuseConnection: written.reuseConnection ?? defaults.reuseConnection,
    check: checkOf(written),
  };
}

function checkOf({ type, http, tcp, grpc }: ActiveHealthCheck): EffectiveCheck {
  switch (type) {
    case 'HTTP':
      return {
        kind: 'HTTP',
        hostname: http?.hostname ?? null,
        path: http?.path ?? '/',
        method: http?.method ?? 'GET',
        expectedStatuses: http?.expectedStatuses ?? [200],
        retriableStatuses: http?.retriableStatuses ?? [],
        expectedResponse: http?.expectedResponse ?? null,
      };
    case 'TCP':
      return { kind: 'TCP', send: tcp?.send ?? null, receive: tcp?.receive ?? null };
    case 'GRPC':
      return { kind: 'GRPC', service: grpc?.service ?? '' };
  }
}

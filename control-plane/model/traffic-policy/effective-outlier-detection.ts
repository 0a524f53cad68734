import { optionalDurationMs } from '../gateway-duration.ts';
import type { PassiveHealthCheck } from './passive-health-check.ts';

/** How endpoints are judged by what comes of requests to them, with nothing left open. */
export interface EffectiveOutlierDetection {
  /** 0 is off. */
  readonly consecutive5XxErrors: number;
  /** 0 is off. */
  readonly consecutiveGatewayErrors: number;
  readonly splitExternalLocalOriginErrors: boolean;
  /** 0 is off, and so is everything where local errors are not judged apart. */
  readonly consecutiveLocalOriginFailures: number;
  readonly intervalMs: number;
  readonly baseEjectionTimeMs: number;
  readonly maxEjectionTimeMs: number;
  readonly maxEjectionTimeJitterMs: number;
  readonly maxEjectionPercent: number;
  readonly alwaysEjectOneEndpoint: boolean;
  /** `isOn`: judged, whether anybody is ejected for it or not. */
  readonly failurePercentage: {
    readonly isOn: boolean;
    readonly threshold: number;
    readonly minimumHosts: number;
    readonly requestVolume: number;
  };
  readonly successRate: {
    readonly isOn: boolean;
    readonly stdevFactor: number;
    readonly minimumHosts: number;
    readonly requestVolume: number;
  };
  /** Percentages; a detector with 0 ejects nobody, and what it finds is counted all the same where it is on. */
  readonly enforcing: {
    readonly consecutive5xx: number;
    readonly consecutiveGatewayFailure: number;
    readonly consecutiveLocalOriginFailure: number;
    readonly successRate: number;
    readonly localOriginSuccessRate: number;
    readonly failurePercentage: number;
    readonly failurePercentageLocalOrigin: number;
  };
  readonly successfulActiveHealthCheckUnejectHost: boolean;
}

/**
 * Outlier detection where nobody says anything. The numbers are Envoy's unless a reason stands beside them.
 *
 * Source: Envoy `outlier_detection.proto`.
 */
export const builtInOutlierDetection: EffectiveOutlierDetection = {
  consecutive5XxErrors: 5,
  // Envoy counts to 5 here and ejects nobody; to us a row that ejects nobody is off
  consecutiveGatewayErrors: 0,
  splitExternalLocalOriginErrors: false,
  consecutiveLocalOriginFailures: 5,
  intervalMs: 10_000,
  baseEjectionTimeMs: 30_000,
  maxEjectionTimeMs: 300_000,
  maxEjectionTimeJitterMs: 0,
  maxEjectionPercent: 10,
  // Envoy's flag is off: 10 % of fewer than ten endpoints is nobody, and most services have fewer
  alwaysEjectOneEndpoint: true,
  failurePercentage: { isOn: false, threshold: 85, minimumHosts: 5, requestVolume: 50 },
  successRate: { isOn: false, stdevFactor: 1900, minimumHosts: 5, requestVolume: 100 },
  enforcing: {
    consecutive5xx: 100,
    consecutiveGatewayFailure: 0,
    consecutiveLocalOriginFailure: 100,
    // Envoy has 100: with five good endpoints the one that failed a single request may be an outlier
    successRate: 0,
    localOriginSuccessRate: 0,
    failurePercentage: 0,
    failurePercentageLocalOrigin: 0,
  },
  successfulActiveHealthCheckUnejectHost: true,
};

/** The passive health checks of the layers, the most specific first: each field from the first layer that has it. */
export function effectiveOutlierDetection(
  layers: readonly (PassiveHealthCheck | undefined)[],
): EffectiveOutlierDetection {
  const base = builtInOutlierDetection;
  const written = <Key extends keyof PassiveHealthCheck>(key: Key): NonNullable<PassiveHealthCheck[Key]> | undefined =>
    layers.find((layer) => layer?.[key] !== undefined)?.[key] ?? undefined;
  const row = (key: 'consecutive5XxErrors' | 'consecutiveGatewayErrors' | 'consecutiveLocalOriginFailures') =>
    written(key) ?? base[key];
  const isOn = (count: number, enforcing: number | undefined) => (count === 0 ? 0 : (enforcing ?? 100));

  const baseEjectionTimeMs = optionalDurationMs(written('baseEjectionTime')) ?? base.baseEjectionTimeMs;
  const consecutive5XxErrors = row('consecutive5XxErrors');
  const consecutiveGatewayErrors = row('consecutiveGatewayErrors');
  const consecutiveLocalOriginFailures = row('consecutiveLocalOriginFailures');
  const splitExternalLocalOriginErrors =
    written('splitExternalLocalOriginErrors') ?? base.splitExternalLocalOriginErrors;
  const threshold = written('failurePercentageThreshold');
  const byPercentage = threshold === undefined ? 0 : 100;
  const stdevFactor = written('successRateStdevFactor');
  const minimumHosts = written('successRateMinimumHosts');
  const requestVolume = written('successRateRequestVolume');
  const byRate = stdevFactor === undefined && minimumHosts === undefined && requestVolume === undefined ? 0 : 100;
  const ofRate = {
    answers: written('enforcingSuccessRate') ?? byRate,
    connections: written('enforcingLocalOriginSuccessRate') ?? byRate,
  };
  const ofPercentage = {
    answers: written('enforcingFailurePercentage') ?? byPercentage,
    connections: written('enforcingFailurePercentageLocalOrigin') ?? byPercentage,
  };
  return {
    consecutive5XxErrors,
    consecutiveGatewayErrors,
    splitExternalLocalOriginErrors,
    consecutiveLocalOriginFailures,
    intervalMs: optionalDurationMs(written('interval')) ?? base.intervalMs,
    baseEjectionTimeMs,
    // Envoy: the larger of 300 s and the base
    maxEjectionTimeMs: Math.max(
      baseEjectionTimeMs,
      optionalDurationMs(written('maxEjectionTime')) ?? base.maxEjectionTimeMs,
    ),
    maxEjectionTimeJitterMs: optionalDurationMs(written('maxEjectionTimeJitter')) ?? base.maxEjectionTimeJitterMs,
    maxEjectionPercent: written('maxEjectionPercent') ?? base.maxEjectionPercent,
    alwaysEjectOneEndpoint: written('alwaysEjectOneEndpoint') ?? base.alwaysEjectOneEndpoint,
    failurePercentage: {
      isOn: byPercentage + ofPercentage.answers + ofPercentage.connections > 0,
      threshold: threshold ?? base.failurePercentage.threshold,
      minimumHosts: written('failurePercentageMinimumHosts') ?? base.failurePercentage.minimumHosts,
      requestVolume: written('failurePercentageRequestVolume') ?? base.failurePercentage.requestVolume,
    },
    successRate: {
      isOn: byRate + ofRate.answers + ofRate.connections > 0,
      stdevFactor: stdevFactor ?? base.successRate.stdevFactor,
      minimumHosts: minimumHosts ?? base.successRate.minimumHosts,
      requestVolume: requestVolume ?? base.successRate.requestVolume,
    },
    enforcing: {
      consecutive5xx: isOn(consecutive5XxErrors, written('enforcingConsecutive5xx')),
      consecutiveGatewayFailure: isOn(consecutiveGatewayErrors, written('enforcingConsecutiveGatewayFailure')),
      consecutiveLocalOriginFailure: isOn(
        consecutiveLocalOriginFailures,
        written('enforcingConsecutiveLocalOriginFailure'),
      ),
      successRate: ofRate.answers,
      localOriginSuccessRate: ofRate.connections,
      failurePercentage: ofPercentage.answers,
      failurePercentageLocalOrigin: ofPercentage.connections,
    },
    successfulActiveHealthCheckUnejectHost:
      written('successfulActiveHealthCheckUnejectHost') ?? base.successfulActiveHealthCheckUnejectHost,
  };
}

/** Whether anybody is judged at all. */
export function isWatched(policy: EffectiveOutlierDetection): boolean {
  const {
    splitExternalLocalOriginErrors: splits,
    consecutiveLocalOriginFailures,
    successRate,
    failurePercentage,
  } = policy;
  const rows = policy.consecutive5XxErrors + policy.consecutiveGatewayErrors;
  return rows + (splits ? consecutiveLocalOriginFailures : 0) > 0 || successRate.isOn || failurePercentage.isOn;
}

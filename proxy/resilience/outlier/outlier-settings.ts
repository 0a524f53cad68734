import type { EjectionCause } from '../../../proto/ejection-causes.ts';

/** Envoy `OutlierDetection`. Times in milliseconds. */
export interface OutlierSettings {
  /** Time between two sweeps. Default 10 000. */
  readonly intervalMs: number;
  /** An endpoint is out for this long times the number of its recent ejections. Default 30 000. */
  readonly baseEjectionTimeMs: number;
  /** Longest time out. Default 300 000, or the base where that is longer. */
  readonly maxEjectionTimeMs: number;
  /** Up to this much is added to each time out, so that not all return at once. Default 0. */
  readonly maxEjectionTimeJitterMs: number;
  /** Most endpoints that may be out at once. Default 10. */
  readonly maxEjectionPercent: number;
  /** One endpoint may be out whatever the percentage says, as long as another remains. */
  readonly alwaysEjectOneHost: boolean;
  /** Whether what is seen here (no connection, reset, time-out) is judged apart from what endpoints answer. Default false. */
  readonly splitsLocalOriginErrors: boolean;
  /** 5xx answers in a row. Default 5; 0 never ejects. */
  readonly consecutive5xx: number;
  /** 502, 503 and 504 in a row. Default 5; 0 never ejects. */
  readonly consecutiveGatewayFailure: number;
  /** Failures seen here in a row; only where they are judged apart. Default 5; 0 never ejects. */
  readonly consecutiveLocalOriginFailure: number;
  readonly successRate: SuccessRateSettings;
  readonly failurePercentage: FailurePercentageSettings;
  /**
   * Percentage of the detected outliers that are really ejected. Envoy's defaults: 100, but 0 for gateway failures and
   * failure percentages.
   */
  readonly enforcing: Readonly<Record<EjectionCause, number>>;
  /** An active health check that succeeds brings an ejected endpoint back. Default true. */
  readonly returnsWhenHealthy: boolean;
}

/** An endpoint that succeeds much less often than the others. */
export interface SuccessRateSettings {
  /** Nothing is judged unless so many endpoints had enough requests. Default 5. */
  readonly minimumHosts: number;
  /** Requests within an interval below which an endpoint is not looked at. Default 100. */
  readonly requestVolume: number;
  /** An outlier is below the mean by this many thousandths of the standard deviation. Default 1900. */
  readonly stdevFactor: number;
}

/** An endpoint that fails more often than a fixed share. */
export interface FailurePercentageSettings {
  /** Default 5. */
  readonly minimumHosts: number;
  /** Default 50. */
  readonly requestVolume: number;
  /** An outlier fails this often or more. Default 85. */
  readonly threshold: number;
}

/** What an empty `OutlierDetection` means to Envoy. */
export const envoyOutlierDefaults: OutlierSettings = {
  intervalMs: 10_000,
  baseEjectionTimeMs: 30_000,
  maxEjectionTimeMs: 300_000,
  maxEjectionTimeJitterMs: 0,
  maxEjectionPercent: 10,
  alwaysEjectOneHost: false,
  splitsLocalOriginErrors: false,
  consecutive5xx: 5,
  consecutiveGatewayFailure: 5,
  consecutiveLocalOriginFailure: 5,
  successRate: { minimumHosts: 5, requestVolume: 100, stdevFactor: 1900 },
  failurePercentage: { minimumHosts: 5, requestVolume: 50, threshold: 85 },
  enforcing: {
    consecutive_5xx: 100,
    consecutive_gateway_failure: 0,
    consecutive_local_origin_failure: 100,
    success_rate: 100,
    local_origin_success_rate: 100,
    failure_percentage: 0,
    local_origin_failure_percentage: 0,
  },
  returnsWhenHealthy: true,
};

import type { Feature } from '../../proto/features.ts';
import { FEATURES } from '../../proto/features.ts';

/** What this build tells the control plane that it can do, and is therefore sent: all of it must compile. */
export const announcedFeatures: readonly Feature[] = [
  FEATURES.http2,
  FEATURES.tcp,
  FEATURES.upgrade,
  FEATURES.normalization,
  FEATURES.faults,
  FEATURES.faultRateLimit,
  FEATURES.rateLimits,
  FEATURES.globalRateLimits,
  FEATURES.bodyLimit,
  FEATURES.bandwidthLimit,
  FEATURES.overloadFilters,
  FEATURES.fallback,
  FEATURES.priorities,
  FEATURES.routing,
  FEATURES.retries,
  FEATURES.durations,
  FEATURES.outlierDetectors,
  FEATURES.healthChecks,
  FEATURES.balancing,
  FEATURES.boundedLoads,
  FEATURES.external,
  FEATURES.clientCertificates,
  FEATURES.backendPaths,
  FEATURES.tcpHash,
  FEATURES.sessionBounds,
  FEATURES.rateLimitCost,
  FEATURES.rewrites,
  FEATURES.connectionRates,
];

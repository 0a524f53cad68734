import { msToDuration } from '../../../proto/duration.ts';
import type { Input } from '../../../proto/load.ts';
import type { EffectiveOutlierDetection } from '../../model/traffic-policy/effective-outlier-detection.ts';
import { isWatched } from '../../model/traffic-policy/effective-outlier-detection.ts';
import type { Abilities } from '../view/abilities.ts';

type OutlierDetection = Input<'envoy.config.cluster.v3.OutlierDetection'>;

/**
 * The message of a cluster; null where nobody is to be ejected or watched. A sidecar that knows rows of 5xx alone is told of these; it
 * takes the most of what the others do that it can.
 */
export function outlierDetection(
  policy: EffectiveOutlierDetection,
  { outlierDetectors }: Abilities,
): OutlierDetection | null {
  const isAsked = outlierDetectors ? isWatched(policy) : policy.consecutive5XxErrors > 0;
  if (!isAsked) return null;
  return {
    ...(policy.consecutive5XxErrors > 0 && { consecutive_5xx: { value: policy.consecutive5XxErrors } }),
    interval: msToDuration(policy.intervalMs),
    base_ejection_time: msToDuration(policy.baseEjectionTimeMs),
    max_ejection_time: msToDuration(policy.maxEjectionTimeMs),
    max_ejection_percent: { value: Math.round(policy.maxEjectionPercent) },
    always_eject_one_host: { value: policy.alwaysEjectOneEndpoint },
    // Without this a stock client would also eject by success rate, which is not its default here.
    enforcing_success_rate: { value: outlierDetectors ? policy.enforcing.successRate : 0 },
    ...(outlierDetectors && detectors(policy)),
  };
}

/**
 * Of the detectors that are on, those that eject nobody too: what these find is counted, for those who want to see first what
 * they would do. Envoy's defaults mean the others off, but for the two that go by connections.
 */
function detectors(policy: EffectiveOutlierDetection): OutlierDetection {
  const { enforcing, splitExternalLocalOriginErrors, successRate, failurePercentage } = policy;
  return {
    ...(enforcing.consecutive5xx < 100 && { enforcing_consecutive_5xx: { value: enforcing.consecutive5xx } }),
    ...(policy.consecutiveGatewayErrors > 0 && {
      consecutive_gateway_failure: { value: policy.consecutiveGatewayErrors },
      enforcing_consecutive_gateway_failure: { value: enforcing.consecutiveGatewayFailure },
    }),
    ...(splitExternalLocalOriginErrors && {
      split_external_local_origin_errors: true,
      ...(policy.consecutiveLocalOriginFailures > 0 && {
        consecutive_local_origin_failure: { value: policy.consecutiveLocalOriginFailures },
      }),
      enforcing_consecutive_local_origin_failure: { value: enforcing.consecutiveLocalOriginFailure },
      enforcing_local_origin_success_rate: { value: enforcing.localOriginSuccessRate },
    }),
    ...(successRate.isOn && {
      success_rate_stdev_factor: { value: successRate.stdevFactor },
      success_rate_minimum_hosts: { value: successRate.minimumHosts },
      success_rate_request_volume: { value: successRate.requestVolume },
    }),
    ...(failurePercentage.isOn && {
      failure_percentage_threshold: { value: failurePercentage.threshold },
      failure_percentage_minimum_hosts: { value: failurePercentage.minimumHosts },
      failure_percentage_request_volume: { value: failurePercentage.requestVolume },
      enforcing_failure_percentage: { value: enforcing.failurePercentage },
      ...(splitExternalLocalOriginErrors && {
        enforcing_failure_percentage_local_origin: { value: enforcing.failurePercentageLocalOrigin },
      }),
    }),
    ...(policy.maxEjectionTimeJitterMs > 0 && {
      max_ejection_time_jitter: msToDuration(policy.maxEjectionTimeJitterMs),
    }),
    ...(!policy.successfulActiveHealthCheckUnejectHost && {
      successful_active_health_check_uneject_host: { value: false },
    }),
  };
}

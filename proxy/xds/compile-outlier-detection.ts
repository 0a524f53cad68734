import { timerMs } from '../../proto/duration.ts';
import type { OutlierDetection__Output } from '../../proto/generated/envoy/config/cluster/v3/OutlierDetection.ts';
import type { OutlierSettings } from '../resilience/outlier/outlier-settings.ts';
import { envoyOutlierDefaults as absent } from '../resilience/outlier/outlier-settings.ts';

/** What a validated OutlierDetection means; Envoy's defaults for what it does not say. */
export function compileOutlierDetection(said: OutlierDetection__Output): OutlierSettings {
  const baseEjectionTimeMs = said.base_ejection_time ? timerMs(said.base_ejection_time) : absent.baseEjectionTimeMs;
  return {
    intervalMs: said.interval ? timerMs(said.interval) : absent.intervalMs,
    baseEjectionTimeMs,
    // Never below the base, as in Envoy.
    maxEjectionTimeMs: Math.max(
      baseEjectionTimeMs,
      said.max_ejection_time ? timerMs(said.max_ejection_time) : absent.maxEjectionTimeMs,
    ),
    maxEjectionTimeJitterMs: said.max_ejection_time_jitter
      ? timerMs(said.max_ejection_time_jitter)
      : absent.maxEjectionTimeJitterMs,
    maxEjectionPercent: said.max_ejection_percent?.value ?? absent.maxEjectionPercent,
    alwaysEjectOneHost: said.always_eject_one_host?.value ?? absent.alwaysEjectOneHost,
    splitsLocalOriginErrors: said.split_external_local_origin_errors,
    consecutive5xx: said.consecutive_5xx?.value ?? absent.consecutive5xx,
    consecutiveGatewayFailure: said.consecutive_gateway_failure?.value ?? absent.consecutiveGatewayFailure,
    consecutiveLocalOriginFailure: said.consecutive_local_origin_failure?.value ?? absent.consecutiveLocalOriginFailure,
    successRate: {
      minimumHosts: said.success_rate_minimum_hosts?.value ?? absent.successRate.minimumHosts,
      requestVolume: said.success_rate_request_volume?.value ?? absent.successRate.requestVolume,
      stdevFactor: said.success_rate_stdev_factor?.value ?? absent.successRate.stdevFactor,
    },
    failurePercentage: {
      minimumHosts: said.failure_percentage_minimum_hosts?.value ?? absent.failurePercentage.minimumHosts,
      requestVolume: said.failure_percentage_request_volume?.value ?? absent.failurePercentage.requestVolume,
      threshold: said.failure_percentage_threshold?.value ?? absent.failurePercentage.threshold,
    },
    enforcing: compileEnforcing(said),
    returnsWhenHealthy: said.successful_active_health_check_uneject_host?.value ?? absent.returnsWhenHealthy,
  };
}

function compileEnforcing(said: OutlierDetection__Output): OutlierSettings['enforcing'] {
  const { enforcing } = absent;
  return {
    consecutive_5xx: said.enforcing_consecutive_5xx?.value ?? enforcing.consecutive_5xx,
    consecutive_gateway_failure:
      said.enforcing_consecutive_gateway_failure?.value ?? enforcing.consecutive_gateway_failure,
    consecutive_local_origin_failure:
      said.enforcing_consecutive_local_origin_failure?.value ?? enforcing.consecutive_local_origin_failure,
    success_rate: said.enforcing_success_rate?.value ?? enforcing.success_rate,
    local_origin_success_rate: said.enforcing_local_origin_success_rate?.value ?? enforcing.local_origin_success_rate,
    failure_percentage: said.enforcing_failure_percentage?.value ?? enforcing.failure_percentage,
    local_origin_failure_percentage:
      said.enforcing_failure_percentage_local_origin?.value ?? enforcing.local_origin_failure_percentage,
  };
}

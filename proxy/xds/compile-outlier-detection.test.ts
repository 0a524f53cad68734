import { describe, expect, it } from 'vitest';
import type { Input } from '../../proto/load.ts';
import { messageType } from '../../proto/load.ts';
import { envoyOutlierDefaults } from '../resilience/outlier/outlier-settings.ts';
import { compileOutlierDetection } from './compile-outlier-detection.ts';

const type = messageType('envoy.config.cluster.v3.OutlierDetection');

function compile(detection: Input<'envoy.config.cluster.v3.OutlierDetection'>) {
  return compileOutlierDetection(type.decode(type.encode(detection)));
}

describe('compileOutlierDetection', () => {
  it("takes Envoy's defaults for all that is not said", () => {
    expect(compile({})).toEqual(envoyOutlierDefaults);
  });

  it('reads every field', () => {
    expect(
      compile({
        consecutive_5xx: { value: 1 },
        interval: { seconds: '2' },
        base_ejection_time: { seconds: '3' },
        max_ejection_percent: { value: 4 },
        enforcing_consecutive_5xx: { value: 5 },
        enforcing_success_rate: { value: 6 },
        success_rate_minimum_hosts: { value: 7 },
        success_rate_request_volume: { value: 8 },
        success_rate_stdev_factor: { value: 9 },
        consecutive_gateway_failure: { value: 10 },
        enforcing_consecutive_gateway_failure: { value: 11 },
        split_external_local_origin_errors: true,
        consecutive_local_origin_failure: { value: 13 },
        enforcing_consecutive_local_origin_failure: { value: 14 },
        enforcing_local_origin_success_rate: { value: 15 },
        failure_percentage_threshold: { value: 16 },
        enforcing_failure_percentage: { value: 17 },
        enforcing_failure_percentage_local_origin: { value: 18 },
        failure_percentage_minimum_hosts: { value: 19 },
        failure_percentage_request_volume: { value: 20 },
        max_ejection_time: { seconds: '21' },
        max_ejection_time_jitter: { seconds: '22' },
        successful_active_health_check_uneject_host: { value: false },
        always_eject_one_host: { value: true },
      }),
    ).toEqual({
      consecutive5xx: 1,
      intervalMs: 2_000,
      baseEjectionTimeMs: 3_000,
      maxEjectionPercent: 4,
      successRate: { minimumHosts: 7, requestVolume: 8, stdevFactor: 9 },
      consecutiveGatewayFailure: 10,
      splitsLocalOriginErrors: true,
      consecutiveLocalOriginFailure: 13,
      failurePercentage: { threshold: 16, minimumHosts: 19, requestVolume: 20 },
      enforcing: {
        consecutive_5xx: 5,
        success_rate: 6,
        consecutive_gateway_failure: 11,
        consecutive_local_origin_failure: 14,
        local_origin_success_rate: 15,
        failure_percentage: 17,
        local_origin_failure_percentage: 18,
      },
      maxEjectionTimeMs: 21_000,
      maxEjectionTimeJitterMs: 22_000,
      returnsWhenHealthy: false,
      alwaysEjectOneHost: true,
    });
  });
});

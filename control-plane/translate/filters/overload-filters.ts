import { pack } from '../../../proto/any.ts';
import { msToDuration } from '../../../proto/duration.ts';
import { ADAPTIVE_CONCURRENCY_FILTER, ADMISSION_CONTROL_FILTER } from '../../../proto/extension-names.ts';
import type { Input } from '../../../proto/load.ts';
import { formatPolicyMetadata } from '../../../proto/policy-metadata.ts';
import type { EffectiveTrafficPolicy } from '../../model/effective-traffic-policy.ts';
import { durationMs } from '../../model/gateway-duration.ts';
import type { WrittenAdaptiveConcurrency, WrittenAdmissionControl } from '../../model/traffic-policy/overload.ts';

type Route = Input<'envoy.config.route.v3.Route'>;
type FilterConfigs = NonNullable<Route['typed_per_filter_config']>;

/** Envoy has no default for this one; its documentation's examples have 100 ms. */
const UPDATE_INTERVAL = '100ms';

/** For the route of an inbound listener. */
export function adaptiveConcurrencyFilter({
  samplePercentile,
  maxConcurrency,
  updateInterval = UPDATE_INTERVAL,
  minRTT = {},
}: WrittenAdaptiveConcurrency): FilterConfigs {
  const { interval = '60s', requestCount, jitterPercent, minConcurrency, bufferPercent } = minRTT;
  return {
    [ADAPTIVE_CONCURRENCY_FILTER]: pack('envoy.extensions.filters.http.adaptive_concurrency.v3.AdaptiveConcurrency', {
      gradient_controller_config: {
        ...(samplePercentile !== undefined && { sample_aggregate_percentile: { value: samplePercentile } }),
        concurrency_limit_params: {
          ...(maxConcurrency !== undefined && { max_concurrency_limit: { value: maxConcurrency } }),
          concurrency_update_interval: msToDuration(durationMs(updateInterval)),
        },
        min_rtt_calc_params: {
          interval: msToDuration(durationMs(interval)),
          ...(requestCount !== undefined && { request_count: { value: requestCount } }),
          ...(jitterPercent !== undefined && { jitter: { value: jitterPercent } }),
          ...(minConcurrency !== undefined && { min_concurrency: { value: minConcurrency } }),
          ...(bufferPercent !== undefined && { buffer: { value: bufferPercent } }),
        },
      },
    }),
  };
}

/** The route of a caller with its admission control; as it is where there is none, or where nothing is forwarded. */
export function withAdmissionControl(
  route: Route,
  { admissionControl: control, owners }: Pick<EffectiveTrafficPolicy, 'admissionControl' | 'owners'>,
): Route {
  if (control === null || !route.route) return route;
  const origin = formatPolicyMetadata({ admissionControl: owners.admissionControl });
  return {
    ...route,
    typed_per_filter_config: {
      ...route.typed_per_filter_config,
      [ADMISSION_CONTROL_FILTER]: packedAdmissionControl(control),
    },
    metadata: { filter_metadata: { ...route.metadata?.filter_metadata, ...origin } },
  };
}

export function packedAdmissionControl(control: WrittenAdmissionControl) {
  const { samplingWindow, successRateThreshold, aggression, rpsThreshold, maxRejectionProbability } = control;
  return pack('envoy.extensions.filters.http.admission_control.v3.AdmissionControl', {
    success_criteria: {},
    ...(samplingWindow !== undefined && { sampling_window: msToDuration(durationMs(samplingWindow)) }),
    ...(aggression !== undefined && { aggression: { default_value: aggression } }),
    ...(successRateThreshold !== undefined && { sr_threshold: { default_value: { value: successRateThreshold } } }),
    ...(rpsThreshold !== undefined && { rps_threshold: { default_value: rpsThreshold } }),
    ...(maxRejectionProbability !== undefined && {
      max_rejection_probability: { default_value: { value: maxRejectionProbability } },
    }),
  });
}

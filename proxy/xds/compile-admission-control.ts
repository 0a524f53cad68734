import { unpackAs } from '../../proto/any.ts';
import { timerMs } from '../../proto/duration.ts';
import { ADMISSION_CONTROL_FILTER } from '../../proto/extension-names.ts';
import type { Route__Output } from '../../proto/generated/envoy/config/route/v3/Route.ts';
import { parsePolicyMetadata } from '../../proto/policy-metadata.ts';
import type { AdmissionEnvironment, AdmissionSettings } from '../filter/admission-control.ts';
import { AdmissionControl } from '../filter/admission-control.ts';
import type { RequestFilter } from '../filter/request-filter.ts';
import { SuccessWindow } from '../resilience/success-window.ts';
import type { ActivityMemory } from './compile-activity.ts';
import { activityOf } from './compile-activity.ts';
import { keptState } from './kept-state.ts';

export interface AdmissionMemory extends AdmissionEnvironment, ActivityMemory {
  /** By route and the bytes of the configuration. */
  readonly windows: Map<string, WeakRef<SuccessWindow>>;
  /** Processes among which the requests of a second are divided. */
  readonly limitShare: number;
}

/** Null where the route has none. */
export function compileAdmissionControl(route: Route__Output, memory: AdmissionMemory): RequestFilter | null {
  const packed = route.typed_per_filter_config[ADMISSION_CONTROL_FILTER];
  if (packed === undefined) return null;
  const said = unpackAs('envoy.extensions.filters.http.admission_control.v3.AdmissionControl', packed);
  const settings: AdmissionSettings = {
    windowSeconds: said.sampling_window === null ? 30 : Math.ceil(timerMs(said.sampling_window) / 1000),
    aggression: said.aggression?.default_value ?? 1,
    successThreshold: (said.sr_threshold?.default_value?.value ?? 95) / 100,
    rpsThreshold: (said.rps_threshold?.default_value ?? 0) / memory.limitShare,
    maxRejection: (said.max_rejection_probability?.default_value?.value ?? 80) / 100,
  };
  const destinations = route.route?.weighted_clusters?.clusters.map(({ name }) => name) ?? [route.route?.cluster];
  const key = `${route.name} ${destinations.join()} ${packed.value.toString('base64')}`;
  const window = keptState(memory.windows, key, () => new SuccessWindow(settings.windowSeconds, memory.now()));
  const { admissionControl: origin } = parsePolicyMetadata(route.metadata);
  return new AdmissionControl(settings, window, memory, activityOf(memory, 'admission', route), origin);
}

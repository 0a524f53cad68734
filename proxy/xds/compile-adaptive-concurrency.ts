import { unpackAs } from '../../proto/any.ts';
import type { ProtoDuration } from '../../proto/duration.ts';
import { timerMs } from '../../proto/duration.ts';
import { ADAPTIVE_CONCURRENCY_FILTER } from '../../proto/extension-names.ts';
import type { Route__Output } from '../../proto/generated/envoy/config/route/v3/Route.ts';
import { parsePolicyMetadata } from '../../proto/policy-metadata.ts';
import type { ConcurrencyEnvironment } from '../filter/adaptive-concurrency.ts';
import { AdaptiveConcurrency } from '../filter/adaptive-concurrency.ts';
import type { RequestFilter } from '../filter/request-filter.ts';
import type { GradientSettings } from '../resilience/gradient-controller.ts';
import { GradientController } from '../resilience/gradient-controller.ts';
import type { ActivityMemory } from './compile-activity.ts';
import { activityOf } from './compile-activity.ts';
import { keptState } from './kept-state.ts';

export interface ConcurrencyMemory extends ConcurrencyEnvironment, ActivityMemory {
  /** By destination and the bytes of the configuration. */
  readonly controllers: Map<string, WeakRef<GradientController>>;
  /** Processes among which a limit is divided. */
  readonly limitShare: number;
  random(): number;
}

/** Null where the route has none. */
export function compileAdaptiveConcurrency(route: Route__Output, memory: ConcurrencyMemory): RequestFilter | null {
  const packed = route.typed_per_filter_config[ADAPTIVE_CONCURRENCY_FILTER];
  if (packed === undefined) return null;
  const { gradient_controller_config: config } = unpackAs(
    'envoy.extensions.filters.http.adaptive_concurrency.v3.AdaptiveConcurrency',
    packed,
  );
  const limits = config?.concurrency_limit_params;
  const minRtt = config?.min_rtt_calc_params;
  const share = (limit: number) => Math.ceil(limit / memory.limitShare);
  const settings: GradientSettings = {
    percentile: config?.sample_aggregate_percentile?.value ?? 50,
    maxConcurrency: share(limits?.max_concurrency_limit?.value ?? 1000),
    updateIntervalMs: timerMs(limits?.concurrency_update_interval as ProtoDuration), // validation asks for these two
    minRttIntervalMs: timerMs(minRtt?.interval as ProtoDuration),
    minRttRequests: minRtt?.request_count?.value ?? 50,
    jitter: (minRtt?.jitter?.value ?? 15) / 100,
    minConcurrency: share(minRtt?.min_concurrency?.value ?? 3),
    buffer: (minRtt?.buffer?.value ?? 25) / 100,
  };
  const key = `${route.route?.cluster} ${packed.value.toString('base64')}`;
  const make = () => new GradientController(settings, memory.now(), memory.random);
  const controller = keptState(memory.controllers, key, make);
  const { adaptiveConcurrency: origin } = parsePolicyMetadata(route.metadata);
  return new AdaptiveConcurrency(controller, memory, activityOf(memory, 'concurrency', route), origin);
}
